import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { type Answer, ConformanceClient } from "../conformance/client.ts";
import { startEmbedded, users } from "../conformance/embedded.ts";
import { get, post, type Step } from "../conformance/step.ts";
import { missingCluster, startReal } from "./real.ts";
import { targetOf } from "./target.ts";

// The Gateway API's definitions and examples, as Kubernetes' own tests carry them: nobody here wrote them.
const folder = examplesFolder();
const why =
  missingCluster() ??
  (process.env.KUBECONFIG ? "it fills a server of its own" : undefined) ??
  (folder ? undefined : "go cannot tell where the module k8s.io/apiextensions-apiserver is");
if (why) process.stdout.write(`skipped: other people's definitions on a real API: ${why}\n`);

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; namespace?: string };
}
interface Definition extends Resource {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
}

describe.skipIf(why)("other people's definitions and objects are judged alike on both servers", () => {
  const stack = new AsyncDisposableStack();
  const answers: Record<"ours" | "theirs", readonly Answer[]> = { ours: [], theirs: [] };
  const steps = folder ? stepsOf(folder) : [];

  beforeAll(async () => {
    const cluster = stack.use(await startReal({ users }));
    const real = stack.use(new ConformanceClient(await targetOf(cluster)));
    const embedded = stack.use(new ConformanceClient(stack.use(await startEmbedded())));
    [answers.ours, answers.theirs] = await Promise.all([embedded.run(steps, "gateway"), real.run(steps, "gateway")]);
  });
  afterAll(() => stack.disposeAsync());

  it("tries enough to say something: definitions, objects that are accepted, objects that are refused", () => {
    const times = (status: number) => answers.theirs.filter((answer) => answer.status === status).length;
    expect([times(201) > 50, times(422) > 20]).toEqual([true, true]);
  });

  for (const [index, step] of steps.entries()) {
    const name = (step.body as Resource | undefined)?.metadata.name ?? "";
    it(`${index}: ${step.method} ${step.path} ${name}`, () =>
      expect(answers.ours[index]).toEqual(answers.theirs[index]));
  }
});

function examplesFolder(): string | undefined {
  const cwd = fileURLToPath(new URL("kubernetes", import.meta.url));
  const found = spawnSync("go", ["list", "-m", "-f", "{{.Dir}}", "k8s.io/apiextensions-apiserver"], {
    cwd,
    encoding: "utf8",
  });
  const at = path.join(found.stdout?.trim() ?? "", "test/integration/ratcheting_test_cases");
  return found.status === 0 && existsSync(at) ? at : undefined;
}

/** Installs every definition, waits until it is served, then tries each example as a create and as an apply. */
function stepsOf(at: string): Step[] {
  const definitions = (read(path.join(at, "crds/standard-install.yaml")) as Definition[]).filter(
    ({ kind }) => kind === "CustomResourceDefinition",
  );
  const served = new Map(definitions.map(({ spec }) => [spec.names.kind, spec]));
  const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const examples = ["valid", "invalid"].flatMap((name) => files(path.join(at, name)).flatMap(read));
  return [
    ...definitions.map((definition) => post(crds, definition, { pick: ["kind", "message", "details"] })),
    ...definitions.flatMap(({ spec }) =>
      spec.versions
        .filter((version) => version.served)
        .map(({ name }) => get(`/apis/${spec.group}/${name}/${spec.names.plural}`, { until: 200, pick: ["kind"] })),
    ),
    ...examples.flatMap((object): Step[] => {
      const spec = served.get(object.kind);
      if (!spec) return [];
      const namespaced = spec.scope === "Namespaced";
      const body = namespaced ? { ...object, metadata: { ...object.metadata, namespace: "{ns}" } } : object;
      const all = `/apis/${object.apiVersion}/${namespaced ? "namespaces/{ns}/" : ""}${spec.names.plural}`;
      const one = `${all}/${object.metadata.name}?fieldManager=tester&dryRun=All`;
      return [
        post(`${all}?dryRun=All&fieldValidation=Strict`, body),
        { method: "PATCH", path: one, type: "application/apply-patch+yaml", body },
      ];
    }),
  ];
}

function files(at: string): string[] {
  return readdirSync(at, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? files(path.join(at, entry.name)) : [path.join(at, entry.name)]));
}

function read(file: string): Resource[] {
  const documents = parseAllDocuments(readFileSync(file, "utf8"));
  return documents.map((document) => document.toJS() as Resource | null).filter((one) => one !== null);
}
