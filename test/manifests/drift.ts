import path from "node:path";
import { expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { until } from "../e2e/fleet.ts";
import { good, kindOf } from "./samples.ts";

/** A Kubernetes API with a running controller, and kubectl beside it. */
export interface DriftWorld {
  readonly admin: KubeClient;
  /** Runs kubectl as the administrator; throws with what it said when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
}

type Live = Stored & {
  readonly spec: unknown;
  readonly status?: { readonly observedGeneration?: number };
};

// Runs, approvals and stops are made by people and controllers at work; the rest is in git.
const inGit = good.filter(({ kind }) => !["AgentRun", "AgentApproval", "AgentStop"].includes(kind));
const crds = path.join(import.meta.dirname, "../../crds");
const named = (object: Resource) => `${object.kind}/${object.metadata.name}`;

/** How a change comes from git, and how one sees that nothing differs. */
const ways: Readonly<Record<string, { readonly apply: readonly string[]; readonly diff: readonly string[] }>> = {
  "kubectl apply": { apply: ["apply"], diff: ["diff"] },
  "server-side apply, as Flux, Argo CD and roster sync do it": {
    apply: ["apply", "--server-side", "--field-manager=roster-sync", "--force-conflicts"],
    diff: ["diff", "--server-side", "--field-manager=roster-sync", "--force-conflicts"],
  },
};

/** Git equals live after every apply, whoever applies, once the controller has done its work. */
export function driftLaws(world: () => DriftWorld): void {
  for (const [way, { apply, diff }] of Object.entries(ways)) {
    const namespace = `drift-${apply.length}`;
    const desired = inGit.map((object) => inNamespace(object, namespace));
    const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: desired });
    const readAll = () =>
      Promise.all(
        desired.map((object) =>
          world().admin.get<Live>(kindOf(object), object.metadata.name, object.metadata.namespace),
        ),
      );
    const settled = () =>
      until(async () => {
        const live = await readAll();
        return live.every(({ metadata, status }) => status?.observedGeneration === metadata.generation)
          ? live
          : undefined;
      });

    it(`${way}: each kind is shown as not looked at until it is, and then every field is as it is in git`, async () => {
      const { admin, kubectl } = world();
      await admin.create(kinds.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      const said = await kubectl([...apply, "-f", "-"], text);
      expect(said.trim().split("\n")).toHaveLength(desired.length);
      for (const [index, live] of (await settled()).entries()) {
        const { metadata, spec } = desired[index] as Live;
        expect(live.spec, named(live)).toEqual(spec);
        expect(live.metadata, named(live)).toMatchObject(metadata);
      }
    });

    it(`${way}: the controller writes finalizers and status, and nothing else`, async () => {
      for (const { metadata, kind } of await readAll()) {
        expect(metadata.labels, kind).toBeUndefined();
        expect(Object.keys(metadata.annotations ?? {}), kind).toEqual(
          apply.length === 1 ? ["kubectl.kubernetes.io/last-applied-configuration"] : [],
        );
        const managed = (metadata.managedFields ?? []) as readonly {
          readonly manager: string;
          readonly subresource?: string;
          readonly fieldsV1: Readonly<Record<string, object>>;
        }[];
        const byController = managed.filter(({ manager }) => manager === "roster-controller");
        expect(byController.length, kind).toBeGreaterThan(0);
        for (const { subresource, fieldsV1 } of byController) {
          const fields = subresource === "status" ? ["f:status"] : ["f:metadata"];
          expect(Object.keys(fieldsV1), kind).toEqual(fields);
          if (!subresource) expect(Object.keys(fieldsV1["f:metadata"]!), kind).toEqual(["f:finalizers"]);
        }
      }
    });

    it(`${way}: kubectl diff finds no difference, and a second apply changes nothing`, async () => {
      const { kubectl } = world();
      const versions = (live: readonly Live[]) =>
        live.map((one) => `${named(one)} ${one.metadata.generation} ${one.metadata.resourceVersion}`);
      const before = versions(await readAll());
      expect(await kubectl([...diff, "-f", "-"], text)).toBe("");
      await kubectl([...apply, "-f", "-"], text);
      expect(versions(await readAll())).toEqual(before);
    });
  }

  for (const [way, { apply }] of Object.entries(ways)) {
    it(`${way}: the definitions in crds/, over live objects, a second time change nothing`, async () => {
      const { admin, kubectl } = world();
      const versions = async () =>
        (
          await admin.list(kinds.CustomResourceDefinition, { labelSelector: "app.kubernetes.io/part-of=roster" })
        ).items.map(({ metadata }) => `${metadata.name} ${metadata.generation} ${metadata.resourceVersion}`);
      await kubectl([...apply, "-f", crds]);
      const before = await versions();
      const said = (await kubectl([...apply, "-f", crds])).trim().split("\n");
      expect(said).toHaveLength(before.length);
      if (apply.length === 1) expect(said.filter((line) => !line.endsWith(" unchanged"))).toEqual([]);
      expect(await versions()).toEqual(before);
    });
  }

  it("an older definition's objects are as they were after an upgrade, and what is new can be used", async () => {
    const { admin, kubectl } = world();
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/agentbudgets.roster.dev";
    const before = await admin.get<Live>(kinds.AgentBudget, "sales", "drift-1");
    const definition = await admin.raw<Definition>("GET", path);
    const newer = structuredClone(definition);
    const spec = newer.spec.versions[0]!.schema.openAPIV3Schema.properties.spec;
    spec.properties.purpose = { type: "string", maxLength: 64, description: "What it is for." };
    const put = (next: Definition) => kubectl(["replace", "-f", "-"], JSON.stringify(next));
    await put(newer);
    try {
      const after = await until(async () => {
        const patched = await admin
          .mergePatch<Live>(
            kinds.AgentBudget,
            "sales",
            "drift-1",
            { spec: { purpose: "sales" } },
            { fieldValidation: "Strict" },
          )
          .catch(() => undefined);
        return patched;
      });
      expect(after.spec).toEqual({ ...(before.spec as object), purpose: "sales" });
      expect(after.metadata).toMatchObject({ uid: before.metadata.uid, generation: before.metadata.generation! + 1 });
      await until(async () => {
        const live = await admin.get<Live>(kinds.AgentBudget, "sales", "drift-1");
        return live.status?.observedGeneration === live.metadata.generation ? live : undefined;
      });
    } finally {
      const latest = await admin.raw<Definition>("GET", path);
      await put({ ...definition, metadata: latest.metadata });
    }
  });

  it("what git no longer has goes, and leaves nothing", async () => {
    const { admin, kubectl } = world();
    const namespaces = Object.values(ways).map(({ apply }) => `drift-${apply.length}`);
    await kubectl(["delete", "--wait=false", "modeltiers", ...namespaces]);
    await kubectl(["annotate", "namespace", ...namespaces, "roster.dev/release-deletion=true"]);
    await kubectl(["delete", "namespace", ...namespaces, "--timeout=60s"]);
    expect(await admin.find(kinds.ModelTier, namespaces[0]!)).toBeUndefined();
  });
}

interface Definition {
  readonly metadata: object;
  readonly spec: {
    readonly versions: readonly {
      readonly schema: {
        readonly openAPIV3Schema: { readonly properties: { readonly spec: { properties: Record<string, object> } } };
      };
    }[];
  };
}

function inNamespace(object: Resource, namespace: string): Resource {
  if (!kindOf(object).namespaced) return { ...object, metadata: { ...object.metadata, name: namespace } };
  return { ...object, metadata: { ...object.metadata, namespace } };
}
