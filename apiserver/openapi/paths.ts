import type { Listed } from "../discovery/documents.ts";
import { apiVersion } from "../kinds/kind.ts";

const text = (name: string, description: string) => ({
  name,
  in: "query",
  description,
  schema: { type: "string", uniqueItems: true },
});
const flag = (name: string, description: string) => ({
  ...text(name, description),
  schema: { type: "boolean", uniqueItems: true },
});
const number = (name: string, description: string) => ({
  ...text(name, description),
  schema: { type: "integer", uniqueItems: true },
});

const dryRun = text(
  "dryRun",
  "When present, indicates that modifications should not be persisted. Valid values are: - All",
);
const fieldManager = text(
  "fieldManager",
  "The name of the actor that is making these changes, at most 128 characters.",
);
const fieldValidation = text(
  "fieldValidation",
  "What to do with unknown or duplicate fields. Valid values are: - Ignore - Warn (the default) - Strict",
);
const force = flag("force", "Take fields that others own. Only for apply patches.");
const pretty = text("pretty", "If 'true', then the output is pretty printed.");
const listParameters = [
  flag("allowWatchBookmarks", "Ask for events of type BOOKMARK."),
  text("continue", "The token of an earlier list that was cut by limit."),
  text("fieldSelector", "Restrict the list by fields."),
  text("labelSelector", "Restrict the list by labels."),
  number("limit", "The most items to answer."),
  text("resourceVersion", "The revision to list at or watch from."),
  text("resourceVersionMatch", "How resourceVersion is meant: Exact or NotOlderThan."),
  flag("sendInitialEvents", "Begin a watch with the current objects."),
  number("timeoutSeconds", "End the call after this many seconds."),
  flag("watch", "Watch for changes."),
];
const writeParameters = [dryRun, fieldManager, fieldValidation];
const deleteOptions = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions" };
const patchBody = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Patch" };
const status = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Status" };

/** The operations on one resource: kubectl reads kinds, actions and the `fieldValidation` parameter from them. */
export function pathsFor(listed: Listed, component: string, custom: boolean): Record<string, object> {
  const root = listed.group ? `/apis/${apiVersion(listed)}` : "/api/v1";
  const gvk = { group: listed.group, version: listed.version, kind: listed.kind };
  const object = { $ref: `#/components/schemas/${component}` };
  const listObject = { $ref: `#/components/schemas/${component}List` };
  const operation = (action: string, parameters: readonly object[], answer: object, body?: object) => ({
    operationId: operationId(action, listed),
    parameters,
    ...(body ? { requestBody: { content: body, required: true } } : {}),
    responses: {
      "200": { description: "OK", content: { "application/json": { schema: answer } } },
      "401": { description: "Unauthorized" },
    },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
  });
  const whole = { "*/*": { schema: object } };
  const patchTypes = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    ...(custom ? [] : ["application/strategic-merge-patch+json"]),
  ];
  const patches = Object.fromEntries(patchTypes.map((type) => [type, { schema: patchBody }]));
  const inPath = (name: string) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", uniqueItems: true },
  });
  const scope = listed.namespaced ? [inPath("namespace")] : [];
  const collection = `${root}/${listed.namespaced ? "namespaces/{namespace}/" : ""}${listed.plural}`;
  const can = (verb: string) => listed.verbs.includes(verb);
  const get = operation("get", [], object);
  const update = operation("put", writeParameters, object, whole);
  const patch = operation("patch", [...writeParameters, force], object, patches);
  const result: Record<string, object> = {
    [collection]: {
      ...(can("list") ? { get: operation("list", listParameters, listObject) } : {}),
      ...(can("create") ? { post: operation("post", writeParameters, object, whole) } : {}),
      ...(can("deletecollection")
        ? {
            delete: operation("deletecollection", [...listParameters, dryRun], status, {
              "*/*": { schema: deleteOptions },
            }),
          }
        : {}),
      parameters: [...scope, pretty],
    },
  };
  if (!can("get")) return result;
  const one = { get, put: update, patch };
  result[`${collection}/{name}`] = {
    ...one,
    delete: operation(
      "delete",
      [dryRun, text("propagationPolicy", "Whether and how dependents are deleted.")],
      status,
      { "*/*": { schema: deleteOptions } },
    ),
    parameters: [inPath("name"), ...scope, pretty],
  };
  for (const sub of listed.subresources.filter(({ name }) => name === "status")) {
    result[`${collection}/{name}/${sub.name}`] = { ...one, parameters: [inPath("name"), ...scope, pretty] };
  }
  if (listed.namespaced) {
    result[`${root}/${listed.plural}`] = {
      get: operation("list", [], listObject),
      parameters: [...listParameters, pretty],
    };
  }
  return result;
}

function operationId(action: string, listed: Listed): string {
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  const group = listed.group === "" ? "Core" : listed.group.split(".").map(capital).join("");
  return `${action}${group}${capital(listed.version)}${listed.namespaced ? "Namespaced" : ""}${listed.kind}`;
}
