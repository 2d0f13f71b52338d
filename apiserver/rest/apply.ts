import { toRfc3339 } from "../../lib/clock.ts";
import { copyJson, isObject } from "../../lib/json.ts";
import { conflictMessage, type FieldConflict, serverSideApply } from "../fields/index.ts";
import { badRequest, failure } from "../http/status.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { goType, normaliseMetadata } from "../kinds/metadata.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Api } from "./api.ts";
import { resetFields } from "./fields.ts";
import { asKind, cannotHandle, conform } from "./prepare.ts";
import type { Wanted } from "./update.ts";

export interface ApplyOptions {
  readonly name: string;
  readonly namespace: string;
  readonly subresource: string;
  readonly fieldManager: string;
  readonly force: boolean;
}

/** The state that a server-side apply wants. Throws 400, and 409 with a cause for each conflicting field. */
export function applyWanted(
  api: Api,
  kind: ServedKind,
  live: KubeObject | undefined,
  body: unknown,
  options: ApplyOptions,
): Wanted {
  const config = readConfig(kind, body, options);
  const { object, conflicts } = serverSideApply({
    live,
    config,
    manager: options.fieldManager,
    force: options.force,
    subresource: options.subresource,
    schema: kind.schema,
    apiVersion: apiVersion(kind),
    now: toRfc3339(api.clock.now()),
    resetFields: resetFields(kind, options.subresource),
    ...(kind.versions ? { versions: kind.versions } : { onlyVersion: true }),
  });
  if (conflicts) throw conflictOf(conflicts);
  const result = object as KubeObject;
  if (!result.metadata.name) {
    throw badRequest(`the name of the object (${options.name} based on URL) was undeterminable: name must be provided`);
  }
  if (kind.namespaced) result.metadata.namespace = options.namespace;
  if (kind.custom) conformApplied(kind, result);
  else conform(kind, result);
  // The config may name the version it was made from; it then guards the write as in any patch.
  const { resourceVersion } = config.metadata;
  if (resourceVersion) result.metadata.resourceVersion = resourceVersion;
  return { object: result, tracked: true };
}

/** Group, version and kind as Go prints them. */
function typeText(version: unknown, kind: unknown): string {
  const parts = String(version).split("/");
  if (parts.length > 2) return "/, Kind=";
  return `${parts.length === 2 ? version : `/${version}`}, Kind=${kind}`;
}

function readConfig(kind: ServedKind, body: unknown, options: ApplyOptions): KubeObject {
  if (body === null || body === undefined) return readConfig(kind, {}, options);
  if (!isObject(body)) {
    const why = `json: cannot unmarshal ${goType(body)} into Go value of type map[string]interface {}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`);
  }
  const { apiVersion: version = "", kind: word = "" } = body as { apiVersion?: unknown; kind?: unknown };
  if (version !== apiVersion(kind) || word !== kind.kind)
    throw badRequest(`invalid object type: ${typeText(version, word)}`);
  const config = asKind(kind, copyJson(body));
  if (isObject(config.metadata) && config.metadata.managedFields !== undefined) {
    throw badRequest("metadata.managedFields must be nil");
  }
  // Only checked here: an empty map that the configuration names is still its manager's.
  const { wrong } = normaliseMetadata(copyJson(config), kind.custom);
  if (wrong) throw cannotHandle(kind, wrong);
  config.metadata ??= { name: "" };
  const { name = "" } = config.metadata;
  if (name !== "" && name !== options.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${options.name})`);
  if (kind.namespaced) {
    if ((config.metadata.namespace ?? options.namespace) !== options.namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
  }
  return config;
}

/**
 * As `conform`, but a null that the merge left is for validation to refuse, and what the schema does not know (only an
 * open map may hold it) is validated, counted and admitted before it is dropped from what is stored.
 */
function conformApplied(kind: ServedKind, object: KubeObject): void {
  const { wrong } = normaliseMetadata(object, true);
  if (wrong) throw cannotHandle(kind, wrong);
  kind.schema.applyDefaults(object, { keepNulls: true });
}

function conflictOf(conflicts: readonly FieldConflict[]): Error {
  const causes = conflicts.map(({ message, field }) => ({ reason: "FieldManagerConflict", message, field }));
  return failure(409, "Conflict", conflictMessage(conflicts), { causes });
}
