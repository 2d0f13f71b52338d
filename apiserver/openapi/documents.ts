import { isObject } from "../../lib/json.ts";
import { namedGroups, resourcesIn } from "../discovery/documents.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { components } from "../kinds/openapi.ts";
import type { Registry } from "../kinds/registry.ts";
import { pathsFor } from "./paths.ts";
import { toVersionTwo } from "./version-two.ts";

type Schema = Readonly<Record<string, unknown>>;

const metaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** `GET /openapi/v3`: where each group version's document is, with a hash by which clients cache it. */
export function openApiIndex(registry: Registry, hashOf: (path: string) => string): object {
  const names = [
    "api/v1",
    ...namedGroups(registry).flatMap(({ group, versions }) => versions.map((version) => `apis/${group}/${version}`)),
  ];
  const paths = names.map((name) => [
    name,
    { serverRelativeURL: `/openapi/v3/${name}?hash=${hashOf(`/openapi/v3/${name}`)}` },
  ]);
  return { paths: Object.fromEntries(paths) };
}

/** `GET /openapi/v2`: all documents in one, in the older form. */
export function openApiVersionTwo(registry: Registry): object {
  const groups = [{ group: "", versions: ["v1"] }, ...namedGroups(registry)];
  const documents = groups.flatMap(({ group, versions }) =>
    versions.flatMap((version) => openApiDocument(registry, group, version) ?? []),
  );
  return toVersionTwo(documents, (component) => components[component] === undefined);
}

/** The document of one group version; undefined when nothing is served there. */
export function openApiDocument(registry: Registry, group: string, version: string): object | undefined {
  const listed = resourcesIn(registry, group, version);
  if (listed.length === 0) return undefined;
  const schemas = new Map<string, Schema>();
  const paths: Record<string, object> = {};
  for (const one of listed) {
    const kind = registry.find(group, version, one.plural);
    const component = kind?.openapi.name ?? reviewComponent(group, one.kind);
    Object.assign(paths, pathsFor(one, component, kind?.custom ?? false));
    if (kind?.custom) addCustom(schemas, kind);
    else addBuiltin(schemas, component);
    if (!kind?.custom && components[`${component}List`]) addBuiltin(schemas, `${component}List`);
  }
  for (const name of ["DeleteOptions", "Patch", "Status", "ListMeta"]) addBuiltin(schemas, metaPrefix + name);
  const sorted = Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    openapi: "3.0.0",
    info: listed.some(({ plural }) => registry.find(group, version, plural)?.custom)
      ? { title: "Kubernetes CRD Swagger", version: "v0.1.0" }
      : { title: "Kubernetes", version: "1.36" },
    paths,
    components: { schemas: sorted },
  };
}

function reviewComponent(group: string, kind: string): string {
  return `io.k8s.api.${group.split(".")[0]}.v1.${kind}`;
}

function addBuiltin(schemas: Map<string, Schema>, name: string): void {
  const schema = components[name];
  if (!schema || schemas.has(name)) return;
  schemas.set(name, schema);
  addReferences(schemas, schema);
}

function addReferences(schemas: Map<string, Schema>, node: unknown): void {
  if (Array.isArray(node)) for (const item of node) addReferences(schemas, item);
  if (!isObject(node)) return;
  if (typeof node["$ref"] === "string") addBuiltin(schemas, node["$ref"].replace("#/components/schemas/", ""));
  for (const value of Object.values(node)) addReferences(schemas, value);
}

const conventions = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions";
const listMetadataText = `Standard list metadata. More info: ${conventions}.md#types-kinds`;
const apiVersionText =
  "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const kindText =
  "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const metadataText =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

const embeddedVersionText =
  "apiVersion defines the versioned schema of this representation of an object. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const embeddedKindText =
  "kind is a string value representing the type of this object. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";

/** A schema whose embedded resources say that they have a type and metadata. */
function withEmbedded(node: Schema): Schema {
  const result: Record<string, unknown> = { ...node };
  const inner = (child: unknown) => (isObject(child) ? withEmbedded(child) : child);
  if (isObject(node.properties))
    result.properties = Object.fromEntries(Object.entries(node.properties).map(([key, child]) => [key, inner(child)]));
  for (const key of ["items", "additionalProperties"]) if (isObject(node[key])) result[key] = inner(node[key]);
  if (node["x-kubernetes-embedded-resource"] !== true) return result;
  const required = Array.isArray(node.required) ? (node.required as string[]) : [];
  return {
    ...result,
    required: [...required, ...["kind", "apiVersion"].filter((name) => !required.includes(name))],
    properties: {
      ...(result.properties as Schema | undefined),
      apiVersion: { description: embeddedVersionText, type: "string" },
      kind: { description: embeddedKindText, type: "string" },
      metadata: { description: metadataText, allOf: [ref(`${metaPrefix}ObjectMeta`)] },
    },
  };
}

function addCustom(schemas: Map<string, Schema>, kind: ServedKind): void {
  const { name, schema } = kind.openapi;
  const gvk = { group: kind.group, version: kind.version, kind: kind.kind };
  const whole = withEmbedded(schema);
  const properties = isObject(whole.properties) ? whole.properties : {};
  schemas.set(name, {
    ...whole,
    type: "object",
    properties: {
      ...properties,
      apiVersion: { description: apiVersionText, type: "string" },
      kind: { description: kindText, type: "string" },
      metadata: { description: metadataText, allOf: [ref(`${metaPrefix}ObjectMeta`)] },
    },
    "x-kubernetes-group-version-kind": [gvk],
  });
  schemas.set(`${name}List`, {
    description: `${kind.kind}List is a list of ${kind.kind}`,
    type: "object",
    required: ["items"],
    properties: {
      apiVersion: { description: apiVersionText, type: "string" },
      items: { description: `List of ${kind.plural}. More info: ${conventions}.md`, type: "array", items: ref(name) },
      kind: { description: kindText, type: "string" },
      metadata: { description: listMetadataText, allOf: [ref(`${metaPrefix}ListMeta`)] },
    },
    "x-kubernetes-group-version-kind": [{ ...gvk, kind: kind.listKind }],
  });
  addBuiltin(schemas, `${metaPrefix}ObjectMeta`);
}
