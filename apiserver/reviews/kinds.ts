import type { Listed } from "../discovery/documents.ts";
import { readDecoded } from "../http/body.ts";
import { checkAccepted, negotiate, producedTypes } from "../http/media.ts";
import { badRequest } from "../http/status.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { toStructural } from "../kinds/openapi.ts";
import type { Call } from "../rest/api.ts";
import { trackFields } from "../rest/fields.ts";
import { readWriteOptions, type WriteOptions } from "../rest/options.ts";
import { asKind, conform, reportStrict } from "../rest/prepare.ts";
import { compileSchema } from "../schema/structural.ts";
import type { KubeObject } from "../store/entry.ts";

/** A kind that is answered and never stored, so that its bodies are read as those of stored kinds are. */
export function reviewKind({
  group,
  kind,
  plural,
  namespaced,
}: Pick<Listed, "group" | "kind" | "plural" | "namespaced">): ServedKind {
  const component = `io.k8s.api.${group.split(".")[0]}.v1.${kind}`;
  return {
    group,
    version: "v1",
    kind,
    listKind: "",
    plural,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced,
    verbs: ["create"],
    subresources: [],
    bucket: "",
    custom: false,
    hasStatus: false,
    schema: compileSchema(toStructural(component)),
    openapi: { name: component, schema: {} },
    columns: [],
    selectable: {},
    empty: {},
    strategy: { checkName: () => [], unconditionalUpdate: false, createOnUpdate: false, counted: false },
    storedAs: `${group}/v1`,
  };
}

/** A request for such a kind. */
export interface Asked {
  readonly object: KubeObject;
  readonly options: WriteOptions;
  /** How it is to be answered. */
  readonly yaml: boolean;
}

/** Reads a request for such a kind, one that cannot be answered not at all. Throws 400, 406 and 422. */
export async function readReview(call: Call, kind: ServedKind): Promise<Asked> {
  const { accept } = call.request.headers;
  checkAccepted(accept, producedTypes);
  const { yaml } = negotiate(accept, "reviews");
  const options = readWriteOptions(call, "CreateOptions");
  const { value, strict } = await readDecoded(call.request, kind.kind);
  const object = asKind(kind, value);
  const unknown = conform(kind, object);
  const { metadata } = object;
  const { namespace } = call.info;
  if (metadata.namespace && kind.namespaced && metadata.namespace !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  if (kind.namespaced) metadata.namespace = namespace;
  else delete metadata.namespace;
  reportStrict(kind, [...strict, ...unknown], options.fieldValidation, call.warnings);
  return { object, options, yaml };
}

/** The metadata of an answer: that of the request and, as of every created object, who set which field. */
export function answeredMetadata(
  kind: ServedKind,
  object: KubeObject,
  manager: string,
  now: string,
  subresource = "",
): object {
  trackFields(kind, undefined, object, { manager, subresource, now });
  const { name, ...rest } = object.metadata;
  return { ...(name ? { name } : {}), ...rest };
}
