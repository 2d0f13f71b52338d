import { toRfc3339 } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import { badRequest, failure } from "../http/status.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import { normaliseMetadata } from "../kinds/metadata.ts";
import { serverSideApply } from "../semantics.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Api } from "./api.ts";
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
): Wanted & { readonly unknown: readonly string[] } {
  const config = readConfig(kind, body, options);
  const unknown = kind.schema.prune(config).map((path) => `unknown field "${path}"`);
  const result = serverSideApply({
    live,
    config,
    manager: options.fieldManager,
    force: options.force,
    subresource: options.subresource,
    schema: kind.schema,
    apiVersion: apiVersion(kind),
    now: toRfc3339(api.clock.now()),
  } as Parameters<typeof serverSideApply>[0]);
  const conflicts = (result.conflicts ?? []) as readonly Conflict[];
  if (conflicts.length > 0 && !options.force) throw conflictOf(conflicts);
  const object = result.object as KubeObject;
  conform(kind, object);
  // The config may name the version it was made from; it then guards the write as in any patch.
  if (config.metadata.resourceVersion) object.metadata.resourceVersion = config.metadata.resourceVersion;
  return { object, tracked: true, unknown };
}

function readConfig(kind: ServedKind, body: unknown, options: ApplyOptions): KubeObject {
  if (!isObject(body)) throw badRequest("the apply configuration must be an object");
  const config = asKind(kind, structuredClone(body));
  const { wrong } = normaliseMetadata(config);
  if (wrong) throw cannotHandle(kind, wrong);
  if (config.metadata.managedFields) throw badRequest("metadata.managedFields must be nil");
  config.metadata.name ||= options.name;
  if (config.metadata.name !== options.name) {
    throw badRequest(
      `the name of the object (${config.metadata.name}) does not match the name on the URL (${options.name})`,
    );
  }
  if (kind.namespaced) {
    config.metadata.namespace ||= options.namespace;
    if (config.metadata.namespace !== options.namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
  }
  return config;
}

interface Conflict {
  readonly manager: string;
  readonly field: string;
  readonly message: string;
}

function conflictOf(conflicts: readonly Conflict[]): Error {
  const [first] = conflicts;
  const text =
    conflicts.length === 1
      ? `1 conflict: ${first!.message}: ${first!.field}`
      : `${conflicts.length} conflicts: ${grouped(conflicts)}`;
  const causes = conflicts.map(({ message, field }) => ({ reason: "FieldManagerConflict", message, field }));
  return failure(409, "Conflict", `Apply failed with ${text}`, { causes });
}

// Conflicts with one manager share a heading, as kube-apiserver prints them.
function grouped(conflicts: readonly Conflict[]): string {
  const byMessage = Map.groupBy(conflicts, ({ message }) => message.replace("conflict with", "conflicts with"));
  return [...byMessage]
    .flatMap(([heading, list]) => [`${heading}:`, ...list.map(({ field }) => `- ${field}`)])
    .join("\n");
}
