import { cpSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import { kinds } from "../../api/kinds.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Place, type Up, until } from "../e2e/fleet.ts";

let place: Place;
let up: Up;
let admin: KubeClient;

beforeAll(async () => {
  place = new Place();
  up = await place.up().ready();
  await up.line(/done {3}tess-ana-first/);
  admin = await up.as("admin");
});
afterAll(async () => {
  await admin?.[Symbol.asyncDispose]();
  await up?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
});

const bindings = async () => (await admin.list<Stored<AgentBinding>>(kinds.AgentBinding, { namespace: "acme" })).items;

it("says what it would do, and does nothing before a person said so", async () => {
  const dry = await place.roster(["uninstall", "--dry-run"]);
  expect(dry).toMatchObject({ code: 0, stdout: "" });
  expect(dry.stderr).toContain("npm start -- --reset");
  expect(dry.stderr).toMatch(/Found: 3 AgentBindings, 2 AgentTriggers/);
  const nobody = await place.roster(["uninstall"]);
  expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining("say --yes") });
  expect(await bindings()).toHaveLength(3);
  expect((await place.roster(["uninstall", "--yes", "--timeout", "soon"])).code).toBe(2);
});

it("an issuer that does not answer holds it up until time is over; what was done stays done", async () => {
  await admin.create(kinds.Secret, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "eve-mail",
      namespace: "acme",
      annotations: { "roster.dev/allowed-origins": "http://127.0.0.1:1", "roster.dev/subject": "eve@acme.example" },
    },
    type: "roster.dev/credential",
    data: { token: Buffer.from("eve").toString("base64") },
  } as Resource);
  await admin.create(kinds.AgentBinding, {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentBinding",
    metadata: { name: "tess-eve", namespace: "acme" },
    spec: {
      roleRef: { name: "executive-assistant" },
      subject: { kind: "User", name: "eve@acme.example" },
      credentials: [
        {
          server: "mail",
          secretRef: { name: "eve-mail", key: "token" },
          revocation: { type: "RFC7009", url: "http://127.0.0.1:1/revoke" },
        },
      ],
    },
  } as Resource);
  await until(async () => (await bindings()).find((one) => one.metadata.name === "tess-eve" && one.status?.accountID));
  const late = await place.roster(["uninstall", "--yes", "--timeout", "8s"]);
  expect(late.code).toBe(1);
  expect(late.stdout).toContain("suspending 2 triggers");
  expect(late.stdout).toContain("firing 4 agents");
  expect(late.stderr).toMatch(/not done in time: 3 of 4 agents gone; 1 revoked, .*mail.*\n.*goes on from there/);
  expect((await bindings()).map((one) => one.metadata.name)).toEqual(["tess-eve"]);
  const list = await place.roster(["offboarding", "ls", "-A"]);
  expect(list.stdout).toMatch(/acme +tess-eve +mail +Pending/);
  const { metadata } = await admin.get(kinds.Namespace, "acme");
  expect(metadata.annotations?.["roster.dev/release-deletion"]).toBeUndefined();
});

it("run again it goes on, and nothing of Roster is left in the API", async () => {
  // The issuer's Secret is let go when its binding says that nobody need be told.
  const [eve] = await bindings();
  await admin.mergePatch(kinds.AgentBinding, "tess-eve", "acme", {
    metadata: { uid: eve!.metadata.uid, finalizers: null },
  });
  const done = await place.roster(["uninstall", "--yes", "--timeout", "50s"]);
  expect(done, done.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("Roster is uninstalled") });
  const definitions = await admin.list<Resource & { spec: { group: string } }>(kinds.CustomResourceDefinition);
  expect(definitions.items.filter(({ spec }) => spec.group === "roster.dev")).toEqual([]);
  const policies = await admin.list(kinds.ValidatingAdmissionPolicy);
  expect(policies.items).toEqual([]);
  const roles = await admin.raw<{ items: readonly Resource[] }>(
    "GET",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  );
  expect(roles.items.filter(({ metadata }) => metadata.name.startsWith("roster-"))).toEqual([]);
  expect(await admin.find(kinds.Namespace, "roster-system")).toBeUndefined();
  // The credential is the person's, not Roster's; only our hold on it is gone.
  const secret = await admin.get(kinds.Secret, "ana-office", "acme");
  expect(secret.metadata.finalizers ?? []).toEqual([]);
  const again = await place.roster(["uninstall", "--yes"]);
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("Found: no fleet") });
});

it("the next start installs it anew on the same ledger", async () => {
  await admin[Symbol.asyncDispose]();
  up.kill("SIGTERM");
  await up.exited;
  // The sync does not bring back what was deleted by hand; a changed file does.
  const demo = path.join(import.meta.dirname, "../../manifests/demo");
  cpSync(demo, place.manifests, { recursive: true });
  up = await place.up().ready();
  admin = await up.as("admin");
  expect((await place.roster(["ledger", "status", "-o", "json"])).stdout).toContain('"Paired"');
});

it("without a controller it refuses, and with --force it says what stays in force", async () => {
  const rights = "/apis/rbac.authorization.k8s.io/v1";
  await admin.create(kinds.AgentBinding, {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentBinding",
    metadata: { name: "left", namespace: "acme", finalizers: ["roster.dev/offboarding"] },
    spec: {
      roleRef: { name: "nobody" },
      subject: { kind: "User", name: "left@acme.example" },
      credentials: [{ server: "mail", secretRef: { name: "left-mail", key: "token" } }],
    },
  } as Resource);
  await admin.raw("DELETE", `${rights}/clusterrolebindings/roster-controller`);
  // The one by which it would renew its Lease, each ten seconds.
  await admin.raw("DELETE", `${rights}/namespaces/roster-system/rolebindings/roster-controller`);
  // A controller that may do nothing is as good as none; its Lease says since when.
  await admin.mergePatch(kinds.Lease, "roster-controller", "roster-system", {
    spec: { renewTime: "2026-01-01T00:00:00.000000Z" },
  });
  await until(async () => {
    const { metadata, spec } = await admin.get<Stored & { spec: { renewTime: string } }>(
      kinds.Lease,
      "roster-controller",
      "roster-system",
    );
    return metadata.uid && spec.renewTime.startsWith("2026-01-01") ? true : undefined;
  });
  const refused = await place.roster(["uninstall", "--yes"]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("no controller is at work") });
  const forced = await place.roster(["uninstall", "--yes", "--force", "--timeout", "50s"]);
  expect(forced, forced.stderr).toMatchObject({ code: 0 });
  expect(forced.stderr).toMatch(
    /Stays in force until somebody revokes it by hand:[\s\S]*acme\/left: .*mail \(Secret "left-mail"\)/,
  );
});
