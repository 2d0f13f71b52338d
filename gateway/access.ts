/** What the gateway needs of the Kubernetes API. manifests/install/rbac.yaml is generated from this. */
export const access: readonly {
  readonly component: "gateway";
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly namespaced: boolean;
  readonly only?: "roster-system";
  readonly names?: readonly string[];
}[] = [
  // Credentials are read by name, one at a time: no list, so that a stolen token cannot collect them.
  { component: "gateway", group: "", resource: "secrets", verbs: ["get"], namespaced: true },
  { component: "gateway", group: "", resource: "namespaces", verbs: ["get"], namespaced: false },
  // Which cluster this is where there are only Roles, and what it remembers of its ledger.
  { component: "gateway", group: "", resource: "namespaces", verbs: ["get"], namespaced: false, only: "roster-system" },
  {
    component: "gateway",
    group: "",
    resource: "configmaps",
    verbs: ["get"],
    namespaced: true,
    only: "roster-system",
    names: ["roster-ledger"],
  },
  {
    component: "gateway",
    group: "authentication.k8s.io",
    resource: "tokenreviews",
    verbs: ["create"],
    namespaced: false,
  },
  {
    component: "gateway",
    group: "authorization.k8s.io",
    resource: "subjectaccessreviews",
    verbs: ["create"],
    namespaced: false,
  },
];
