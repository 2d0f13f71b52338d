import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Resource } from "../../api/resource.ts";
import { isObject } from "../../lib/json.ts";

const root = path.join(import.meta.dirname, "../..");
const found = spawnSync("kubectl", ["version", "--client"]).status === 0;
if (!found) process.stdout.write("skipped: what the kustomizations hold: kubectl is not on the PATH\n");

type Container = {
  readonly name: string;
  readonly resources?: { readonly requests?: object; readonly limits?: Readonly<Record<string, string>> };
  readonly env?: readonly { readonly name: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
};
type Deployment = Resource & {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly automountServiceAccountToken?: boolean;
        readonly serviceAccountName?: string;
        readonly topologySpreadConstraints?: readonly object[];
        readonly containers: readonly Container[];
        readonly volumes?: readonly Readonly<Record<string, object | string>>[];
      };
    };
  };
};

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
}
type NetworkPolicy = Resource & {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly string[];
    readonly egress?: readonly { readonly to?: readonly object[]; readonly ports?: readonly { port: number }[] }[];
  };
};

/** Whether a policy is about the pods with these labels. Operators other than In are not used. */
function selects({ spec: { podSelector } }: NetworkPolicy, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = podSelector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ""))
  );
}

const built = new Map<string, readonly Resource[]>();
function build(folder: string): readonly Resource[] {
  const known = built.get(folder);
  if (known) return known;
  const text = execFileSync("kubectl", ["kustomize", path.join(root, folder)], { encoding: "utf8" });
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Resource);
  built.set(folder, objects);
  return objects;
}
/** A folder with something over it, as a reader's overlay has. Kustomize takes bases by relative path only. */
function overlaid(folder: string, over: object): readonly Resource[] {
  mkdirSync(path.join(root, ".roster"), { recursive: true });
  const own = mkdtempSync(path.join(root, ".roster", "overlay-"));
  try {
    writeFileSync(
      path.join(own, "kustomization.yaml"),
      JSON.stringify({ resources: [path.relative(own, path.join(root, folder))], ...over }),
    );
    return build(path.relative(root, own));
  } finally {
    rmSync(own, { recursive: true });
  }
}
const ids = (objects: readonly Resource[]) => objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
const clusterScoped = /^(Cluster|CustomResource|Namespace$|ValidatingAdmission|ModelTier)/;

describe.skipIf(!found)("the kustomizations", () => {
  it("each can be built", () => {
    const folders = ["crds", "manifests"].flatMap((folder) => [
      folder,
      ...readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" }).map((one) => `${folder}/${one}`),
    ]);
    const all = folders
      .filter((folder) =>
        ["kustomization.yaml", "Kustomization"].some((file) => existsSync(path.join(root, folder, file))),
      )
      // A component changes what others bring.
      .filter((folder) => !folder.startsWith("manifests/components/"));
    expect(all.length).toBeGreaterThan(6);
    for (const folder of all) expect(build(folder).length, folder).toBeGreaterThan(3);
  });

  it("with Roles alone: nothing is cluster-scoped but what a cluster administrator installs apart", () => {
    const cluster = build("manifests/overlays/namespaced/cluster");
    const home = build("manifests/overlays/namespaced");
    const fleet = build("manifests/overlays/namespaced/fleet");
    expect([...home, ...fleet].map(({ kind }) => kind).filter((kind) => clusterScoped.test(kind))).toEqual([]);
    expect(cluster.map(({ kind }) => kind).filter((kind) => !clusterScoped.test(kind))).toEqual([]);
    // Nobody's rights: these are for people, once somebody binds them.
    expect(ids(cluster).filter((id) => /^ClusterRole/.test(id))).toEqual([
      "ClusterRole/roster-approver",
      "ClusterRole/roster-operator",
      "ClusterRole/roster-viewer",
    ]);
    const both = new Set([...ids(cluster), ...ids(home)]);
    const missing = ids(build("manifests/install")).filter((id) => !both.has(id));
    expect(missing.sort()).toEqual([
      "ClusterRole/roster-controller",
      "ClusterRole/roster-gateway",
      "ClusterRoleBinding/roster-controller",
      "ClusterRoleBinding/roster-gateway",
    ]);
  });

  it("for Argo CD and Flux: the definitions are apart from everything else", () => {
    const whole = ids(build("manifests/install"));
    expect([...ids(build("crds")), ...ids(build("manifests/overlays/gitops"))].sort()).toEqual([...whole].sort());
  });

  it("what cannot be brought back from git is pruned by neither: definitions, and the namespace of the ledger's key", () => {
    const kept = build("manifests/install").filter(({ kind }) => /^(CustomResourceDefinition|Namespace)$/.test(kind));
    expect(kept.length).toBeGreaterThan(9);
    for (const { kind, metadata } of kept)
      expect(metadata.annotations, `${kind}/${metadata.name}`).toMatchObject({
        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
      });
  });

  it("components go together, over whatever has the Deployments", () => {
    const overlay = overlaid("manifests/overlays/namespaced", {
      components: ["own-agent", "without-definitions"].map((name) => `../../manifests/components/${name}`),
      images: [{ name: "roster-agent", newName: "registry.example/mine", newTag: "2" }],
    });
    const images = overlay.filter(({ kind }) => kind === "Deployment").map((one) => JSON.stringify(one));
    expect(images.filter((text) => text.includes('"registry.example/mine:2"'))).toHaveLength(1);
    expect(ids(overlay)).toEqual(ids(build("manifests/overlays/namespaced")));
  });

  it("the examples for Argo CD and Flux give image and settings to what they lead to", () => {
    interface Source {
      readonly path: string;
      readonly images: readonly (string | object)[];
      readonly patches: readonly object[];
    }
    const installation = (file: string) =>
      parseAllDocuments(readFileSync(path.join(root, file), "utf8"))
        .map((document) => document.toJS() as Resource & { spec: Source & { source?: { kustomize: Source } & Source } })
        .find(({ kind, metadata }) => kind !== "GitRepository" && metadata.name === "roster")!.spec;
    const { source } = installation("manifests/argocd/applications.yaml");
    const flux = installation("manifests/flux/roster.yaml");
    // Argo CD writes an image as `kustomize edit set image` takes it.
    const images = source!.kustomize.images.map((image) => {
      const [, name, newName, newTag] = /^(.+)=(.+):(.+)$/.exec(image as string) ?? [];
      return { name, newName, newTag };
    });
    for (const { path: folder, ...over } of [
      { path: source!.path, images, patches: source!.kustomize.patches },
      { path: flux.path, images: flux.images, patches: flux.patches },
    ]) {
      const text = JSON.stringify(overlaid(folder, over));
      expect(text.match(/"image":"registry\.example\/roster:0\.1\.0"/g)).toHaveLength(3);
      expect(text).toContain("http://models.inference.svc:8000/v1");
      expect(text).toContain('"url":"https://roster.acme.example"');
    }
  });

  it("other settings of the gateway are another ConfigMap, so that a change restarts the gateways", () => {
    const patch = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "roster-gateway-config", namespace: "roster-system" },
      data: { "gateway.yaml": "allowPrivateNetworks: true" },
    };
    const nameIn = (objects: readonly Resource[]) =>
      ids(objects)
        .find((id) => id.startsWith("ConfigMap/roster-gateway-config"))
        ?.slice("ConfigMap/".length) ?? "";
    const [shipped, changed] = [
      build("manifests/install"),
      overlaid("manifests/install", { patches: [{ patch: JSON.stringify(patch) }] }),
    ];
    expect(nameIn(changed)).not.toBe(nameIn(shipped));
    for (const objects of [shipped, changed]) {
      const gateway = objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "roster-gateway");
      expect(JSON.stringify(gateway)).toContain(`"configMap":{"name":"${nameIn(objects)}"}`);
    }
  });
});

describe.skipIf(!found)("the Deployments of manifests/install", () => {
  const objects = () => build("manifests/install");
  const deployments = () => objects().filter((object): object is Deployment => object.kind === "Deployment");
  const named = (kind: string, name: string) =>
    objects().find((object) => object.kind === kind && object.metadata.name === name) as Resource & {
      readonly spec: Readonly<Record<string, unknown>>;
    };
  const podSpec = (name: string) => deployments().find(({ metadata }) => metadata.name === name)!.spec.template.spec;

  it("ask for what they need, bound their memory, and spread over nodes", () => {
    for (const { metadata, spec } of deployments()) {
      const { containers, topologySpreadConstraints } = spec.template.spec;
      for (const container of containers) {
        expect(container.resources?.requests, metadata.name).toMatchObject({
          cpu: expect.any(String),
          memory: expect.any(String),
        });
        expect(container.resources?.limits?.memory, metadata.name).toEqual(expect.any(String));
      }
      expect(topologySpreadConstraints, metadata.name).toHaveLength(1);
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    }
  });

  it("leave room for a drained node: each has a budget that lets one pod go", () => {
    for (const { metadata, spec } of deployments()) {
      const budget = named("PodDisruptionBudget", metadata.name).spec;
      expect(budget.selector, metadata.name).toEqual({ matchLabels: spec.selector.matchLabels });
      // Controllers and gateways are unready while they recover.
      expect(budget.unhealthyPodEvictionPolicy, metadata.name).toBe("AlwaysAllow");
      const replicas =
        spec.replicas ?? (named("HorizontalPodAutoscaler", metadata.name).spec.minReplicas as number | undefined) ?? 1;
      const allowed = (budget.maxUnavailable as number | undefined) ?? replicas - (budget.minAvailable as number);
      expect(allowed, metadata.name).toBeGreaterThan(0);
      expect(allowed, metadata.name).toBeLessThan(replicas);
    }
  });

  it("scale workers by a resource that they ask for, and leave their number to the autoscaler", () => {
    const scaler = named("HorizontalPodAutoscaler", "roster-runtime").spec as {
      scaleTargetRef: { name: string };
      metrics: readonly { resource: { name: string } }[];
    };
    const target = deployments().find(({ metadata }) => metadata.name === scaler.scaleTargetRef.name)!;
    expect(target.spec.replicas).toBeUndefined();
    for (const { resource } of scaler.metrics)
      expect(target.spec.template.spec.containers[0]!.resources?.requests).toHaveProperty(resource.name);
  });

  it("give workers a gateway and a token, and no way to the cluster or the database", () => {
    const { automountServiceAccountToken, serviceAccountName, containers, volumes } = podSpec("roster-runtime");
    expect(automountServiceAccountToken).toBe(false);
    expect(serviceAccountName).toBeUndefined();
    expect(volumes ?? []).toEqual([]);
    expect(containers[0]!.env?.map(({ name }) => name).sort()).toEqual([
      "ROSTER_GATEWAY_URL",
      "ROSTER_WORKER_CONCURRENCY",
      "ROSTER_WORKER_ID",
      "ROSTER_WORKER_TOKEN",
    ]);
  });

  it("have probes on ports that they open, at paths that the programs serve", () => {
    const served = { controller: "cli/serve/probes.ts", gateway: "gateway/http/app.ts" };
    for (const [component, file] of Object.entries(served)) {
      const { ports, livenessProbe, readinessProbe } = podSpec(`roster-${component}`).containers[0]!;
      for (const probe of [livenessProbe, readinessProbe]) {
        const { httpGet } = probe as { httpGet: { path: string; port: string } };
        expect(ports?.map(({ name }) => name)).toContain(httpGet.port);
        expect(readFileSync(path.join(root, file), "utf8"), httpGet.path).toContain(`"${httpGet.path}"`);
      }
    }
  });

  it("take every Secret by a name that the tutorial makes", () => {
    const tutorial = readFileSync(path.join(root, "docs/tutorials/cluster.md"), "utf8");
    const made = [...tutorial.matchAll(/create secret generic (\S+)/g)].map(([, name]) => name);
    const wanted = new Set<string>();
    const collect = (value: unknown): void => {
      if (Array.isArray(value)) for (const one of value) collect(one);
      if (!isObject(value)) return;
      const { secretKeyRef, secretName } = value as { secretKeyRef?: { name: string }; secretName?: string };
      if (secretKeyRef) wanted.add(secretKeyRef.name);
      if (typeof secretName === "string") wanted.add(secretName);
      for (const one of Object.values(value)) collect(one);
    };
    for (const { spec } of deployments()) collect(spec);
    expect(made).toEqual(expect.arrayContaining([...wanted]));
    expect(wanted).toContain("roster-ledger");
  });

  const policies = () => objects().filter((object): object is NetworkPolicy => object.kind === "NetworkPolicy");
  const labelsOf = (component: string) =>
    deployments().find(({ metadata }) => metadata.name === `roster-${component}`)!.spec.template.metadata.labels;
  const egressOf = (component: string) =>
    policies()
      .filter((policy) => selects(policy, labelsOf(component)) && policy.spec.policyTypes.includes("Egress"))
      .flatMap(({ spec }) => spec.egress ?? []);
  const dns = [{ namespaceSelector: {} }, { ipBlock: { cidr: "169.254.20.10/32" } }];

  it("are each under a NetworkPolicy of their own, beside one that denies everything else", () => {
    for (const component of ["controller", "gateway", "runtime"]) {
      const own = policies().find(({ metadata }) => metadata.name === component)!;
      expect(selects(own, labelsOf(component)), component).toBe(true);
      expect(egressOf(component), component).toContainEqual(expect.objectContaining({ to: dns }));
    }
    const denies = policies().find(({ metadata }) => metadata.name === "default-deny")!;
    expect(denies.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  });

  it("let workers reach names and the gateway, and nothing else", () => {
    const gateway = { "app.kubernetes.io/name": "roster", "app.kubernetes.io/component": "gateway" };
    const reached = egressOf("runtime").map(({ to, ports = [] }) => ({ to, ports: ports.map(({ port }) => port) }));
    expect(reached).toEqual([
      { to: dns, ports: [53, 53, 5353, 5353] },
      { to: [{ podSelector: { matchLabels: gateway } }], ports: [7480] },
    ]);
  });

  it("let controllers and gateways reach an API server and pods also where no address range means them", () => {
    for (const component of ["controller", "gateway"]) {
      const egress = egressOf(component);
      expect(egress, component).toContainEqual({ to: [{ namespaceSelector: {} }] });
      const anywhere = egress.filter(({ to }) => to === undefined).flatMap(({ ports = [] }) => ports);
      // Not 80, where metadata services listen.
      expect(anywhere.map(({ port }) => port)).toEqual([443, 6443]);
    }
  });
});
