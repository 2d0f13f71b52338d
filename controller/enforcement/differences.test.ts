import { describe, expect, it } from "vitest";
import { admissionObjects } from "../../api/generated/admission.ts";
import { weakness } from "./differences.ts";

const policy = admissionObjects.find((one) => one.kind === "ValidatingAdmissionPolicy")!;
const binding = admissionObjects.find((one) => one.kind === "ValidatingAdmissionPolicyBinding")!;
const constraints = policy.spec.matchConstraints as { readonly resourceRules: readonly object[] };
const validations = policy.spec.validations as readonly object[];
const change = <T extends { readonly spec: object }>(object: T, spec: object): T => ({
  ...object,
  spec: { ...object.spec, ...spec },
});
const defaulted = change(policy, {
  matchConstraints: {
    resourceRules: constraints.resourceRules.map((rule) => ({ ...rule, scope: "*" })),
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
  },
});

const table: Readonly<Record<string, readonly [typeof policy, typeof policy | undefined, RegExp | undefined]>> = {
  "as shipped": [policy, policy, undefined],
  "with what the API server fills in": [policy, defaulted, undefined],
  "with labels and annotations of a GitOps tool": [
    policy,
    { ...policy, metadata: { ...policy.metadata, annotations: { a: "b" } } },
    undefined,
  ],
  "with audit annotations added": [
    policy,
    change(policy, { auditAnnotations: [{ key: "k", valueExpression: "'v'" }] }),
    undefined,
  ],
  missing: [policy, undefined, /missing/],
  "that fails open": [policy, change(policy, { failurePolicy: "Ignore" }), /failurePolicy/],
  "without one of its rules": [policy, change(policy, { validations: validations.slice(1) }), /validations/],
  "with a rule that is always true": [
    policy,
    change(policy, { validations: [{ ...validations[0], expression: "true" }, ...validations.slice(1)] }),
    /validations/,
  ],
  "with another variable": [policy, change(policy, { variables: [] }), /variables/],
  "for other operations": [
    policy,
    change(policy, {
      matchConstraints: { resourceRules: [{ ...constraints.resourceRules[0], operations: ["DELETE"] }] },
    }),
    /matchConstraints/,
  ],
  "for some namespaces": [
    policy,
    change(defaulted, {
      matchConstraints: {
        ...(defaulted.spec.matchConstraints as object),
        namespaceSelector: { matchLabels: { a: "b" } },
      },
    }),
    /leave objects out/,
  ],
  "under a condition": [
    policy,
    change(policy, { matchConditions: [{ name: "n", expression: "false" }] }),
    /matchConditions/,
  ],
  "bound as shipped": [binding, binding, undefined],
  "bound, and audited besides": [binding, change(binding, { validationActions: ["Deny", "Audit"] }), undefined],
  "bound to warn only": [binding, change(binding, { validationActions: ["Warn"] }), /do not deny/],
  "bound to another": [binding, change(binding, { policyName: "x" }), /another policy/],
  "bound for some objects": [
    binding,
    change(binding, { matchResources: { objectSelector: { matchLabels: { a: "b" } } } }),
    /leave objects out/,
  ],
};

describe("a policy refuses what the shipped one refuses", () => {
  it("each of those that are shipped: yes", () => {
    expect(admissionObjects.length).toBeGreaterThan(5);
    expect(admissionObjects.filter((one) => weakness(one, one) !== undefined)).toEqual([]);
  });
  for (const [name, [shipped, installed, want]] of Object.entries(table))
    it(`${name}: ${want ? "no" : "yes"}`, () => {
      const found = weakness(shipped, installed);
      if (want) expect(found).toMatch(want);
      else expect(found).toBeUndefined();
    });
});
