import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../lib/clock.ts";
import { exitCodes, explain } from "./exit.ts";
import { askGateway, type GatewayFlags } from "./gateway-client.ts";
import type { Io } from "./io.ts";

const folder = mkdtempSync(path.join(tmpdir(), "roster-gateway-client-"));
const heard: (string | undefined)[] = [];
const server = createServer((request, response) => {
  heard.push(request.headers.authorization);
  response.end("{}");
});
let port: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  writeFileSync(path.join(folder, "token"), "of-a-service-account\n");
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

let said = "";
const ioWith = (env: Io["env"]): Io => ({
  env,
  cwd: folder,
  clock: systemClock,
  terminal: false,
  out() {},
  err: (text) => (said += text),
  answerNo() {},
});

/** Asks as the user of a kubeconfig; answers the exit code that a person sees, with what was said in `said`. */
async function ask(user: object, flags: GatewayFlags, env: Io["env"] = {}): Promise<number> {
  const kubeconfig = path.join(folder, "kubeconfig");
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "u", user }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    }),
  );
  heard.length = 0;
  said = "";
  const io = ioWith(env);
  return askGateway("/v1/ledger", { connection: { kubeconfig }, flags, io }).then(
    () => exitCodes.done,
    (thrown: unknown) => explain(thrown, io),
  );
}

const here = () => `http://127.0.0.1:${port}`;
const certificate = { "client-certificate-data": "", "client-key-data": "" };

describe("who asks the gateway", () => {
  it("is whom the kubeconfig's token names", async () => {
    expect(await ask({ token: "of-ana" }, { gateway: here() })).toBe(exitCodes.done);
    expect(heard).toEqual(["Bearer of-ana"]);
  });

  it("is whom the given file's token names, also where the kubeconfig has one", async () => {
    expect(await ask(certificate, { gateway: here(), tokenFile: "token" })).toBe(exitCodes.done);
    const env = { ROSTER_TOKEN_FILE: path.join(folder, "token"), ROSTER_GATEWAY_URL: here() };
    expect(await ask({ token: "of-ana" }, {}, env)).toBe(exitCodes.done);
    expect(heard).toEqual(["Bearer of-a-service-account"]);
  });

  for (const [what, user] of Object.entries({ "a client certificate": certificate, "a password": { username: "ana" } }))
    it(`cannot be told by ${what}, and is told what can`, async () => {
      expect(await ask(user, { gateway: here() })).toBe(exitCodes.notAllowed);
      expect(said).toMatch(/kubectl create token .*--token-file or ROSTER_TOKEN_FILE/);
      expect(heard).toEqual([]);
    });

  it("is told which file cannot be read", async () => {
    expect(await ask(certificate, { gateway: here(), tokenFile: "nowhere" })).toBe(exitCodes.invalid);
    expect(said).toMatch(/--token-file or ROSTER_TOKEN_FILE: cannot read ".*nowhere"/);
  });
});

describe("where a person's token goes", () => {
  const refused = [
    "http://roster-gateway.roster-system.svc:7480",
    "http://10.0.0.1:7480",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://127.0.0.1@gateway.example.com/",
  ];
  for (const gateway of refused)
    it(`is not ${gateway}`, async () => {
      expect(await ask({ token: "of-ana" }, { gateway })).toBe(exitCodes.invalid);
      expect(said).toMatch(/plain HTTP.*port-forward.*--gateway http:\/\/127\.0\.0\.1:7480/);
    });

  it("is this machine by any of its names", async () => {
    for (const host of ["localhost", "127.1", "127.0.0.1"])
      expect(await ask({ token: "of-ana" }, { gateway: `http://${host}:${port}` })).toBe(exitCodes.done);
  });

  it("is an http or https URL", async () => {
    for (const gateway of ["gateway", "ftp://127.0.0.1", "127.0.0.1:7480"]) {
      expect(await ask({ token: "of-ana" }, { gateway })).toBe(exitCodes.invalid);
      expect(said).toContain("is not an http or https URL");
    }
  });
});

it("a gateway that cannot be reached is not taken for the Kubernetes API", async () => {
  expect(await ask({ token: "of-ana" }, { gateway: "http://127.0.0.1:1" })).toBe(exitCodes.unreachable);
  expect(said).toMatch(/the gateway at http:\/\/127\.0\.0\.1:1 cannot be reached: .*\n.*ingress.*port-forward/);
  expect(said).not.toContain("Kubernetes API");
});
