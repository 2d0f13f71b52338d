import {
  apply,
  configMap,
  configMapsPath,
  del,
  get,
  mergePatch,
  post,
  put,
  type Sequences,
  type Step,
} from "../step.ts";
import { authz, group as rbacGroup, roleBindings, roles } from "./access-steps.ts";
import { clusterRole, foundRights, token, tokenRequest } from "./found-rights.ts";

/** What a comparison with a cluster found about the built-in kinds, their rights and their lives. */

const namespaces = "/api/v1/namespaces";
const events = "/api/v1/namespaces/{ns}/events";
const modern = "/apis/events.k8s.io/v1/namespaces/{ns}/events";
const leases = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
const admission = "/apis/admissionregistration.k8s.io/v1";
const quiet = { pick: ["code"] };
const failed = { pick: ["code", "reason", "message", "details"] };

const event = (metadata: object, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "Event",
  metadata,
  involvedObject: { kind: "ConfigMap", name: "a", namespace: "{ns}" },
  reason: "R",
  message: "m",
  type: "Normal",
  ...more,
});
const owned = {
  pick: ["code", "message", "metadata.labels", "metadata.finalizers", "metadata.managedFields", "spec", "status"],
};
const judged = {
  pick: ["code", "message", "details", "metadata.name", "metadata.generateName", "metadata.finalizers"],
};
const lease = (spec: object, name = "a"): object => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name },
  spec,
});
const modernEvent = (metadata: object, more: object = {}): object => ({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata,
  regarding: { kind: "ConfigMap", name: "a", namespace: "{ns}" },
  eventTime: "2026-01-01T00:00:00.000000Z",
  reportingController: "conform.roster.dev/x",
  reportingInstance: "x",
  action: "A",
  reason: "R",
  note: "m",
  type: "Normal",
  ...more,
});

const foreign = (path: string, apiVersion: string, kind: string, more: object = {}): Step =>
  post(path, { apiVersion, kind, metadata: { name: "a" }, ...more }, failed);

export const foundKinds: Sequences = {
  ...foundRights,
  "a namespace whose name is made up has the label of its name": [
    post(
      namespaces,
      { apiVersion: "v1", kind: "Namespace", metadata: { generateName: "gen-{ns}-" } },
      {
        save: { made: "metadata.name" },
        pick: ["metadata.generateName", "metadata.managedFields", "spec", "status"],
      },
    ),
    get(`${namespaces}?labelSelector=kubernetes.io/metadata.name%3D{made}`, {
      pick: ["items.0.metadata.generateName"],
    }),
    get(`${namespaces}/{made}`, { pick: ["metadata.managedFields"] }),
    mergePatch(
      `${namespaces}/{made}?fieldManager=two`,
      { metadata: { annotations: { a: "b" } } },
      {
        pick: ["metadata.managedFields"],
      },
    ),
    post(
      namespaces,
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { generateName: "gen-{ns}-", labels: { "kubernetes.io/metadata.name": "x", a: "b" } },
      },
      { pick: ["metadata.labels.a", "metadata.managedFields"] },
    ),
    del(`${namespaces}/{made}`, undefined, quiet),
  ],
  "who owns what of a namespace": [
    post(
      `${namespaces}?fieldManager=one`,
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "sub-{ns}" } },
      owned,
    ),
    mergePatch(
      `${namespaces}/sub-{ns}/status?fieldManager=two`,
      {
        metadata: { labels: { a: "b" }, annotations: { a: "b" }, finalizers: ["conform.roster.dev/x"] },
        spec: { finalizers: ["conform.roster.dev/y"] },
        status: {
          conditions: [
            { type: "A", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z", reason: "A", message: "a" },
          ],
        },
      },
      owned,
    ),
    mergePatch(
      `${namespaces}/sub-{ns}?fieldManager=three`,
      { metadata: { labels: { c: "d" } }, spec: { finalizers: [] }, status: { phase: "Terminating" } },
      owned,
    ),
    put(
      `${namespaces}/sub-{ns}/finalize?fieldManager=four`,
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "sub-{ns}", labels: { e: "f" } },
        spec: { finalizers: ["kubernetes", "conform.roster.dev/z"] },
      },
      owned,
    ),
    put(
      `${namespaces}/sub-{ns}?fieldManager=five`,
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "sub-{ns}" } },
      owned,
    ),
    apply(
      `${namespaces}/sub-{ns}`,
      "six",
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "sub-{ns}", labels: { g: "h" } } },
      owned,
    ),
    apply(
      `${namespaces}/app-{ns}`,
      "six",
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "app-{ns}", labels: { g: "h" } } },
      owned,
    ),
    mergePatch(
      `${namespaces}/app-{ns}?fieldManager=seven`,
      { metadata: { labels: { "kubernetes.io/metadata.name": "x" } } },
      owned,
    ),
  ],
  "a generation that nobody counts is its writer's": [
    post(configMapsPath, configMap("g", {}, { generation: 7 }), { pick: ["metadata.generation"] }),
    mergePatch(
      `${configMapsPath}/g`,
      { metadata: { generation: 9 }, data: { a: "b" } },
      { pick: ["metadata.generation"] },
    ),
    post(leases, { ...lease({}), metadata: { name: "g", generation: 7 } }, { pick: ["metadata.generation"] }),
    post(events, event({ name: "g", generation: 7 }), { pick: ["metadata.generation"] }),
    post(modern, modernEvent({ name: "h", generation: 7 }), { pick: ["metadata.generation"] }),
    post(
      roles,
      { ...clusterRole("g", { rules: [] }), kind: "Role", metadata: { name: "g", generation: 7 } },
      { pick: ["metadata.generation"] },
    ),
    ...["Secret", "ServiceAccount"].map((kind) =>
      post(
        `/api/v1/namespaces/{ns}/${kind.toLowerCase()}s`,
        { apiVersion: "v1", kind, metadata: { name: "g", generation: 7 } },
        { pick: ["metadata.generation"] },
      ),
    ),
    post(configMapsPath, configMap("h", {}, { generation: -1 }), failed),
    apply(`${configMapsPath}/i`, "one", configMap("i", {}, { generation: 7 }), {
      pick: ["metadata.generation", "metadata.managedFields"],
    }),
    post(
      `${namespaces}?dryRun=All`,
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "g-{ns}", generation: 7 } },
      { pick: ["metadata.generation"] },
    ),
  ],
  "core events have names that recorders make up": [
    ...["system:masters.17abc", `${"a".repeat(253)}.17abc`, "A_b", "Ü", "a b", "a..b", "a%b", ".", "..", "a/b"].map(
      (name) => post(events, event({ name }), judged),
    ),
    post(events, event({ generateName: "g." }), { pick: ["metadata.generateName"] }),
    post(events, event({ generateName: "A%" }), { pick: ["code", "details.causes.0"] }),
    post(events, event({ name: "c6", finalizers: ["x"] }), judged),
    post(events, event({ name: "c7", finalizers: ["a b"] }), judged),
    get(`${events}/system:masters.17abc`, judged),
    post(events, event({ name: "a", labels: { "a b": "c" } }), judged),
  ],
  "events of the new API have names like other objects": [
    post(modern, modernEvent({ generateName: "n1." }), { pick: ["code", "details.causes"] }),
    post(modern, modernEvent({ name: "system:masters.17abc" }), judged),
    post(modern, modernEvent({ name: "n2", finalizers: ["x"] }), judged),
    post(modern, modernEvent({ name: "n3" }), judged),
  ],
  "an update of an event keeps its names and judges its labels": [
    post(events, event({ name: "A_b" }), judged),
    mergePatch(`${events}/A_b`, { metadata: { labels: { "a b": "c" } } }, failed),
    mergePatch(`${events}/A_b`, { metadata: { finalizers: ["x"] } }, judged),
    mergePatch(`${events}/A_b`, { count: 2 }, { pick: ["count"] }),
    mergePatch(`${events}/A_b`, { involvedObject: { namespace: "other" } }, failed),
    mergePatch(`${modern}/A_b`, { metadata: { labels: { a: "b" } } }, { pick: ["metadata.labels", "message"] }),
    apply(`${events}/B_b`, "one", event({ name: "B_b" }), judged),
    put(`${events}/C_b`, event({ name: "C_b" }), judged),
  ],
  "a policy that keeps content in a namespace that goes is told in its conditions": [
    post(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "sub-{ns}" } }, quiet),
    post(`${namespaces}/sub-{ns}/configmaps`, configMap("keep"), quiet),
    post(`${namespaces}/sub-{ns}/configmaps`, configMap("a-other"), quiet),
    post(
      `${admission}/validatingadmissionpolicies`,
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicy",
        metadata: { name: "keep-{ns}" },
        spec: {
          matchConstraints: {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "sub-{ns}" } },
            resourceRules: [
              { apiGroups: [""], apiVersions: ["v1"], operations: ["DELETE"], resources: ["configmaps"] },
            ],
          },
          validations: [{ expression: "oldObject == null || oldObject.metadata.name != 'keep'" }],
        },
      },
      quiet,
    ),
    post(
      `${admission}/validatingadmissionpolicybindings`,
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: { name: "keep-{ns}" },
        spec: { policyName: "keep-{ns}", validationActions: ["Deny"] },
      },
      quiet,
    ),
    del(`${namespaces}/sub-{ns}/configmaps/keep?dryRun=All`, undefined, { until: 422, ...failed }),
    del(`${namespaces}/sub-{ns}`, undefined, quiet),
    get(`${namespaces}/sub-{ns}`, { until: "status.conditions.4", pick: ["status"] }),
    get(`${namespaces}/sub-{ns}/configmaps/a-other`, { until: 404, ...quiet }),
    get(`${namespaces}/sub-{ns}/configmaps/keep`, { pick: ["metadata.name", "metadata.deletionTimestamp"] }),
    del(`${admission}/validatingadmissionpolicybindings/keep-{ns}`, undefined, quiet),
    get(`${namespaces}/sub-{ns}`, { until: 404, ...quiet }),
    del(`${admission}/validatingadmissionpolicies/keep-{ns}`, undefined, quiet),
  ],
  "numbers that Go's integers do not hold are refused": [
    ...[2147483648, -2147483649, 1e30, 1.5].map((leaseDurationSeconds) =>
      post(leases, lease({ leaseDurationSeconds }), failed),
    ),
    post(leases, lease({ leaseDurationSeconds: 2147483647 }, "most"), { pick: ["spec"] }),
    ...[-2147483649, -1].map((leaseTransitions) => post(leases, lease({ leaseTransitions }), failed)),
    post(events, event({ name: "a" }, { count: 3_000_000_000 }), failed),
    post(events, event({ name: "a" }, { series: { count: 2147483648 } }), failed),
    post(events, event({ name: "a", generation: 1e30 }), failed),
    post(configMapsPath, configMap("a", {}, { generation: 1e19 }), failed),
    post(configMapsPath, configMap("a", {}, { deletionGracePeriodSeconds: -1e19 }), failed),
    post(configMapsPath, configMap("a", {}, { generation: 4294967296 }), { pick: ["metadata.generation"] }),
    del(`${configMapsPath}/a`, { gracePeriodSeconds: 1e30 }, failed),
    del(`${configMapsPath}/a`, { gracePeriodSeconds: 1.5 }, failed),
    mergePatch(`${leases}/most`, { spec: { leaseDurationSeconds: 2147483648 } }, { ...failed, echo: false }),
    mergePatch(`${leases}/most`, { spec: { leaseTransitions: 1e30 } }, { ...failed, echo: false }),
    post(token, tokenRequest({}, { expirationSeconds: 1e30 }), failed),
    post(
      "/apis/conform.roster.dev/v1/namespaces/{ns}/widgets",
      {
        apiVersion: "conform.roster.dev/v1",
        kind: "Widget",
        metadata: { name: "a", generation: 1e30 },
        spec: { size: 1 },
      },
      failed,
    ),
  ],
  "an apply of numbers that Go's integers do not hold": [2147483648, 4294967297, -2147483649, 1e30].map(
    (leaseDurationSeconds) =>
      apply(`${leases}/w`, "one", lease({ leaseDurationSeconds }, "w"), { pick: ["spec", "code", "message"] }),
  ),
  "bodies of another version or kind": [
    foreign("/apis/authentication.k8s.io/v1/selfsubjectreviews", "authentication.k8s.io/v1beta1", "SelfSubjectReview"),
    foreign("/apis/authentication.k8s.io/v1/selfsubjectreviews", "authentication.k8s.io/v1alpha1", "SelfSubjectReview"),
    foreign("/apis/authentication.k8s.io/v1/tokenreviews", "authentication.k8s.io/v1beta1", "TokenReview"),
    foreign(`${authz}/subjectaccessreviews`, "authorization.k8s.io/v1beta1", "SubjectAccessReview"),
    foreign(roles, `${rbacGroup}/v1beta1`, "Role"),
    foreign(roles, `${rbacGroup}/v1alpha1`, "Role"),
    foreign(roles, `${rbacGroup}/v2`, "Role"),
    foreign(leases, "coordination.k8s.io/v1beta1", "Lease"),
    foreign(leases, "coordination.k8s.io/v1alpha2", "Lease"),
    foreign(modern, "events.k8s.io/v1beta1", "Event"),
    foreign(modern, "v1", "Event"),
    foreign(events, "events.k8s.io/v1", "Event"),
    foreign(events, "events.k8s.io/v1beta1", "Event"),
    foreign(
      `${admission}/validatingadmissionpolicies`,
      "admissionregistration.k8s.io/v1beta1",
      "ValidatingAdmissionPolicy",
    ),
    foreign(
      `${admission}/validatingadmissionpolicies`,
      "admissionregistration.k8s.io/v1alpha1",
      "ValidatingAdmissionPolicy",
    ),
    foreign(
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      "apiextensions.k8s.io/v1beta1",
      "CustomResourceDefinition",
    ),
    foreign(configMapsPath, "v1", "ConfigMapList"),
    foreign(configMapsPath, "v1", "NamespaceList"),
    foreign(configMapsPath, "v1", "SecretList", { items: [] }),
    foreign(leases, "coordination.k8s.io/v1", "LeaseList"),
    foreign(configMapsPath, "coordination.k8s.io/v1", "Lease"),
    foreign(configMapsPath, "v1", "List"),
    foreign(configMapsPath, "v1", "DeleteOptions"),
    foreign(configMapsPath, "v1", "Status"),
  ],
  "what Go leaves out when it is empty is not kept": [
    post(`${roleBindings}?fieldManager=one`, {
      apiVersion: `${rbacGroup}/v1`,
      kind: "RoleBinding",
      metadata: { name: "a" },
      roleRef: { apiGroup: rbacGroup, kind: "Role", name: "x" },
      subjects: [
        { kind: "ServiceAccount", apiGroup: "", name: "a", namespace: "" },
        { kind: "User", apiGroup: "", name: "a", namespace: "" },
      ],
    }),
    post(
      `${events}?fieldManager=one`,
      event(
        { name: "a" },
        {
          message: "",
          reason: "",
          type: "",
          action: "",
          count: 0,
          reportingComponent: "",
          reportingInstance: "",
          source: { component: "", host: "" },
          involvedObject: { kind: "ConfigMap", namespace: "{ns}", name: "", uid: "", fieldPath: "" },
          related: { name: "" },
          series: { count: 0, lastObservedTime: "2026-01-01T00:00:00.000000Z" },
        },
      ),
    ),
    post(
      `${modern}?fieldManager=one`,
      modernEvent({ name: "b" }, { note: "", deprecatedCount: 0, regarding: { namespace: "{ns}", name: "" } }),
    ),
    ...[
      { user: "x", uid: "", nonResourceAttributes: { path: "", verb: "" } },
      {
        user: "",
        groups: ["g"],
        resourceAttributes: {
          namespace: "",
          verb: "get",
          group: "",
          resource: "x",
          subresource: "",
          name: "",
          version: "",
        },
      },
    ].map((spec) =>
      post(`${authz}/subjectaccessreviews?fieldManager=one`, {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec,
      }),
    ),
    post("/apis/authentication.k8s.io/v1/tokenreviews", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token: "x", audiences: [] },
    }),
    post(leases, lease({ holderIdentity: "", leaseTransitions: 0 })),
    post("/api/v1/namespaces/{ns}/secrets", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "a" },
      type: "",
      immutable: false,
    }),
  ],
};
