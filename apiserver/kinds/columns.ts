import { isObject } from "../../lib/json.ts";
import { goJson, goNumber } from "../schema/field-errors.ts";
import type { KubeObject } from "../store/entry.ts";
import { isReadable, readPath } from "../table/json-path.ts";
import type { Column } from "./kind.ts";
import { components } from "./openapi.ts";

const metaOf = (field: string) =>
  (
    components["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]!.properties as Record<
      string,
      { description?: string }
    >
  )[field]?.description ?? "";
const descriptionOf = (kind: string, field: string, group = "core") =>
  (components[`io.k8s.api.${group}.v1.${kind}`]!.properties as Record<string, { description?: string }>)[field]
    ?.description ?? "";
/** Go's time that was never set. */
const zeroTime = "0001-01-01T00:00:00Z";
const nameText = metaOf("name");
const createdText = metaOf("creationTimestamp");

const column = (name: string, description: string, cell: Column["cell"], priority = 0, type = "string"): Column => ({
  name,
  type,
  format: "",
  description,
  priority,
  cell,
});
const name: Column = { ...column("Name", nameText, (object) => object.metadata.name), format: "name" };
const age = column("Age", createdText, (object, now) => since(object.metadata.creationTimestamp, now));
const createdAt = column(
  "Created At",
  createdText,
  (object) => object.metadata.creationTimestamp ?? zeroTime,
  0,
  "date",
);

const text = (value: unknown) => (value === undefined || value === null ? "" : String(value));
const size = (value: unknown) => (isObject(value) ? Object.keys(value).length : 0);
const at = (object: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), object);

/** A length of time as kubectl prints ages: `45s`, `3m12s`, `5h`, `2d`. */
export function since(timestamp: unknown, now: number): string {
  if (typeof timestamp !== "string") return "<unknown>";
  const then = Date.parse(timestamp);
  if (Number.isNaN(then)) return "<unknown>";
  return duration(Math.floor((now - then) / 1000));
}

function duration(seconds: number): string {
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  if (hours < 24 * 365 * 8) return days % 365 === 0 ? `${years}y` : `${years}y${days % 365}d`;
  return `${years}y`;
}

const eventColumns: readonly Column[] = [
  column("Last Seen", "The time at which the most recent occurrence of this event was recorded.", (object, now) =>
    since(
      at(object, "series", "lastObservedTime") ?? object.lastTimestamp ?? object.eventTime ?? object.firstTimestamp,
      now,
    ),
  ),
  column("Type", "Type of this event (Normal, Warning), new types could be added in the future", (o) => text(o.type)),
  column(
    "Reason",
    "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.",
    (o) => text(o.reason),
  ),
  column("Object", "The object that this event is about.", (o) => {
    const kind = text(at(o, "involvedObject", "kind")).toLowerCase();
    const target = text(at(o, "involvedObject", "name"));
    return target ? `${kind}/${target}` : kind;
  }),
  column(
    "Subobject",
    descriptionOf("ObjectReference", "fieldPath"),
    (o) => text(at(o, "involvedObject", "fieldPath")),
    1,
  ),
  column(
    "Source",
    "The component reporting this event. Should be a short machine understandable string.",
    (o) => {
      const component = text(at(o, "source", "component") || o.reportingComponent);
      const host = text(at(o, "source", "host") || o.reportingInstance);
      return host ? `${component}, ${host}` : component;
    },
    1,
  ),
  column("Message", "A human-readable description of the status of this operation.", (o) => text(o.message).trim()),
  column(
    "First Seen",
    "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)",
    (o, now) => since(o.firstTimestamp ?? o.eventTime, now),
    1,
  ),
  column(
    "Count",
    "The number of times this event has occurred.",
    (o) => at(o, "series", "count") ?? (Number(o.count ?? 0) || 1),
    1,
  ),
  { ...name, priority: 1 },
];

const subjects = (object: KubeObject, kind: string) =>
  (Array.isArray(object.subjects) ? object.subjects : [])
    .filter((subject) => isObject(subject) && subject.kind === kind)
    .map((subject) =>
      kind === "ServiceAccount" ? `${text(subject.namespace)}/${text(subject.name)}` : text(subject.name),
    )
    .join(", ");
const bindingColumns = (kind: "RoleBinding" | "ClusterRoleBinding"): readonly Column[] => {
  const word = `${kind[0]!.toLowerCase()}${kind.slice(1)}`;
  // The table's text is older than the API's.
  const roleText = descriptionOf(kind, "roleRef", "rbac").replace(" This field is immutable.", "");
  return [
    name,
    column("Role", roleText, (o) => `${text(at(o, "roleRef", "kind"))}/${text(at(o, "roleRef", "name"))}`),
    age,
    column("Users", `Users in the ${word}`, (o) => subjects(o, "User"), 1),
    column("Groups", `Groups in the ${word}`, (o) => subjects(o, "Group"), 1),
    column("ServiceAccounts", `ServiceAccounts in the ${word}`, (o) => subjects(o, "ServiceAccount"), 1),
  ];
};

/** The columns of the built-in kinds, as kube-apiserver prints them. */
export const builtinColumns: Readonly<Record<string, readonly Column[]>> = {
  Namespace: [name, column("Status", "The status of the namespace", (o) => text(at(o, "status", "phase"))), age],
  Secret: [
    name,
    column("Type", descriptionOf("Secret", "type"), (o) => text(o.type)),
    column("Data", descriptionOf("Secret", "data"), (o) => size(o.data)),
    age,
  ],
  ConfigMap: [name, column("Data", descriptionOf("ConfigMap", "data"), (o) => size(o.data) + size(o.binaryData)), age],
  Event: eventColumns,
  ServiceAccount: [name, age],
  Lease: [
    name,
    column("Holder", descriptionOf("LeaseSpec", "holderIdentity", "coordination"), (o) =>
      text(at(o, "spec", "holderIdentity")),
    ),
    age,
  ],
  Role: [name, createdAt],
  ClusterRole: [name, createdAt],
  RoleBinding: bindingColumns("RoleBinding"),
  ClusterRoleBinding: bindingColumns("ClusterRoleBinding"),
  CustomResourceDefinition: [name, createdAt],
  ValidatingAdmissionPolicy: [
    name,
    column(
      "Validations",
      "Validations indicates the number of validation rules defined in this configuration",
      (o) => (Array.isArray(at(o, "spec", "validations")) ? (at(o, "spec", "validations") as unknown[]).length : 0),
      0,
      "integer",
    ),
    column("ParamKind", "ParamKind specifies the kind of resources used to parameterize this policy", (o) => {
      const kind = at(o, "spec", "paramKind");
      return isObject(kind) ? `${text(kind.apiVersion)}/${text(kind.kind)}` : "<unset>";
    }),
    age,
  ],
  ValidatingAdmissionPolicyBinding: [
    name,
    column("PolicyName", "PolicyName indicates the policy definition which the policy binding binded to", (o) =>
      text(at(o, "spec", "policyName")),
    ),
    column("ParamRef", "ParamRef indicates the param resource which sets the configuration param", (o) => {
      const ref = at(o, "spec", "paramRef");
      if (!isObject(ref)) return "<unset>";
      return ref.namespace ? `${text(ref.namespace)}/${text(ref.name)}` : text(ref.name) || "*";
    }),
    age,
  ],
};

interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly jsonPath: string;
}

/** The columns of a Scale, which stands for the replicas of a custom kind. */
export const scaleColumns: readonly Column[] = [
  name,
  column("Desired", "Number of desired replicas", (scale) => at(scale, "spec", "replicas") ?? null, 0, "integer"),
  column("Available", "Number of actual replicas", (scale) => at(scale, "status", "replicas") ?? 0, 0, "integer"),
  { ...age, type: "date" },
];

/** The columns of a custom kind: Name, then `additionalPrinterColumns`, or Age where there are none. */
export function customColumns(definitions: readonly PrinterColumn[]): readonly Column[] {
  const list =
    definitions.length > 0
      ? definitions
      : [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: createdText }];
  // One that cannot be read ends the table, as on a cluster.
  const end = list.findIndex(({ jsonPath }) => !isReadable(jsonPath));
  return [name, ...list.slice(0, end < 0 ? list.length : end).map(customColumn)];
}

function customColumn(definition: PrinterColumn): Column {
  const path = readPath(definition.jsonPath);
  return {
    name: definition.name,
    type: definition.type,
    format: definition.format ?? "",
    description:
      definition.description || `Custom resource definition column (in JSONPath format): ${definition.jsonPath}`,
    priority: definition.priority ?? 0,
    cell(object, now) {
      // Like kube-apiserver: a path that selects several values shows the first.
      const [value] = path(object);
      if (value === null && definition.type === "string") return "<no value>";
      if (value === undefined || value === null) return null;
      if (definition.type === "date")
        return typeof value === "string" ? since(value, now).replace("<unknown>", "<invalid>") : null;
      if (definition.type === "integer")
        return Number.isInteger(value) ? value : typeof value === "number" ? Math.trunc(value) : null;
      if (definition.type === "number") return typeof value === "number" ? value : null;
      if (definition.type === "boolean") return typeof value === "boolean" ? value : null;
      if (typeof value === "number") return goNumber(value);
      return typeof value === "string" ? value : goJson(value);
    },
  };
}
