import type { Answer } from "../client.ts";
import { mergePatch, post, put, type Step } from "../step.ts";
import type { Batch, Generator } from "./generator.ts";
import { ruleFor, ruleSpec } from "./rule.ts";
import { definitionOf, hashOf } from "./schemas.ts";
import type { Random } from "./seeded.ts";
import { sequencesOf } from "./sequences.ts";
import { tame, valueFor } from "./value.ts";

/** Rules tried by themselves in one history, and rules of one kind. */
const perHistory = 6;
const perKind = 8;

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

function definition(group: string, rules: readonly object[]): object {
  const spec = { ...ruleSpec, "x-kubernetes-validations": rules };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec } } };
  return definitionOf(group, [{ name: "v1", served: true, storage: true, schema }]);
}

/**
 * Which part of a rule is refused, not in which words: of several mistakes two compilers may name another one first, and
 * each has words of its own for types.
 */
const tried = (rule: object): Step =>
  post(`${definitions}?dryRun=All`, definition(`r${hashOf(rule)}.random.dev`, [rule]), {
    pick: [0, 1, 2, 3].map((index) => `details.causes.${index}.field`),
  });

const rulesOf = (steps: readonly Step[]): readonly Record<string, unknown>[] =>
  steps.map(({ body }) => {
    const { spec } = body as {
      spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: object } } } }[] };
    };
    const found = spec.versions[0]!.schema.openAPIV3Schema.properties.spec as Record<string, unknown>;
    return (found["x-kubernetes-validations"] as Record<string, unknown>[])[0]!;
  });

function subject(random: Random, group: string, more: object = {}): object {
  return {
    apiVersion: `${group}/v1`,
    kind: "Thing",
    metadata: { name: "a", ...more },
    spec: valueFor(random, ruleSpec, random.chance(0.1) ? { chance: 0.05, left: 1 } : tame()),
  };
}

function history(random: Random, group: string): Step[] {
  const path = `/apis/${group}/v1/namespaces/{ns}/things`;
  const keep = { save: { rv: "metadata.resourceVersion" } };
  // Most objects break some rule: dry runs say which, and the kind without rules holds what is then changed.
  return [
    post(path, { apiVersion: `${group}/v1`, kind: "Thing", metadata: { name: "a" } }, keep),
    ...Array.from({ length: 7 }, () =>
      random.pick<() => Step>([
        () => post(`${path}?dryRun=All`, subject(random, group, { name: "b" })),
        () => put(`${path}/a`, subject(random, group, { resourceVersion: "{rv}" }), keep),
        () => mergePatch(`${path}/a`, { spec: valueFor(random, ruleSpec, tame()) }, keep),
      ])(),
    ),
  ];
}

function batch(seed: number, accepted: readonly object[]): Batch {
  const kinds: string[] = [];
  const made: object[] = [];
  for (let at = 0; at < accepted.length; at += perKind) {
    const rules = accepted.slice(at, at + perKind);
    const group = `r${hashOf(rules)}.random.dev`;
    kinds.push(group);
    made.push(definition(group, rules));
  }
  let next = 0;
  const { sequences } = sequencesOf("verdicts", seed, kinds.length * 3, (random) =>
    history(random, kinds[Math.floor(next++ / 3)]!),
  );
  return { definitions: made, sequences };
}

const make = (seed: number, count: number): Batch =>
  sequencesOf("rules", seed, Math.ceil(count / 1.4), (random) =>
    Array.from({ length: perHistory }, () => tried(ruleFor(random))),
  );

/** Random rules in CEL: which of them compile, and how those that do judge random objects. */
export const rules: Generator = {
  name: "rules",
  share: 90,
  make,
  follow(seed, answers: Readonly<Record<string, readonly Answer[]>>): Batch {
    const { sequences } = make(seed, Object.keys(answers).length * 1.4);
    const accepted = Object.entries(sequences).flatMap(([name, steps]) =>
      rulesOf(steps).filter((_, index) => answers[name]?.[index]?.status === 201),
    );
    // A definition may not have a rule twice.
    const once = new Map(accepted.map((rule) => [rule.rule, rule]));
    return batch(seed, [...once.values()]);
  },
};
