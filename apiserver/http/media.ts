import { failure } from "./status.ts";

/** How an answer is to be written. */
export type Representation =
  | { readonly as: "object"; readonly yaml: boolean }
  | { readonly as: "table"; readonly version: string; readonly yaml: boolean }
  | { readonly as: "metadata"; readonly list: boolean; readonly version: string; readonly yaml: boolean }
  | { readonly as: "discovery"; readonly version: string; readonly yaml: boolean };

const representations =
  "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";

/** One media type of an Accept or Content-Type header, with its parameters. */
export interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export function parseMedia(text: string): MediaType {
  const [type = "", ...rest] = text.split(";");
  const parameters = Object.fromEntries(
    rest.map((part) => {
      const [name = "", value = ""] = part.split("=");
      return [name.trim().toLowerCase(), value.trim()];
    }),
  );
  return { type: type.trim().toLowerCase(), parameters };
}

/**
 * The first representation of an Accept header that this server can write; JSON when there is no header. Throws 406.
 * Protobuf answers are not written: clients that prefer them also accept JSON.
 */
export function negotiate(accept: string | undefined, allow: ReadonlySet<string>): Representation {
  if (!accept) return { as: "object", yaml: false };
  for (const part of accept.split(",")) {
    const { parameters } = parseMedia(part);
    // As they are written: Kubernetes does not fold their case.
    const type = part.split(";")[0]!.trim();
    const yaml = type === "application/yaml";
    if (!yaml && !["application/json", "application/*", "*/*"].includes(type)) continue;
    const as = parameters["as"];
    if (!as) return { as: "object", yaml };
    const { v: version = "", g: group } = parameters;
    if (!allow.has(as)) continue;
    if (as === "APIGroupDiscoveryList") {
      if (group === "apidiscovery.k8s.io" && version === "v2") return { as: "discovery", version, yaml };
      continue;
    }
    if (group !== "meta.k8s.io" || !["v1", "v1beta1"].includes(version)) continue;
    if (as === "Table") return { as: "table", version, yaml };
    return { as: "metadata", list: as === "PartialObjectMetadataList", version, yaml };
  }
  throw failure(406, "NotAcceptable", representations);
}

/** Whether failures, too, are to be written as YAML; never throws. */
export function prefersYaml(accept: string | undefined): boolean {
  const known = (accept ?? "").split(",").map((part) => parseMedia(part).type);
  return (
    known.find((type) => ["application/json", "application/yaml", "application/*", "*/*"].includes(type)) ===
    "application/yaml"
  );
}
