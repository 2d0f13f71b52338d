import { describe, expect, it } from "vitest";
import { readCrdSchemas } from "./crd-schemas.ts";
import { formatFinding, Refusal } from "./finding.ts";
import { readObjects } from "./manifests.ts";
import { shippedCrds } from "./render.ts";

const schemas = await readCrdSchemas(shippedCrds);

function complaints(text: string): readonly string[] {
  try {
    readObjects(text, "m.yaml", schemas);
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.findings.map(formatFinding);
    throw thrown;
  }
  return [];
}
const binding = (spec: string, metadata = "name: ana, namespace: acme") =>
  `apiVersion: roster.dev/v1alpha1\nkind: AgentBinding\nmetadata: { ${metadata} }\nspec:\n  roleRef: { name: r }\n  subject: { kind: User, name: ana@acme.example }\n${spec}`;

describe("readObjects refuses, with file, line and column,", () => {
  const table: Record<string, { readonly text: string; readonly want: readonly string[] }> = {
    "an unknown field, suggesting the one that was meant": {
      text: binding("  paramters: { a: b }\n"),
      want: ['m.yaml:7:3: unknown field "paramters" in spec (did you mean "parameters"?)'],
    },
    "a field of the wrong type": {
      text: binding("  team: 7\n"),
      want: ["m.yaml:7:9: spec.team must be text, not the number 7; write it in quotes"],
    },
    "money as a number": {
      text: binding("  budget: { day: 5.00 }\n"),
      want: ["m.yaml:7:18: spec.budget.day must be text, not the number 5.00; write it in quotes"],
    },
    "snake_case, which only role files may use": {
      text: binding("  time_zone: UTC\n"),
      want: ['m.yaml:7:3: unknown field "time_zone" in spec (did you mean "timeZone"?)'],
    },
    "a missing namespace": {
      text: binding("", "name: ana"),
      want: ["m.yaml:1:1: metadata.namespace is required for a synced AgentBinding"],
    },
    "a kind that does not exist": {
      text: "apiVersion: roster.dev/v1alpha1\nkind: AgentBindin\nmetadata: { name: a }\n",
      want: ['m.yaml:1:1: there is no kind "AgentBindin" in roster.dev/v1alpha1 (did you mean "AgentBinding"?)'],
    },
    "a run, which is work and not a declaration": {
      text: "apiVersion: roster.dev/v1alpha1\nkind: AgentRun\nmetadata: { name: a, namespace: acme }\nspec: { bindingRef: { name: b } }\n",
      want: [
        "m.yaml:1:1: an AgentRun asks for one piece of work; make it with `kubectl create -f`, not by a synced file",
      ],
    },
    "a status": {
      text: `${binding("")}status: { a: 1 }\n`,
      want: ["m.yaml:7:1: status is written by controllers; leave it out"],
    },
    "a label that is not text": {
      text: binding("", "name: ana, namespace: acme, labels: { a: 1 }"),
      want: ["m.yaml:3:51: metadata.labels.a must be text, not the number 1; write it in quotes"],
    },
    "something that is no manifest": {
      text: "- a\n",
      want: ["m.yaml:1:1: a manifest is an object with apiVersion and kind, not a list"],
    },
    "a manifest without kind": {
      text: "apiVersion: v1\nmetadata: { name: a }\n",
      want: ["m.yaml:1:1: kind is required"],
    },
    "a manifest without a name": {
      text: "apiVersion: v1\nkind: ConfigMap\n",
      want: ["m.yaml:1:1: metadata.name is required"],
    },
  };
  for (const [name, { text, want }] of Object.entries(table)) it(name, () => expect(complaints(text)).toEqual(want));
});

it("readObjects reads many documents and opens lists, each object at its own line", () => {
  const text =
    "apiVersion: v1\nkind: Namespace\nmetadata: { name: acme }\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: { name: a, namespace: acme }\n";
  expect(readObjects(text, "m.yaml", schemas).map(({ object, at }) => [object.kind, at.line])).toEqual([
    ["Namespace", 1],
    ["ConfigMap", 8],
  ]);
});
