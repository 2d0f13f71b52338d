import { compileSchema } from "../schema/structural.ts";
import { builtinColumns } from "./columns.ts";
import { definitions } from "./definition-strategy.ts";
import { coreEvents, emptyEvents, modernEvents } from "./event-validation.ts";
import { coreEvent, eventConversion, eventFields } from "./events.ts";
import { allVerbs, type ServedKind, type Strategy, type Subresource } from "./kind.ts";
import { checkLabel, checkPathSegment, checkSubdomain } from "./names.ts";
import { toStructural } from "./openapi.ts";
import { policies, policyBindings } from "./policies.ts";
import { bindings, roles } from "./rbac.ts";
import { configMaps, leases, namespaces, secrets, serviceAccounts } from "./strategies.ts";

const plain: Strategy = {
  checkName: checkSubdomain,
  unconditionalUpdate: true,
  createOnUpdate: false,
  counted: false,
  strictFinalizers: true,
};
const status: Subresource = { name: "status", verbs: ["get", "patch", "update"] };
const text = (value: unknown) => (value === undefined || value === null ? "" : String(value));

interface Row {
  readonly group?: string;
  readonly kind: string;
  readonly plural: string;
  readonly component: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly cluster?: boolean;
  readonly verbs?: readonly string[];
  readonly subresources?: readonly Subresource[];
  readonly bucket?: string;
  readonly strategy: Strategy;
  readonly selectable?: ServedKind["selectable"];
  readonly conversion?: ServedKind["conversion"];
  readonly empty?: ServedKind["empty"];
}

const rbac = {
  group: "rbac.authorization.k8s.io",
  strategy: { ...plain, checkName: checkPathSegment, createOnUpdate: true },
};
const admission = { group: "admissionregistration.k8s.io", cluster: true, categories: ["api-extensions"] };
const crd = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition";

// Everything that differs between the built-in kinds that are stored; reviews are in reviews/.
const rows: readonly Row[] = [
  {
    kind: "ConfigMap",
    plural: "configmaps",
    component: "io.k8s.api.core.v1.ConfigMap",
    shortNames: ["cm"],
    strategy: { ...plain, ...configMaps },
  },
  {
    kind: "Event",
    plural: "events",
    component: "io.k8s.api.core.v1.Event",
    shortNames: ["ev"],
    strategy: { ...plain, ...coreEvents, createOnUpdate: true, strictFinalizers: false },
    selectable: eventFields.core,
    empty: emptyEvents.core,
  },
  {
    kind: "Namespace",
    plural: "namespaces",
    component: "io.k8s.api.core.v1.Namespace",
    shortNames: ["ns"],
    cluster: true,
    verbs: allVerbs.filter((verb) => verb !== "deletecollection"),
    subresources: [{ name: "finalize", verbs: ["update"] }, status],
    strategy: { ...plain, ...namespaces, checkName: checkLabel },
    empty: { spec: {}, status: {} },
    selectable: { "status.phase": (object) => text((object.status as { phase?: string } | undefined)?.phase) },
  },
  {
    kind: "Secret",
    plural: "secrets",
    component: "io.k8s.api.core.v1.Secret",
    strategy: { ...plain, ...secrets },
    selectable: { type: (object) => text(object.type) },
  },
  {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    component: "io.k8s.api.core.v1.ServiceAccount",
    shortNames: ["sa"],
    subresources: [
      {
        name: "token",
        verbs: ["create"],
        kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" },
      },
    ],
    strategy: { ...plain, ...serviceAccounts },
  },
  {
    group: "events.k8s.io",
    kind: "Event",
    plural: "events",
    component: "io.k8s.api.events.v1.Event",
    shortNames: ["ev"],
    bucket: "core/events",
    strategy: { ...plain, ...modernEvents, createOnUpdate: true },
    selectable: eventFields.modern,
    conversion: eventConversion,
    empty: emptyEvents.modern,
  },
  {
    group: "coordination.k8s.io",
    kind: "Lease",
    plural: "leases",
    component: "io.k8s.api.coordination.v1.Lease",
    strategy: { ...plain, ...leases, createOnUpdate: true, unconditionalUpdate: false },
    empty: { spec: {} },
  },
  {
    ...rbac,
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    component: "io.k8s.api.rbac.v1.ClusterRoleBinding",
    cluster: true,
    strategy: { ...rbac.strategy, ...bindings },
    empty: { roleRef: { apiGroup: "", kind: "", name: "" } },
  },
  {
    ...rbac,
    kind: "ClusterRole",
    plural: "clusterroles",
    component: "io.k8s.api.rbac.v1.ClusterRole",
    cluster: true,
    strategy: { ...rbac.strategy, ...roles },
    empty: { rules: null },
  },
  {
    ...rbac,
    kind: "RoleBinding",
    plural: "rolebindings",
    component: "io.k8s.api.rbac.v1.RoleBinding",
    strategy: { ...rbac.strategy, ...bindings },
    empty: { roleRef: { apiGroup: "", kind: "", name: "" } },
  },
  {
    ...rbac,
    kind: "Role",
    plural: "roles",
    component: "io.k8s.api.rbac.v1.Role",
    strategy: { ...rbac.strategy, ...roles },
    empty: { rules: null },
  },
  {
    ...admission,
    kind: "ValidatingAdmissionPolicy",
    plural: "validatingadmissionpolicies",
    component: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy",
    subresources: [status],
    strategy: { ...plain, ...policies, unconditionalUpdate: false, counted: true, strictFinalizers: false },
    empty: { spec: {}, status: {} },
  },
  {
    ...admission,
    kind: "ValidatingAdmissionPolicyBinding",
    plural: "validatingadmissionpolicybindings",
    component: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding",
    strategy: { ...plain, ...policyBindings, unconditionalUpdate: false, counted: true, strictFinalizers: false },
    empty: { spec: {} },
  },
  {
    group: "apiextensions.k8s.io",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    component: crd,
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    cluster: true,
    subresources: [status],
    strategy: { ...plain, ...definitions, unconditionalUpdate: false, counted: true, strictFinalizers: false },
    empty: {
      spec: { group: "", names: { plural: "", kind: "" }, scope: "", versions: null },
      status: { conditions: null, acceptedNames: { plural: "", kind: "" }, storedVersions: null },
    },
  },
];

/** Lists that Go writes as null when there are none must be readable as that. */
function withNulls(schema: Schema, empty: ServedKind["empty"] = {}): Schema {
  const properties = { ...(schema.properties as Record<string, Schema>) };
  for (const [field, value] of Object.entries(empty)) {
    if (value === null) properties[field] = { ...properties[field], nullable: true };
  }
  return { ...schema, properties };
}

type Schema = Readonly<Record<string, unknown>>;

/** `apiVersion/Kind` of each of them. */
export const builtinKindNames: ReadonlySet<string> = new Set([
  "v1/List",
  ...rows.map(({ group, kind }) => `${group ? `${group}/` : ""}v1/${kind}`),
]);

/** Every built-in kind that is stored, v1 of its group. Schemas are compiled once, when this is called. */
export function builtinKinds(strategies: Readonly<Record<string, Partial<Strategy>>> = {}): ServedKind[] {
  return rows.map((row) => {
    const group = row.group ?? "";
    return {
      group,
      version: "v1",
      kind: row.kind,
      listKind: `${row.kind}List`,
      plural: row.plural,
      singular: row.kind.toLowerCase(),
      shortNames: row.shortNames ?? [],
      categories: row.categories ?? [],
      namespaced: !row.cluster,
      verbs: row.verbs ?? allVerbs,
      subresources: row.subresources ?? [],
      bucket: row.bucket ?? `${group || "core"}/${row.plural}`,
      custom: false,
      hasStatus: (row.subresources ?? []).some(({ name }) => name === "status"),
      schema: compileSchema(withNulls(toStructural(row.component), row.empty)),
      openapi: { name: row.component, schema: {} },
      columns: builtinColumns[row.kind]!,
      selectable: row.selectable ?? {},
      empty: row.empty ?? {},
      strategy: { ...row.strategy, ...strategies[row.kind] },
      storedAs: row.conversion ? coreEvent : group ? `${group}/v1` : "v1",
      ...(row.conversion ? { conversion: row.conversion } : {}),
    };
  });
}
