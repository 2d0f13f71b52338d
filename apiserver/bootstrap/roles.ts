import type { PolicyRule } from "../auth/policy-rule.ts";

const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];
const rbac = "rbac.authorization.k8s.io";

export interface DefaultRole {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Collects the rules of all ClusterRoles with this label. */
  readonly aggregates?: string;
  readonly rules?: readonly PolicyRule[];
}

const label = (role: string) => `${rbac}/aggregate-to-${role}`;

/** The ClusterRoles that every cluster has, for the kinds that are served here. */
export const defaultRoles: readonly DefaultRole[] = [
  {
    name: "cluster-admin",
    rules: [
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
      { verbs: ["*"], nonResourceURLs: ["*"] },
    ],
  },
  { name: "admin", aggregates: label("admin") },
  { name: "edit", aggregates: label("edit"), labels: { [label("admin")]: "true" } },
  { name: "view", aggregates: label("view"), labels: { [label("edit")]: "true" } },
  {
    name: "system:aggregate-to-admin",
    labels: { [label("admin")]: "true" },
    rules: [
      { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["localsubjectaccessreviews"] },
      { verbs: [...write, ...read].sort(), apiGroups: [rbac], resources: ["rolebindings", "roles"] },
    ],
  },
  {
    name: "system:aggregate-to-edit",
    labels: { [label("edit")]: "true" },
    rules: [
      { verbs: read, apiGroups: [""], resources: ["secrets"] },
      { verbs: ["impersonate"], apiGroups: [""], resources: ["serviceaccounts"] },
      { verbs: write, apiGroups: [""], resources: ["configmaps", "secrets", "serviceaccounts"] },
      { verbs: ["create"], apiGroups: [""], resources: ["serviceaccounts/token"] },
      { verbs: write, apiGroups: ["", "events.k8s.io"], resources: ["events"] },
      { verbs: [...write, ...read].sort(), apiGroups: ["coordination.k8s.io"], resources: ["leases"] },
    ],
  },
  {
    name: "system:aggregate-to-view",
    labels: { [label("view")]: "true" },
    rules: [
      { verbs: read, apiGroups: [""], resources: ["configmaps", "namespaces", "serviceaccounts"] },
      { verbs: read, apiGroups: [""], resources: ["namespaces/status"] },
      { verbs: read, apiGroups: ["", "events.k8s.io"], resources: ["events"] },
    ],
  },
  {
    name: "system:auth-delegator",
    rules: [
      { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"] },
      { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"] },
    ],
  },
  {
    name: "system:basic-user",
    rules: [
      {
        verbs: ["create"],
        apiGroups: ["authorization.k8s.io"],
        resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
      },
      { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"] },
    ],
  },
  {
    name: "system:discovery",
    rules: [
      {
        verbs: ["get"],
        nonResourceURLs: [
          "/api",
          "/api/*",
          "/apis",
          "/apis/*",
          "/healthz",
          "/livez",
          "/openapi",
          "/openapi/*",
          "/readyz",
          "/version",
          "/version/",
        ],
      },
    ],
  },
  {
    name: "system:public-info-viewer",
    rules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version", "/version/"] }],
  },
];

/** Who holds the default roles: ClusterRoleBindings of the same name. */
export const defaultBindings: readonly { readonly role: string; readonly groups: readonly string[] }[] = [
  { role: "cluster-admin", groups: ["system:masters"] },
  { role: "system:basic-user", groups: ["system:authenticated"] },
  { role: "system:discovery", groups: ["system:authenticated"] },
  { role: "system:public-info-viewer", groups: ["system:authenticated", "system:unauthenticated"] },
];
