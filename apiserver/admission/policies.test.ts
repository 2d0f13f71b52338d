import { describe, expect, it } from "vitest";
import type { AccessQuestion } from "../../policy/cel/library/authorizer.ts";
import { policyCompiler } from "./expressions.ts";
import { evaluatePolicies, type Policy, type PolicyBinding, type PolicyInput } from "./policies.ts";
import type { Equivalent } from "./request.ts";

const runs = {
  apiGroups: ["roster.dev"],
  apiVersions: ["v1alpha1"],
  resources: ["agentruns"],
  operations: ["CREATE", "UPDATE"],
};

const policy = (spec: Partial<Policy["spec"]>): Policy => ({
  metadata: { name: "p" },
  spec: { matchConstraints: { resourceRules: [runs] }, ...spec },
});

const binding = (spec: Partial<PolicyBinding["spec"]> = {}): PolicyBinding => ({
  metadata: { name: "b" },
  spec: { policyName: "p", validationActions: ["Deny"], ...spec },
});

const object = {
  metadata: { name: "r", labels: { tier: "gold" } },
  spec: { requestedBy: "ana", bindingRef: { name: "tess" } },
};

function evaluate(given: Policy, more: Partial<PolicyInput> = {}, bound = binding()) {
  return evaluatePolicies({
    policies: [given],
    bindings: [bound],
    request: {
      operation: "CREATE",
      kind: { group: "roster.dev", version: "v1alpha1", kind: "AgentRun" },
      resource: { group: "roster.dev", version: "v1alpha1", resource: "agentruns" },
      subResource: "",
      name: "r",
      namespace: "acme",
      userInfo: { username: "ana", groups: ["people"] },
    },
    object,
    oldObject: null,
    authorizer: () => ({ allowed: false }),
    namespaceObject: { metadata: { name: "acme", labels: { team: "sales" } } },
    ...more,
  });
}

const denies = (expression: string): Partial<Policy["spec"]> => ({ validations: [{ expression }] });

const cases: Record<
  string,
  {
    readonly given: Policy;
    readonly bound?: PolicyBinding;
    readonly more?: Partial<PolicyInput>;
    readonly says?: string;
  }
> = {
  "a validation that holds admits": { given: policy(denies("object.spec.requestedBy == request.userInfo.username")) },
  "a validation that does not denies with its expression": {
    given: policy(denies("object.spec.requestedBy == 'bob'")),
    says: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: object.spec.requestedBy == 'bob'",
  },
  message: {
    given: policy({ validations: [{ expression: "false", message: " not you " }] }),
    says: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: not you",
  },
  "messageExpression wins over message": {
    given: policy({
      validations: [{ expression: "false", message: "x", messageExpression: "'not ' + request.userInfo.username" }],
    }),
    says: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: not ana",
  },
  "a messageExpression that fails falls back": {
    given: policy({ validations: [{ expression: "false", message: "x", messageExpression: "object.nope" }] }),
    says: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: x",
  },
  "variables see those before them": {
    given: policy({
      variables: [
        { name: "who", expression: "object.spec.requestedBy" },
        { name: "shout", expression: "variables.who + '!'" },
      ],
      validations: [{ expression: "variables.shout == 'ana!'" }],
    }),
  },
  "a variable that fails says why": {
    given: policy({
      variables: [{ name: "bad", expression: "object.spec.nope" }],
      ...denies("variables.bad == 1"),
    }),
    says: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: expression 'variables.bad == 1' resulted in error: composited variable \"bad\" fails to evaluate: no such key: nope",
  },
  "what a request leaves empty is absent": {
    given: policy(
      denies(
        "!has(request.subResource) && !has(request.requestSubResource) && !has(request.userInfo.uid) && !has(request.userInfo.extra) && has(request.namespace)",
      ),
    ),
  },
  "a namespace has the fields that a cluster declares": {
    given: policy(denies("has(namespaceObject.metadata.uid)")),
    says: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: compilation error: compilation failed: ERROR: <input>:1:4: undefined field 'uid'\n | has(namespaceObject.metadata.uid)\n | ...^",
  },
  "a failing expression denies": {
    given: policy(denies("object.spec.nope == 1")),
    says: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: expression 'object.spec.nope == 1' resulted in error: no such key: nope",
  },
  "a failing expression admits where failures are ignored": {
    given: policy({ ...denies("object.spec.nope == 1"), failurePolicy: "Ignore" }),
  },
  "an expression that does not compile denies": {
    given: policy(denies("request.nope == 1")),
    says: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: compilation error: compilation failed: ERROR: <input>:1:8: undefined field 'nope'\n | request.nope == 1\n | .......^",
  },
  "a match condition that is false skips": {
    given: policy({
      ...denies("false"),
      matchConditions: [{ name: "c", expression: "request.operation == 'DELETE'" }],
    }),
  },
  "another resource is not matched": {
    given: policy({
      ...denies("false"),
      matchConstraints: { resourceRules: [{ ...runs, resources: ["agentruns/status"] }] },
    }),
  },
  "an excluded resource is not matched": {
    given: policy({ ...denies("false"), matchConstraints: { resourceRules: [runs], excludeResourceRules: [runs] } }),
  },
  "a namespace selector is obeyed": {
    given: policy({
      ...denies("false"),
      matchConstraints: { resourceRules: [runs], namespaceSelector: { matchLabels: { team: "it" } } },
    }),
  },
  "an object selector is obeyed": {
    given: policy({
      ...denies("false"),
      matchConstraints: {
        resourceRules: [runs],
        objectSelector: { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["gold"] }] },
      },
    }),
  },
  "a policy without a binding does nothing": {
    given: policy(denies("false")),
    bound: binding({ policyName: "other" }),
  },
  "the authorizer is asked about the named object": {
    given: policy(
      denies(
        "authorizer.group('roster.dev').resource('agentbindings').namespace(request.namespace).name(object.spec.bindingRef.name).check('run').allowed()",
      ),
    ),
    more: {
      authorizer: ({ group, resource, namespace, name, verb }: AccessQuestion) => ({
        allowed: [group, resource, namespace, name, verb].join(" ") === "roster.dev agentbindings acme tess run",
      }),
    },
  },
  "requestResource is the request's own": {
    given: policy(denies("authorizer.requestResource.check('approve').reason() == 'r of acme'")),
    more: {
      authorizer: ({ namespace, name }: AccessQuestion) => ({ allowed: true, reason: `${name} of ${namespace}` }),
    },
  },
  "other users may be asked about": {
    given: policy(denies("authorizer.serviceAccount('sys', 'ctl').path('/healthz').check('get').allowed()")),
    more: {
      authorizer: ({ user, path }: AccessQuestion) => ({
        allowed: user?.name === "system:serviceaccount:sys:ctl" && path === "/healthz",
      }),
    },
  },
  "oldObject is null on create": { given: policy(denies("oldObject == null && !has(object.status)")) },
};

const older: Equivalent = {
  kind: { group: "roster.dev", version: "v1", kind: "Run" },
  resource: { group: "roster.dev", version: "v1", resource: "runs" },
  convert: (converted) => ({ ...converted, apiVersion: "roster.dev/v1" }),
};
const aboutOlder = { ...runs, apiVersions: ["v1"], resources: ["runs"] };
const hears = policy({
  matchConstraints: { resourceRules: [aboutOlder] },
  validations: [
    {
      expression: "false",
      messageExpression:
        "[request.kind.kind, request.resource.resource, request.requestKind.kind, request.requestResource.resource, string(object.apiVersion)].join(' ')",
    },
  ],
});

describe("evaluatePolicies", () => {
  it("asks a policy about another name of the object, and shows the object under that name", () => {
    const { denied } = evaluate(hears, { equivalents: () => [older] });
    expect(denied?.message).toContain("denied request: Run runs AgentRun agentruns roster.dev/v1");
    expect(object).not.toHaveProperty("apiVersion");
  });

  it("looks for no other name where a policy or its binding is exact", () => {
    const equivalents = () => {
      throw new Error("asked");
    };
    const exact = { matchPolicy: "Exact", resourceRules: [aboutOlder] };
    expect(evaluate(policy({ ...denies("false"), matchConstraints: exact }), { equivalents }).denied).toBeUndefined();
    expect(
      evaluate(policy(denies("false")), { equivalents }, binding({ matchResources: exact })).denied,
    ).toBeUndefined();
    expect(evaluate(policy(denies("false")), { equivalents }).denied).toBeDefined();
  });

  it("excludes what is excluded under another name", () => {
    const matchConstraints = { resourceRules: [runs], excludeResourceRules: [aboutOlder] };
    const given = policy({ ...denies("false"), matchConstraints });
    expect(evaluate(given, { equivalents: () => [older] }).denied).toBeUndefined();
  });

  for (const [name, { given, bound, more, says }] of Object.entries(cases)) {
    it(name, () => expect(evaluate(given, more, bound).denied?.message).toBe(says));
  }

  it("compiles an expression of a stored policy once for each place that it stands in", () => {
    const { spec } = policy({ variables: [{ name: "a", expression: "1" }] });
    const compile = policyCompiler(spec);
    expect(policyCompiler(spec)).toBe(compile);
    expect(compile("variables.a == 1", ["a"], "bool", false)).toBe(compile("variables.a == 1", ["a"], "bool", false));
    expect(compile("variables.a == 1", [], "bool", false).error).toMatch(/undefined field 'a'/);
    expect(compile("authorizer == null", [], "bool", true).error).toMatch(/undeclared reference/);
    expect(policyCompiler({ ...spec })).not.toBe(compile);
  });

  it("knows the type of a variable, but not of an object that it is", () => {
    const { spec } = policy({
      variables: [
        { name: "yes", expression: "true" },
        { name: "names", expression: "request.userInfo.groups.map(g, g + '!')" },
        { name: "user", expression: "request.userInfo" },
      ],
    });
    const compile = policyCompiler(spec);
    const names = ["yes", "names", "user"];
    expect(compile("variables.yes", names, "bool", false).error).toBeUndefined();
    expect(compile("variables.user.nope == 1", names, "bool", false).error).toBeUndefined();
    expect(compile("variables.names == 'a'", names, "bool", false).error).toMatch(/'\(list\(string\), string\)'/);
  });

  it("gives the reason and code that a validation asks for", () => {
    const outcome = evaluate(policy({ validations: [{ expression: "false", reason: "Forbidden" }] }));
    expect(outcome.denied).toMatchObject({ reason: "Forbidden", code: 403 });
  });

  it("warns and writes audit annotations instead of denying when the binding says so", () => {
    const outcome = evaluate(policy(denies("false")), {}, binding({ validationActions: ["Warn", "Audit"] }));
    expect(outcome.denied).toBeUndefined();
    expect(outcome.warnings).toEqual([
      "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: false",
    ]);
    expect(outcome.auditAnnotations["validation.policy.admission.k8s.io/validation_failure"]).toContain('"policy":"p"');
  });

  it("stops an expression that would run for ever, and denies", () => {
    const many = { ...object, spec: { xs: Array.from({ length: 5_000 }, (_, i) => i) } };
    const outcome = evaluate(policy(denies("object.spec.xs.all(a, object.spec.xs.all(b, a + b >= 0))")), {
      object: many,
    });
    expect(outcome.denied?.message).toContain("cost limit exceeded");
  });

  it("hands each parameter object to the validations", () => {
    const given = policy({
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      validations: [{ expression: "params.data.who == 'ana'" }],
    });
    const bound = binding({ paramRef: { name: "x", parameterNotFoundAction: "Deny" } });
    expect(evaluate(given, { params: () => [{ data: { who: "ana" } }] }, bound).denied).toBeUndefined();
    expect(evaluate(given, { params: () => [{ data: { who: "bob" } }] }, bound).denied?.message).toContain(
      "failed expression",
    );
    expect(evaluate(given, { params: () => [] }, bound).denied?.message).toContain("no params found");
  });
});
