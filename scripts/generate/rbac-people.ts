import type { Rule } from "./rbac.ts";

const apiVersion = "rbac.authorization.k8s.io/v1";
const labels = { "app.kubernetes.io/part-of": "roster" };
const authored = ["agentroles", "agentbindings", "agenttriggers", "agentbudgets", "agentstops", "toolservers"];
const read = ["get", "list", "watch"];
const write = ["create", "update", "patch", "delete"];

const role = (name: string, rules: readonly Rule[]) => ({
  apiVersion,
  kind: "ClusterRole",
  metadata: { name, labels },
  rules,
});

/** Roles for people; they grant nothing until somebody binds them, namespace by namespace. */
export const peopleRoles: readonly object[] = [
  role("roster-viewer", [
    { apiGroups: ["roster.dev"], resources: [...authored, "agentruns", "agentapprovals", "modeltiers"], verbs: read },
    { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: read },
  ]),
  role("roster-operator", [
    { apiGroups: ["roster.dev"], resources: authored, verbs: [...read, ...write] },
    { apiGroups: ["roster.dev"], resources: ["agentruns"], verbs: [...read, ...write] },
    { apiGroups: ["roster.dev"], resources: ["agentapprovals", "modeltiers"], verbs: read },
    { apiGroups: ["roster.dev"], resources: ["agentbindings"], verbs: ["run"] },
    { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: read },
  ]),
  role("roster-approver", [
    { apiGroups: ["roster.dev"], resources: ["agentapprovals"], verbs: [...read, "update", "patch"] },
    { apiGroups: ["roster.dev"], resources: ["agentroles"], verbs: [...read, "approve"] },
  ]),
];

/** Whoever the API server knows may find the gateway; what they may do there is asked of them there. */
export const peopleFinder: readonly object[] = [
  {
    apiVersion,
    kind: "Role",
    metadata: { name: "roster-gateway-finder", namespace: "roster-system", labels },
    rules: [{ apiGroups: [""], resources: ["configmaps"], resourceNames: ["roster-gateway"], verbs: ["get"] }],
  },
  {
    apiVersion,
    kind: "RoleBinding",
    metadata: { name: "roster-gateway-finder", namespace: "roster-system", labels },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "roster-gateway-finder" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:authenticated" }],
  },
];
