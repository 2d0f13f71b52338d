import { configMap, del, get, mergePatch, post, put, type Sequences, type Step, watch, widget } from "../step.ts";

const all = "/api/v1/namespaces";
const sub = `${all}/sub-{ns}`;
const maps = `${sub}/configmaps`;
const widgets = "/apis/conform.roster.dev/v1/namespaces/sub-{ns}/widgets";
const quiet = { pick: ["code"] };
const state = { pick: ["code", "reason", "metadata.labels", "metadata.finalizers", "spec", "status.phase"] };
const failed = { pick: ["code", "reason", "message", "details"] };
const hold = "conform.roster.dev/hold";
const namespace = (more: object = {}, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "sub-{ns}", ...metadata },
  ...more,
});
const made: Step = post(all, namespace(), { ...quiet, save: { rv: "metadata.resourceVersion", uid: "metadata.uid" } });
const release = (path: string) => mergePatch(path, { metadata: { finalizers: null } }, quiet);
const gone = get(sub, { until: 404, ...quiet });
const conditions = {
  pick: ["status.phase", ...[0, 1, 2, 3, 4].map((index) => `status.conditions.${index}`), "status.conditions.5"],
};

export const namespaces: Sequences = {
  "a namespace as it is made": [post(all, namespace()), get(sub), del(sub)],
  "spec, status and the name's label are the server's": [
    post(
      all,
      namespace(
        { spec: { finalizers: ["mine.dev/x"] }, status: { phase: "Terminating" } },
        { labels: { "kubernetes.io/metadata.name": "other", a: "b" } },
      ),
      state,
    ),
    mergePatch(sub, { metadata: { labels: { "kubernetes.io/metadata.name": "other" } } }, state),
    mergePatch(sub, { metadata: { labels: null } }, state),
    mergePatch(sub, { spec: { finalizers: [] }, status: { phase: "Terminating" } }, state),
    put(sub, namespace({ spec: {} }), state),
    get(`${all}?fieldSelector=metadata.name%3Dsub-{ns}&labelSelector=kubernetes.io/metadata.name%3Dsub-{ns}`, {
      pick: ["items.0.metadata.name", "items.1"],
    }),
  ],
  "names that a namespace cannot have": ["a.b", "-a", "a-", "A", "a_b", "a".repeat(64), "1", ""].map((name) =>
    post(`${all}?dryRun=All`, namespace({}, { name }), failed),
  ),
  "a namespace with content and finalizers goes in steps": [
    made,
    post(maps, configMap("a"), quiet),
    post(maps, configMap("held", {}, { finalizers: [hold] }), quiet),
    post(widgets, widget("w", {}, { finalizers: [hold, `${hold}-2`] }), quiet),
    del(sub, undefined, { pick: ["kind", "status.phase", "spec.finalizers", "metadata.name"] }),
    get(sub, { until: "status.conditions.4", pick: ["status.phase"] }),
    get(`${maps}/a`, { until: 404, ...quiet }),
    get(`${maps}/held`, { until: "metadata.deletionTimestamp", pick: ["metadata.finalizers"] }),
    get(`${widgets}/w`, { until: "metadata.deletionTimestamp", pick: ["metadata.finalizers"] }),
    release(`${maps}/held`),
    release(`${widgets}/w`),
    gone,
  ],
  "what holds a namespace is told in its conditions": [
    made,
    post(maps, configMap("a", {}, { finalizers: [hold] }), quiet),
    post(maps, configMap("b", {}, { finalizers: [hold] }), quiet),
    del(sub, undefined, quiet),
    get(sub, { until: "status.conditions.4", ...conditions }),
    release(`${maps}/a`),
    release(`${maps}/b`),
    gone,
  ],
  "nothing new comes into a namespace that goes": [
    made,
    post(maps, configMap("held", {}, { finalizers: [hold] }), quiet),
    del(sub, undefined, quiet),
    post(maps, configMap("new")),
    post(widgets, widget("new")),
    put(`${widgets}/new`, widget("new"), failed),
    post("/apis/coordination.k8s.io/v1/namespaces/sub-{ns}/leases", {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "l" },
    }),
    put(
      "/apis/coordination.k8s.io/v1/namespaces/sub-{ns}/leases/l",
      { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l" } },
      failed,
    ),
    post(`${maps}?dryRun=All`, configMap("new"), failed),
    post(maps, { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "g-" } }, failed),
    mergePatch(`${maps}/held`, { data: { still: "writable" } }, { pick: ["data"] }),
    post(
      "/api/v1/namespaces/sub-{ns}/events",
      {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name: "e" },
        involvedObject: { kind: "Namespace", name: "sub-{ns}", namespace: "sub-{ns}" },
        reason: "Going",
      },
      failed,
    ),
    get(maps, { pick: ["items.0.metadata.name", "items.1.metadata.name"] }),
    release(`${maps}/held`),
    gone,
  ],
  "a namespace that goes stays so": [
    made,
    post(maps, configMap("held", {}, { finalizers: [hold] }), quiet),
    del(sub, undefined, quiet),
    del(sub, undefined, { pick: ["code", "kind", "status.phase", "message"] }),
    post(all, namespace(), failed),
    mergePatch(sub, { metadata: { deletionTimestamp: null } }, { pick: ["code", "status.phase", "message"] }),
    mergePatch(sub, { metadata: { labels: { late: "yes" } } }, { pick: ["metadata.labels"] }),
    mergePatch(sub, { metadata: { finalizers: ["a.dev/late"] } }, failed),
    release(`${maps}/held`),
    gone,
    { ...made, until: 201 },
    get(sub, { pick: ["status.phase", "metadata.deletionTimestamp"] }),
  ],
  "a namespace with a finalizer of its own outlives its content": [
    post(all, namespace({}, { finalizers: ["a.dev/own"] }), quiet),
    post(maps, configMap("a"), quiet),
    del(sub, undefined, quiet),
    get(`${maps}/a`, { until: 404, ...quiet }),
    get(sub, { until: "status.conditions.4", pick: ["status.phase", "metadata.finalizers"] }),
    release(sub),
    gone,
  ],
  "finalize takes what spec holds": [
    made,
    put(`${sub}/finalize`, namespace({ spec: { finalizers: ["kubernetes", "a.dev/two"] } }), state),
    put(`${sub}/finalize`, namespace({ spec: { finalizers: ["nodomain"] } }), failed),
    put(`${sub}/finalize`, namespace({ spec: { finalizers: ["a b/c"] } }), failed),
    put(`${sub}/finalize`, namespace({ spec: { finalizers: ["kubernetes"] } }, { name: "other" }), failed),
    put(`${sub}/finalize`, namespace({ spec: { finalizers: ["kubernetes"] } }, { resourceVersion: "1" }), failed),
    put(`${sub}/finalize`, namespace({ spec: {} }, { labels: { via: "finalize" } }), state),
    get(`${sub}/finalize`, failed),
    mergePatch(`${sub}/finalize`, { spec: {} }, failed),
    put(`${all}/nope-{ns}/finalize`, namespace({}, { name: "nope-{ns}" }), failed),
    get(sub, state),
    // The first deletion marks, whatever there is; with nothing left to finalize, the second ends it.
    del(sub, undefined, { pick: ["kind", "status", "status.phase"] }),
    get(sub, state),
    del(sub, undefined, { pick: ["kind", "status", "status.phase"] }),
    gone,
  ],
  "a forced end by finalize leaves the content to nobody": [
    made,
    post(maps, configMap("held", {}, { finalizers: [hold] }), quiet),
    del(sub, undefined, quiet),
    get(`${maps}/held`, { until: "metadata.deletionTimestamp", ...quiet }),
    get(sub, { until: "status.conditions.4", ...quiet }),
    put(`${sub}/finalize`, namespace({ spec: {} }), { pick: ["kind", "code", "spec"] }),
    gone,
    get(`${maps}/held`, { pick: ["metadata.name", "code"] }),
    post(maps, configMap("late"), failed),
    mergePatch(`${maps}/held`, { metadata: { finalizers: null } }, failed),
  ],
  "the status of a namespace": [
    made,
    put(`${sub}/status`, namespace({ status: { phase: "Sleeping" } }), failed),
    put(`${sub}/status`, namespace({ status: { phase: "Terminating" } }), failed),
    put(`${sub}/status`, namespace({ status: { phase: "Active" } }), state),
    mergePatch(`${sub}/status`, { metadata: { labels: { by: "status" } }, spec: { finalizers: ["a.dev/x"] } }, state),
    mergePatch(`${sub}/status`, { status: { phase: null } }, state),
    mergePatch(
      `${sub}/status`,
      {
        status: {
          conditions: [
            {
              type: "NamespaceContentRemaining",
              status: "False",
              reason: "None",
              message: "m",
              lastTransitionTime: "2026-01-01T00:00:00Z",
            },
          ],
        },
      },
      { pick: ["code", "message", "status"] },
    ),
    get(`${sub}/status`, { pick: ["status.phase", "metadata.labels"] }),
  ],
  "namespaces that may not go": [
    ...["default", "kube-system", "kube-public"].map((name) => del(`${all}/${name}`)),
    del(`${all}/default?dryRun=All`, undefined, failed),
    del(`${all}/kube-node-lease?dryRun=All`, undefined, { pick: ["kind", "code"] }),
    del(all, undefined, failed),
  ],
  "deleting a namespace as a dry run or under a condition": [
    made,
    del(`${sub}?dryRun=All`, undefined, { pick: ["kind", "status.phase", "metadata.deletionTimestamp"] }),
    del(sub, { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } }, failed),
    del(sub, { preconditions: { resourceVersion: "1" } }, failed),
    get(sub, state),
    del(
      sub,
      { preconditions: { uid: "{uid}" }, propagationPolicy: "Foreground" },
      { pick: ["kind", "status.phase", "metadata.finalizers"] },
    ),
    gone,
  ],
  "every namespace has an account of its own": [
    made,
    get("/api/v1/namespaces/sub-{ns}/serviceaccounts/default", {
      until: 200,
      pick: ["metadata.name", "secrets", "metadata.labels"],
    }),
    del("/api/v1/namespaces/sub-{ns}/serviceaccounts/default", undefined, { pick: ["kind", "metadata.name"] }),
    get("/api/v1/namespaces/sub-{ns}/serviceaccounts/default", { until: 200, pick: ["metadata.name"] }),
  ],
  "the content of an empty namespace that goes": [
    made,
    watch(
      all,
      { during: [del(sub, undefined, quiet)], lines: 3 },
      {
        query: "&resourceVersion={rv}&fieldSelector=metadata.name%3Dsub-{ns}",
        pick: ["type", "object.status.phase", "object.spec.finalizers", "object.status.conditions.3"],
      },
    ),
  ],
};
