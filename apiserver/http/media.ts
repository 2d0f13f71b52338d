import { failure } from "./status.ts";

/** How an answer is to be written. */
export type Representation =
  | { readonly as: "object"; readonly yaml: boolean }
  | { readonly as: "table"; readonly version: string; readonly yaml: boolean }
  | { readonly as: "metadata"; readonly list: boolean; readonly version: string; readonly yaml: boolean }
  | { readonly as: "discovery"; readonly version: string; readonly yaml: boolean };

/** What a route can make of its answer besides writing it as it is. */
export type Forms = "plain" | "objects" | "reviews" | "discovery";

const representations =
  "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";

/** One media type of a Content-Type header, with its parameters. */
export interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A Content-Type header; undefined for one that Go does not take for one. */
export function parseContentType(text: string): string | undefined {
  const { type } = parseMedia(text);
  if (!/^[!#$%&'*+.^_`|~\w-]+(\/[!#$%&'*+.^_`|~\w-]+)?$/.test(type)) return undefined;
  const seen = new Map<string, string>();
  let rest = text.slice(text.indexOf(";") < 0 ? text.length : text.indexOf(";"));
  while (!["", ";"].includes(rest.trim())) {
    const [found, name = "", value = ""] = parameter.exec(rest) ?? [];
    if (found === undefined || (seen.get(name.toLowerCase()) ?? value) !== value) return undefined;
    seen.set(name.toLowerCase(), value);
    rest = rest.slice(found.length);
  }
  return type;
}

const parameter = /^\s*;\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*([!#$%&'*+.^_`|~\w-]+|"(?:[^"\\]|\\.)*")/;

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

/** One clause of an Accept header. */
interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Reads one clause as goautoneg does, which folds no case; undefined for what it passes over. */
function toClause(part: string): Clause | undefined {
  const [media = "", ...rest] = part.split(";");
  const [type = "", subtype = "", ...more] = media.split("/").map(trim);
  if (more.length > 0 || (subtype === "" && type !== "*")) return undefined;
  const parameters = new Map<string, string>();
  let quality = 1;
  for (const parameter of rest) {
    const [name = "", value = "", ...others] = parameter.split("=");
    if (value === "" || others.length > 0) continue;
    if (trim(name) !== "q") parameters.set(trim(name), trim(value));
    // What is no number is none, as in Go.
    else quality = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(value) ? Number(value) : 0;
  }
  return { type, subtype: subtype || "*", quality, parameters };
}

/** Of spaces alone. A pattern would look at each of many in the middle again and again. */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (text[start] === " ") start++;
  while (end > start && text[end - 1] === " ") end--;
  return text.slice(start, end);
}

/** Whether one goes before another. It is no order: what names its type goes before a wildcard of better quality, too. */
function precedes(one: Clause, other: Clause): boolean {
  if (one.quality > other.quality) return true;
  if (one.type !== "*" && other.type === "*") return true;
  return one.subtype !== "*" && other.subtype === "*";
}

// Nobody has so many wishes; more of them would cost the square of their number.
const mostClauses = 100;

/** The clauses by what a client prefers, put in their places one after the other, as Go sorts so few. */
function toClauses(accept: string): readonly Clause[] {
  const sorted: Clause[] = [];
  for (const part of accept.split(",", mostClauses)) {
    const clause = toClause(part);
    if (!clause) continue;
    let at = sorted.length;
    while (at > 0 && precedes(clause, sorted[at - 1]!)) at--;
    sorted.splice(at, 0, clause);
  }
  return sorted;
}

/**
 * The representation of an Accept header that the client prefers among those that this server can write; JSON when there
 * is no header. Throws 406. Protobuf answers are not written: clients that prefer them also accept JSON.
 */
export function negotiate(accept: string | undefined, forms: Forms): Representation {
  const found = findRepresentation(accept, forms);
  if (!found) throw failure(406, "NotAcceptable", representations);
  return found;
}

/** The same; undefined where there is none. */
export function findRepresentation(accept: string | undefined, forms: Forms): Representation | undefined {
  if (!accept) return forms === "discovery" ? undefined : { as: "object", yaml: false };
  for (const clause of toClauses(accept)) {
    for (const subtype of ["json", "yaml"]) {
      const fits =
        (clause.type === "application" && (clause.subtype === subtype || clause.subtype === "*")) ||
        (clause.type === "*" && clause.subtype === "*");
      const found = fits ? written(clause.parameters, subtype === "yaml", forms) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}

/** What the parameters of a clause ask for; undefined where it is not to be had. */
function written(parameters: Clause["parameters"], yaml: boolean, forms: Forms): Representation | undefined {
  const [as, group, version, stream, server] = ["as", "g", "v", "stream", "sv"].map((name) => parameters.get(name));
  // YAML cannot be written as a stream.
  if (stream && (yaml || stream !== "watch")) return undefined;
  const hasVersion = forms === "objects" || forms === "reviews";
  if (server && !(hasVersion && server === "v1")) return undefined;
  if (as === undefined && group === undefined && version === undefined) {
    return forms === "discovery" ? undefined : { as: "object", yaml };
  }
  if (forms === "discovery") {
    const known = as === "APIGroupDiscoveryList" && group === "apidiscovery.k8s.io" && version === "v2";
    return known ? { as: "discovery", version, yaml } : undefined;
  }
  if (!hasVersion || group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (as === "Table") return forms === "objects" ? { as: "table", version, yaml } : undefined;
  if (as !== "PartialObjectMetadata" && as !== "PartialObjectMetadataList") return undefined;
  return { as: "metadata", list: as === "PartialObjectMetadataList", version, yaml };
}

/** Whether failures, too, are to be written as YAML; never throws. */
export function prefersYaml(accept: string | undefined): boolean {
  return findRepresentation(accept, "plain")?.yaml ?? false;
}

/**
 * What routes that name the types of their answers refuse before anything else looks at the header: they know no
 * wildcard but the whole one. Throws 406 with what is to be had.
 */
export function checkAccepted(
  accept: string | undefined,
  produced: readonly string[],
  available: readonly string[] = produced,
): void {
  if (!accept) return;
  const known = ["*/*", ...produced];
  if (accept.split(",").some((part) => known.includes(trim(part.split(";")[0]!)))) return;
  const message = `406: Not Acceptable\n\nAvailable representations: ${available.join(", ")}`;
  throw failure(406, "NotAcceptable", message, {});
}

/** The types in which built-in routes answer. */
export const producedTypes: readonly string[] = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
];
