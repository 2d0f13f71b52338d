import { execFile, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster, widgets } from "./kit.ts";

const run = promisify(execFile);
const found = spawnSync("kubectl", ["version", "--client"]).status === 0;
if (!found) process.stderr.write("kubectl is not on the PATH: its tests are left out. Install kubectl to run them.\n");

let cluster: Cluster;
let home: string;

async function kubectl(...args: string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: join(home, "kubeconfig"), HOME: home };
  const { stdout, stderr } = await run("kubectl", args, { env });
  return stdout + stderr;
}

async function write(name: string, object: object): Promise<string> {
  const path = join(home, name);
  await writeFile(path, JSON.stringify(object));
  return path;
}

const widget = (spec: object) => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name: "w", namespace: "default" },
  spec,
});

describe.skipIf(!found)("an unmodified kubectl", () => {
  beforeAll(async () => {
    cluster = await startCluster({ crds: [widgets] });
    home = cluster.dataDir;
    await write("kubeconfig", {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "c",
          cluster: {
            server: cluster.server.url,
            "certificate-authority-data": Buffer.from(cluster.server.caPem).toString("base64"),
          },
        },
      ],
      users: [{ name: "u", user: { token: "admin-token" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    });
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  it("applies, gets, changes and deletes objects of a custom kind", async () => {
    const path = await write("w.json", widget({ colour: "red", size: 1 }));
    expect(await kubectl("apply", "-f", path)).toBe("widget.example.com/w created\n");
    expect(await kubectl("apply", "-f", path)).toBe("widget.example.com/w unchanged\n");
    expect(await kubectl("get", "wg", "-o", "wide")).toBe("NAME   COLOUR   SIZE\nw      red      1\n");
    await write("w.json", widget({ size: 2 }));
    expect(await kubectl("apply", "-f", path)).toBe("widget.example.com/w configured\n");
    expect(await kubectl("get", "widget", "w", "-o", "jsonpath={.spec}")).toBe('{"colour":"red","size":2}');
    expect(
      await kubectl("patch", "wg", "w", "--type=merge", "--subresource=status", "-p", '{"status":{"seen":3}}'),
    ).toContain("patched");
    expect(await kubectl("wait", "wg/w", "--for=jsonpath={.status.seen}=3", "--timeout=20s")).toContain(
      "condition met",
    );
    expect(await kubectl("describe", "wg", "w")).toMatch(/Seen:\s+3/);
    expect(await kubectl("delete", "wg", "w")).toContain('"w" deleted');
    await expect(kubectl("get", "wg", "w")).rejects.toThrow(/widgets.example.com "w" not found/);
  });

  it("applies on the server's side, and is told of conflicts", async () => {
    const path = await write("ssa.json", widget({ colour: "blue" }));
    expect(await kubectl("apply", "--server-side", "-f", path)).toContain("serverside-applied");
    await write("ssa.json", widget({ colour: "green" }));
    await expect(kubectl("apply", "--server-side", "--field-manager=other", "-f", path)).rejects.toThrow(
      /conflict with "kubectl"/,
    );
    await expect(kubectl("diff", "-f", path)).rejects.toMatchObject({
      stdout: expect.stringMatching(/\+ {2}colour: green/),
    });
  });

  it("explains a kind from its schema, and finds unknown fields before it sends them", async () => {
    expect(await kubectl("explain", "widget.spec")).toMatch(/colour\t<string>/);
    expect(await kubectl("explain", "configmap.data")).toMatch(/FIELD: data <map\[string\]string>/);
    const path = await write("bad.json", widget({ colur: "blue" }));
    await expect(kubectl("apply", "-f", path)).rejects.toThrow(/unknown field "spec.colur"/);
  });

  it("says of a kind that nobody installed what is to be done", async () => {
    const path = await write("none.json", {
      apiVersion: "nobody.example/v1",
      kind: "Nothing",
      metadata: { name: "n" },
    });
    await expect(kubectl("apply", "-f", path)).rejects.toThrow(
      /no matches for kind "Nothing" in version "nobody.example\/v1"\nensure CRDs are installed first/,
    );
  });

  it("creates core kinds, which it sends as protobuf", async () => {
    expect(await kubectl("create", "namespace", "proto")).toBe("namespace/proto created\n");
    expect(await kubectl("create", "configmap", "c", "-n", "proto", "--from-literal=a=b")).toBe(
      "configmap/c created\n",
    );
    expect(await kubectl("create", "secret", "generic", "s", "-n", "proto", "--from-literal=p=q")).toBe(
      "secret/s created\n",
    );
    expect(await kubectl("get", "secret", "s", "-n", "proto", "-o", "jsonpath={.data.p} {.type}")).toBe("cQ== Opaque");
    expect(await kubectl("create", "serviceaccount", "bot", "-n", "proto")).toBe("serviceaccount/bot created\n");
    expect((await kubectl("create", "token", "bot", "-n", "proto")).split(".")).toHaveLength(3);
    await kubectl("create", "role", "r", "-n", "proto", "--verb=get", "--resource=configmaps", "--resource-name=c");
    await kubectl("create", "rolebinding", "rb", "-n", "proto", "--role=r", "--serviceaccount=proto:bot");
    const as = "--as=system:serviceaccount:proto:bot";
    expect(await kubectl("auth", "can-i", "get", "configmaps/c", "-n", "proto", as)).toBe("yes\n");
    expect(await kubectl("get", "cm", "c", "-n", "proto", "-o", "jsonpath={.data.a}", as)).toBe("b");
    expect(await kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")).toBe("admin");
    expect(await kubectl("delete", "namespace", "proto")).toContain("deleted");
  });

  it("installs definitions of other people and waits for them", async () => {
    const crd = structuredClone(widgets);
    crd.metadata.name = "others.example.com";
    crd.spec.names = { plural: "others", singular: "other", kind: "Other", listKind: "OtherList", shortNames: [] };
    const path = await write("crd.json", crd);
    expect(await kubectl("apply", "-f", path)).toContain("created");
    expect(await kubectl("wait", "--for=condition=Established", "crd/others.example.com", "--timeout=20s")).toContain(
      "condition met",
    );
    expect(await kubectl("get", "others")).toContain("No resources found");
    expect(await kubectl("delete", "-f", path)).toContain("deleted");
  });
});
