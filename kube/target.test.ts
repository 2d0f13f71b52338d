import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fakeClock } from "../test/kit/fake-clock.ts";
import { resolveTarget } from "./target.ts";

const folder = mkdtempSync(join(tmpdir(), "roster-kubeconfig-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const clock = fakeClock(0);
const base64 = (text: string) => Buffer.from(text).toString("base64");

function write(name: string, user: object, cluster: object = {}, context: object = {}): string {
  const path = join(folder, name);
  // JSON is YAML.
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "c", user: "u", ...context } }],
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1", ...cluster } }],
    users: [{ name: "u", user }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

describe("a kubeconfig", () => {
  it("gives a token, a CA and a client certificate, inline or beside the file", async () => {
    writeFileSync(join(folder, "cert.pem"), "CERT");
    const user = { token: "t", "client-certificate": "cert.pem", "client-key-data": base64("KEY") };
    const kubeconfig = write("a", user, { "certificate-authority-data": base64("CA"), "tls-server-name": "k8s" });
    const target = await resolveTarget({ kubeconfig }, clock);
    expect(target.tls).toEqual({ ca: "CA", cert: "CERT", key: "KEY", servername: "k8s", rejectUnauthorized: true });
    expect(await target.identify()).toEqual({ authorization: "Bearer t" });
  });

  it("reads a token file again after a minute, because kubelets renew it", async () => {
    const file = join(folder, "token");
    writeFileSync(file, "one\n");
    const target = await resolveTarget({ kubeconfig: write("b", { tokenFile: "token" }) }, clock);
    expect(await target.identify()).toEqual({ authorization: "Bearer one" });
    writeFileSync(file, "two\n");
    expect(await target.identify()).toEqual({ authorization: "Bearer one" });
    await clock.advance(60_001);
    expect(await target.identify()).toEqual({ authorization: "Bearer two" });
  });

  it("asks a credential helper", async () => {
    const credential = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "from-helper" },
    };
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: ["-e", `console.log(${JSON.stringify(JSON.stringify(credential))})`],
      interactiveMode: "Never",
    };
    const target = await resolveTarget({ kubeconfig: write("c", { exec }) }, clock);
    expect(await target.identify()).toEqual({ authorization: "Bearer from-helper" });
  });

  it("says so when a helper fails", async () => {
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: ["-e", "process.exit(3)"],
      interactiveMode: "Never",
    };
    await expect(resolveTarget({ kubeconfig: write("d", { exec }) }, clock)).rejects.toMatchObject({
      reason: "Unauthenticated",
    });
  });

  it("impersonates where it says so", async () => {
    const target = await resolveTarget(
      { kubeconfig: write("e", { token: "t", as: "ana", "as-groups": ["a", "b"] }) },
      clock,
    );
    expect(await target.identify()).toEqual({
      authorization: "Bearer t",
      "impersonate-user": "ana",
      "impersonate-group": ["a", "b"],
    });
  });

  it("is completed by a second one", async () => {
    const first = join(folder, "first");
    writeFileSync(first, JSON.stringify({ "current-context": "here" }));
    const target = await resolveTarget({ kubeconfig: `${first}:${write("f", { token: "t" })}` }, clock);
    expect(target.server).toBe("https://127.0.0.1:1");
  });

  const bad = {
    "a missing file": () => join(folder, "nowhere"),
    "a context that is not there": () => write("g", {}),
    "a user that is not there": () => write("h", {}, {}, { user: "nobody" }),
    "no server": () => write("i", {}, { server: "" }),
  };
  for (const [what, path] of Object.entries(bad)) {
    it(`with ${what} is refused, naming the file`, async () => {
      const kubeconfig = path();
      const context = what.startsWith("a context") ? { context: "elsewhere" } : {};
      await expect(resolveTarget({ kubeconfig, ...context }, clock)).rejects.toMatchObject({
        reason: "InvalidRequest",
        message: expect.stringContaining(folder),
      });
    });
  }
});
