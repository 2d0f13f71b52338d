import { readdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { applyFiles } from "../../gitops/apply-files.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { JsonObject } from "../../lib/json.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import { good, kindOf, refused } from "./samples.ts";

/** A Kubernetes API with nothing of ours in it yet, and the users below. */
export interface BareApi extends AsyncDisposable {
  as(user: string): Promise<KubeClient>;
}

export const controllerUser = "system:serviceaccount:roster-system:roster-controller";

/** Users that the API must know by a token; groups as the real one gives them. */
export const users = [
  { name: "ana@acme.example", groups: [], token: "token-ana" },
  { name: "approver@acme.example", groups: [], token: "token-approver" },
  {
    name: controllerUser,
    groups: ["system:serviceaccounts", "system:serviceaccounts:roster-system"],
    token: "token-controller",
  },
];

const root = path.join(import.meta.dirname, "../..");
const namespace = "samples";

/**
 * What is shipped does what it says: the same body on the embedded and on the real API. `inCommon` takes out of a refusal
 * what an older server words otherwise.
 */
export function shippedLaws(open: () => Promise<BareApi>, inCommon = (refusal: string) => refusal): void {
  let api: BareApi;
  let admin: KubeClient;

  beforeAll(async () => {
    api = await open();
    admin = await api.as("admin");
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
  });

  const apply = (folder: string, files: readonly string[]) =>
    applyFiles({
      kube: admin,
      files: files.map((file) => path.join(root, folder, file)),
      base: root,
      fieldManager: "test",
    });
  const yamlOf = (folder: string) =>
    readdirSync(path.join(root, folder))
      .filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml")
      .sort();

  it("definitions, installation and demo fleet apply, and applying them again changes nothing", async () => {
    await apply("crds", yamlOf("crds"));
    // The Deployments beside these run containers, which no API server alone can show.
    const install = ["namespace.yaml", "service-accounts.yaml", "rbac.yaml", "admission.yaml"];
    await apply("manifests/install", install);
    const demo = ["namespace.yaml", ...yamlOf("manifests/demo").filter((file) => file !== "namespace.yaml")];
    await apply("manifests/demo", demo);
    const versions = async () => {
      const lists = await Promise.all(
        Object.values(kinds)
          .filter((kind) => kind.group === "roster.dev")
          .map((kind) => admin.list(kind)),
      );
      return lists.flatMap(({ items }) =>
        items.map((item) => `${item.kind}/${item.metadata.name} ${item.metadata.resourceVersion}`),
      );
    };
    // No controller runs here. The first apply after the first stores what the definitions say of an untouched status.
    await apply("manifests/demo", demo);
    const before = await versions();
    expect(before.length).toBeGreaterThan(8);
    await apply("manifests/demo", demo);
    expect(await versions()).toEqual(before);
    await admin.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  });

  const createdBy = (object: Resource) => (object.kind === "AgentApproval" ? controllerUser : "admin");
  const grantController = () =>
    admin.raw("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: "test-controller" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: controllerUser }],
    });

  it("a full object of each kind is accepted and comes back as it was written", async () => {
    await grantController();
    for (const object of good) {
      const client = await api.as(createdBy(object));
      const stored = await client.create(kindOf(object), object, { fieldValidation: "Strict" });
      expect(stored, object.kind).toMatchObject({ spec: object.spec });
      if (object.kind === "AgentRun" || object.kind === "AgentApproval") continue;
      // kstatus would take it for finished otherwise, before anybody has looked at it.
      const live = await client.get(kindOf(object), object.metadata.name, object.metadata.namespace);
      expect(live, object.kind).toMatchObject({ spec: object.spec, status: { observedGeneration: -1 } });
    }
  });

  describe("the definitions refuse", () => {
    for (const { why, object, before, says } of refused) {
      it(why, async () => {
        if (before) await admin.create(kindOf(before), before, { dryRun: false });
        const attempt = before
          ? admin.mergePatch(kindOf(object), object.metadata.name, namespace, replacing(before, object))
          : admin.create(kindOf(object), object, { fieldValidation: "Strict" });
        expect(inCommon(await wordsOf(attempt))).toBe(inCommon(says));
      });
    }
  });

  const run = (spec: JsonObject, metadata: JsonObject = {}) => ({
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentRun",
    metadata: { generateName: "try-", name: "", namespace: "acme", ...metadata },
    spec: { bindingRef: { name: "tess-ana" }, ...spec },
  });
  const ana = "ana@acme.example";
  const attempts: Readonly<Record<string, readonly [user: string, object: ReturnType<typeof run>, says: string]>> = {
    "Ana runs her own agent": [ana, run({ requestedBy: ana }), "accepted"],
    "Ana does not run Ben's": [
      ana,
      run({ requestedBy: ana, bindingRef: { name: "tess-ben" } }),
      "may not run AgentBinding tess-ben: the verb run on it is missing",
    ],
    "Ana does not ask in another's name": [
      ana,
      run({ requestedBy: "ben@acme.example" }),
      "must be the user who creates the AgentRun, ana@acme.example",
    ],
    "nobody forges a run id": ["admin", run({ requestedBy: "admin", runID: "r" }), "spec.runID is set by Roster only"],
    "nobody forges an origin": [
      "admin",
      run({ requestedBy: "admin", origin: { type: "Schedule" } }),
      "spec.origin other than a plain Person",
    ],
    "nobody hides an origin in a Person": [
      "admin",
      run({ requestedBy: "admin", origin: { type: "Person", trigger: "t" } }),
      "spec.origin other than a plain Person",
    ],
    "nobody forges the stamp": [
      "admin",
      run({ requestedBy: "admin" }, { annotations: { "roster.dev/admitted": "r" } }),
      "roster.dev/admitted is set by Roster only",
    ],
    "no sync manages a run": [
      "admin",
      run({ requestedBy: "admin" }, { labels: { "argocd.argoproj.io/instance": "app" } }),
      "cannot be managed by GitOps",
    ],
    "the controller shows a scheduled run": [
      controllerUser,
      run({ runID: "r", origin: { type: "Schedule", trigger: "daily" } }),
      "accepted",
    ],
  };
  describe("who may ask for a run", () => {
    for (const [why, [user, object, says]] of Object.entries(attempts)) {
      it(why, async () => {
        const client = await api.as(user);
        const { name: _, ...metadata } = object.metadata;
        const path = "/apis/roster.dev/v1alpha1/namespaces/acme/agentruns";
        expect(await wordsOf(client.raw("POST", path, { ...object, metadata }))).toContain(says);
      });
    }
  });

  const sha = "0".repeat(64);
  const approver = "approver@acme.example";
  // In this order: the last but one decides, and the last finds that it was decided.
  const decisions: Readonly<Record<string, readonly [user: string, decision: JsonObject, says: string]>> = {
    "not in another's name": [approver, { by: ana }, "spec.decision.by must be the user who decides"],
    "not on another digest": [approver, { sha256: "1".repeat(64) }, "spec.decision.sha256 is not that of the request"],
    "not by a service account": [controllerUser, {}, "service accounts may not decide"],
    "not by whom the request excludes, an administrator included": ["admin", {}, "this user is excluded"],
    "not without the right to write": [ana, {}, "cannot patch resource"],
    "by an approver of the role": [approver, {}, "accepted"],
    "and not a second time": [approver, { verdict: "Reject" }, "decision is written once"],
  };
  describe("who may decide", () => {
    for (const [why, [user, decision, says]] of Object.entries(decisions)) {
      it(why, async () => {
        await ensureApproval();
        const client = await api.as(user);
        const patch = { spec: { decision: { verdict: "Approve", by: user, sha256: sha, ...decision } } };
        const decided = client.mergePatch(kinds.AgentApproval, "decide", "acme", patch);
        expect(await wordsOf(decided)).toContain(says);
      });
    }
  });

  async function ensureApproval(): Promise<void> {
    const sample = good.find((object) => object.kind === "AgentApproval");
    const client = await api.as(controllerUser);
    if (!sample || (await client.find(kinds.AgentApproval, "decide", "acme"))) return;
    const { approvers: _, ...request } = sample.spec.request as JsonObject;
    const asked = { ...request, role: "executive-assistant", excluded: ["admin"] };
    const object = { ...sample, metadata: { name: "decide", namespace: "acme" }, spec: { request: asked } };
    await client.create(kinds.AgentApproval, object);
  }
}

/** "accepted", or the message of the server's Status. */
async function wordsOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "accepted";
  } catch (thrown) {
    const said = thrown instanceof Problem ? thrown.details.message : undefined;
    return typeof said === "string" ? said : messageOf(thrown);
  }
}

/** A merge patch that makes the spec of one object that of the other. */
function replacing(before: Resource, after: Resource): JsonObject {
  const from = (before as unknown as { spec: JsonObject }).spec;
  const to = (after as unknown as { spec: JsonObject }).spec;
  return { spec: difference(from, to) };
}

function difference(from: JsonObject, to: JsonObject): JsonObject {
  const result: Record<string, JsonObject[string]> = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [a, b] = [from[key], to[key]];
    if (b === undefined) result[key] = null;
    else if (JSON.stringify(a) !== JSON.stringify(b)) result[key] = isPlain(a) && isPlain(b) ? difference(a, b) : b;
  }
  return result;
}

function isPlain(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
