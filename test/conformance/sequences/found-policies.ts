import { apply, del, gadget, gadgetsPath, get, mergePatch, post, type Sequences } from "../step.ts";
import { kind, object, pathOf, text, thing } from "./found-kind.ts";
import {
  causes,
  foundPolicyRequests,
  labels,
  mine,
  oneGadget,
  quiet,
  rule,
  tells,
  told,
  verdict,
} from "./found-policy-requests.ts";
import {
  bindingObject,
  bindingsPath,
  bound,
  gone,
  here,
  inForce,
  over,
  policiesPath,
  policyObject,
} from "./policies.ts";

const betaGadgets = "/apis/conform.roster.dev/v1beta1/gadgets";
const betaGadget = (name: string, more: object = {}) => ({
  ...gadget(`${name}-{ns}`, more, { labels }),
  apiVersion: "conform.roster.dev/v1beta1",
});
const count = { type: "object", properties: { replicas: { type: "integer" } } };
const scale = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
/** Three versions, of which v0 is not served and v2 has no scale. */
const scaled = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "things.scaled.found.dev" },
  spec: {
    group: "scaled.found.dev",
    scope: "Namespaced",
    names: { kind: "Thing", plural: "things", singular: "thing", listKind: "ThingList" },
    versions: ["v0", "v1", "v2"].map((name) => ({
      name,
      served: name !== "v0",
      storage: name === "v1",
      schema: { openAPIV3Schema: { type: "object", properties: { spec: count, status: count } } },
      subresources: { status: {}, ...(name === "v2" ? {} : { scale }) },
    })),
  },
};

export const foundPolicies: Sequences = {
  "a policy is about every version of a kind": [
    ...["a", "b", "c"].map((name) => post(gadgetsPath, oneGadget(name), quiet)),
    ...bound("alike", {
      matchConstraints: { ...mine, resourceRules: [rule("conform.roster.dev", "v1", ["gadgets"])] },
      ...tells,
    }),
    ...inForce,
    post(betaGadgets, betaGadget("new"), verdict),
    mergePatch(`${betaGadgets}/a-{ns}`, { spec: { x: 1 } }, verdict),
    apply(`${betaGadgets}/b-{ns}`, "me", betaGadget("b", { spec: { y: 1 } }), verdict),
    apply(`${betaGadgets}/fresh-{ns}`, "me", betaGadget("fresh", { spec: { y: 1 } }), verdict),
    del(`${betaGadgets}/c-{ns}`, undefined, verdict),
    del(`${betaGadgets}?labelSelector=of%3D{ns}`, undefined, verdict),
    post(gadgetsPath, oneGadget("new"), verdict),
    ...over,
    ...gone("alike"),
    del(`${gadgetsPath}?labelSelector=of%3D{ns}`, undefined, { until: 200, pick: ["kind"] }),
  ],
  "a policy about an older version hears of the newer one": [
    ...bound("older", {
      matchConstraints: { ...mine, resourceRules: [rule("conform.roster.dev", "v1beta1", ["gadgets"])] },
      ...tells,
    }),
    ...inForce,
    post(`${gadgetsPath}?dryRun=All`, oneGadget("new"), verdict),
    post(`${betaGadgets}?dryRun=All`, betaGadget("new"), verdict),
    ...over,
    ...gone("older"),
  ],
  "Exact means the version that it says": [
    ...bound("exact", {
      matchConstraints: {
        ...mine,
        matchPolicy: "Exact",
        resourceRules: [rule("conform.roster.dev", "v1", ["gadgets"])],
      },
      ...tells,
    }),
    ...inForce,
    post(`${betaGadgets}?dryRun=All`, betaGadget("new"), { pick: ["code", "kind"] }),
    post(`${gadgetsPath}?dryRun=All`, oneGadget("new"), verdict),
    ...over,
    ...gone("exact"),
  ],
  "bindings and exclusions know the other versions too": [
    post(
      policiesPath,
      policyObject("wide", {
        matchConstraints: { ...mine, resourceRules: [rule("*", "*", ["gadgets"])] },
        ...tells,
      }),
      quiet,
    ),
    post(
      bindingsPath,
      bindingObject("wide", {
        matchResources: { resourceRules: [rule("conform.roster.dev", "v1", ["gadgets"])] },
      }),
      quiet,
    ),
    ...bound("but", {
      matchConstraints: {
        ...mine,
        resourceRules: [rule("*", "*", ["gadgets"])],
        excludeResourceRules: [rule("conform.roster.dev", "v1", ["gadgets"])],
      },
      validations: [{ expression: "false", message: "not excluded" }],
    }),
    ...inForce,
    post(`${betaGadgets}?dryRun=All`, betaGadget("new"), causes),
    post(`${gadgetsPath}?dryRun=All`, oneGadget("new"), causes),
    ...over,
    ...gone("wide"),
    post(`${betaGadgets}?dryRun=All`, betaGadget("new"), { until: 201, pick: ["code", "kind"] }),
    ...gone("but"),
  ],
  "a binding that is Exact leaves the others alone": [
    post(
      policiesPath,
      policyObject("strict", {
        matchConstraints: { ...mine, resourceRules: [rule("*", "*", ["gadgets"])] },
        ...tells,
      }),
      quiet,
    ),
    post(
      bindingsPath,
      bindingObject("strict", {
        matchResources: { matchPolicy: "Exact", resourceRules: [rule("conform.roster.dev", "v1", ["gadgets"])] },
      }),
      quiet,
    ),
    ...inForce,
    post(`${betaGadgets}?dryRun=All`, betaGadget("new"), { pick: ["code", "kind"] }),
    post(`${gadgetsPath}?dryRun=All`, oneGadget("new"), causes),
    ...over,
    ...gone("strict"),
  ],
  "both Event APIs are one to a policy": [
    ...bound("core-events", {
      matchConstraints: { namespaceSelector: here, resourceRules: [rule("", "v1", ["events"], ["CREATE"])] },
      validations: [
        { expression: "object.involvedObject.name != 'x' || object.message != 'bad'", messageExpression: told },
      ],
    }),
    ...bound("new-events", {
      matchConstraints: {
        namespaceSelector: here,
        resourceRules: [rule("events.k8s.io", "v1", ["events"], ["CREATE"])],
      },
      validations: [{ expression: "object.regarding.name != 'y' || object.note != 'bad'", messageExpression: told }],
    }),
    ...inForce,
    ...["x", "y"].flatMap((name) =>
      ["bad", "good"].flatMap((message) => [
        post(
          "/apis/events.k8s.io/v1/namespaces/{ns}/events",
          {
            apiVersion: "events.k8s.io/v1",
            kind: "Event",
            metadata: { name: `e-${name}-${message}`, namespace: "{ns}" },
            eventTime: "2026-01-01T00:00:00.000000Z",
            reportingController: "roster.dev/x",
            reportingInstance: "x-1",
            action: "Acted",
            reason: "R",
            type: "Normal",
            note: message,
            regarding: { kind: "ConfigMap", apiVersion: "v1", name, namespace: "{ns}" },
          },
          { pick: ["code", "message", "details", "note"] },
        ),
        post(
          "/api/v1/namespaces/{ns}/events",
          {
            apiVersion: "v1",
            kind: "Event",
            metadata: { name: `c-${name}-${message}`, namespace: "{ns}" },
            reason: "R",
            type: "Normal",
            message,
            involvedObject: { kind: "ConfigMap", apiVersion: "v1", name, namespace: "{ns}" },
          },
          { pick: ["code", "message", "details"] },
        ),
      ]),
    ),
    ...over,
    ...gone("core-events", "new-events"),
  ],
  "versions with schemas and subresources of their own": [
    ...kind(
      "alike",
      { v1: { spec: object({ a: text, b: text }) }, v1beta1: { spec: object({ a: text, c: text }) } },
      true,
    ),
    post(pathOf("alike"), thing("alike", { spec: { a: "1", b: "2" } }), quiet),
    ...bound("schemas", {
      matchConstraints: {
        namespaceSelector: here,
        resourceRules: [rule("alike.found.dev", "v1", ["things", "things/status"])],
      },
      validations: [
        {
          expression: "false",
          messageExpression: `${told} + '|' + (object == null || !has(object.spec) ? '' : string(has(object.spec.a)) + string(has(object.spec.b)) + string(has(object.spec.c))) + '|' + (oldObject == null || !has(oldObject.spec) ? '' : string(has(oldObject.spec.a)) + string(has(oldObject.spec.b)) + string(has(oldObject.spec.c)))`,
        },
      ],
    }),
    ...inForce,
    post(pathOf("alike", "v1beta1"), thing("alike", { spec: { a: "1", c: "3" } }, "v1beta1", "b"), verdict),
    mergePatch(`${pathOf("alike", "v1beta1")}/a`, { spec: { c: "3" } }, verdict),
    mergePatch(`${pathOf("alike", "v1beta1")}/a/status`, { status: { c: "3" } }, verdict),
    mergePatch(`${pathOf("alike")}/a`, { spec: { b: "3" } }, verdict),
    del(`${pathOf("alike", "v1beta1")}/a`, undefined, verdict),
    ...over,
    ...gone("schemas"),
    del("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.alike.found.dev", undefined, quiet),
  ],
  "a version that is not served, and scale": [
    post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", scaled, { pick: ["kind"] }),
    ...["v1", "v2"].map((version) => get(pathOf("scaled", version), { until: 200, pick: ["kind"] })),
    post(pathOf("scaled"), thing("scaled", { spec: { replicas: 1 } }), quiet),
    ...bound("unserved", {
      matchConstraints: {
        namespaceSelector: here,
        resourceRules: [rule("scaled.found.dev", "v0", ["things", "things/status", "things/scale"])],
      },
      ...tells,
    }),
    ...inForce,
    ...["v1", "v2"].flatMap((version) => [
      mergePatch(`${pathOf("scaled", version)}/a`, { spec: { replicas: 2 } }, verdict),
      mergePatch(`${pathOf("scaled", version)}/a/scale`, { spec: { replicas: 3 } }, verdict),
      mergePatch(`${pathOf("scaled", version)}/a/status`, { status: { replicas: 3 } }, verdict),
    ]),
    del(`${pathOf("scaled", "v2")}/a`, undefined, verdict),
    ...over,
    ...gone("unserved"),
    del("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.scaled.found.dev", undefined, quiet),
  ],
  "a token is asked for under the eyes of policies": [
    get("/api/v1/namespaces/{ns}/serviceaccounts/default", { until: 200, pick: ["kind"] }),
    ...bound("tokens", {
      matchConstraints: {
        namespaceSelector: here,
        resourceRules: [rule("", "v1", ["serviceaccounts/token"], ["CREATE"])],
      },
      validations: [
        { expression: "object.spec.expirationSeconds <= 3600", messageExpression: told },
        {
          expression: "!has(object.metadata.labels)",
          messageExpression:
            "[string(object.apiVersion), string(object.kind), string(object.metadata.name), string(object.metadata.namespace), string(has(object.metadata.uid)), string(has(object.metadata.managedFields)), string(has(object.metadata.creationTimestamp)), string(object.spec.expirationSeconds), string(object.spec.audiences.size()), string(has(object.spec.boundObjectRef)), string(has(object.status)), string(object.status.token), string(object.status.expirationTimestamp == null)].join('|')",
        },
      ],
    }),
    ...inForce,
    ...[
      { spec: { expirationSeconds: 7200 } },
      { metadata: { labels: { a: "b" } }, spec: {} },
      { metadata: { labels: { a: "b" } }, spec: { boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "no" } } },
      { spec: { expirationSeconds: 7200, boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "no" } } },
      { spec: { expirationSeconds: 5 } },
      { metadata: { name: "other", namespace: "other" }, spec: { expirationSeconds: 5 } },
      { metadata: { namespace: "other" }, spec: { expirationSeconds: 5 } },
      { metadata: { uid: "other" }, spec: { expirationSeconds: 7200 } },
    ].map((body) =>
      post(
        "/api/v1/namespaces/{ns}/serviceaccounts/default/token?fieldManager=me",
        { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", ...body },
        verdict,
      ),
    ),
    post(
      "/api/v1/namespaces/{ns}/serviceaccounts/default/token",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
      { pick: ["kind", "metadata", "spec.expirationSeconds"] },
    ),
    post(
      "/api/v1/namespaces/{ns}/serviceaccounts/nobody/token",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata: { name: "x" }, spec: {} },
      verdict,
    ),
    ...over,
    ...gone("tokens"),
  ],
  ...foundPolicyRequests,
};
