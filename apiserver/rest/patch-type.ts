import { unsupported } from "../http/body.ts";
import { failure } from "../http/status.ts";

export const jsonPatch = "application/json-patch+json";
export const mergePatch = "application/merge-patch+json";
export const strategicPatch = "application/strategic-merge-patch+json";
export const applyPatch = "application/apply-patch+yaml";

/**
 * The type of a patch, taken as it is written: unlike those of other bodies Kubernetes does not fold its case. Throws 415,
 * in other words for a built-in kind, whose routes know their types, than for a custom one.
 */
export function readPatchType(contentType: string | undefined, custom: boolean): string {
  const known = custom ? [jsonPatch, mergePatch, applyPatch] : [jsonPatch, mergePatch, strategicPatch, applyPatch];
  const sent = contentType ?? "";
  const type = sent.split(";")[0]!;
  if (known.includes(type)) return type;
  // A route looks at each of several types, and with less care.
  const passes = custom || sent.split(",").some((part) => known.includes(part.split(";")[0]!.trim()));
  throw passes
    ? unsupported(known.join(", "))
    : failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}
