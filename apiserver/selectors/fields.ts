import { badRequest } from "../http/status.ts";
import type { ServedKind } from "../kinds/kind.ts";
import type { KubeObject } from "../store/entry.ts";

export interface FieldSelector {
  readonly matches: (object: KubeObject) => boolean;
  /** The one name that can match, where the selector says so: such lists are answered by key. */
  readonly name?: string;
  readonly namespace?: string;
}

/** Compiles a field selector (`metadata.name=a,spec.x!=b`) for one kind. Throws BadRequest for unknown fields. */
export function readFieldSelector(text: string | null, kind: ServedKind): FieldSelector | undefined {
  if (!text) return undefined;
  const terms = split(text)
    .map((term) => readTerm(term, text))
    .map((term) => ({ ...term, read: reader(term.field, kind) }));
  if (terms.length === 0) return undefined;
  const exact = (field: string) => terms.find((term) => term.field === field && term.equal)?.value;
  const name = exact("metadata.name");
  const namespace = exact("metadata.namespace");
  return {
    matches: (object) => terms.every(({ read, value, equal }) => (read(object) === value) === equal),
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** Throws BadRequest for a field selector that is none, whatever its fields. */
export function checkFieldSelector(text: string | null): void {
  for (const term of split(text ?? "")) readTerm(term, text ?? "");
}

/** The name in `metadata.name=x`, which authorization treats as the name of the request. Throws BadRequest. */
export function nameInSelector(text: string): string {
  const terms = split(text).map((term) => readTerm(term, text));
  return terms.find(({ field, equal }) => field === "metadata.name" && equal)?.value ?? "";
}

/** The terms, in the order in which a cluster looks at them: by their text. A term that names nothing asks for nothing. */
function split(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\])+/g) ?? []).filter((term) => !/^!?==?$/.test(term)).sort();
}

/** Takes the backslashes out of a value. Throws where one is missing or stands before what needs none. */
function unquote(value: string): string {
  return value.replace(/\\(.?)|=/gs, (whole, escaped: string | undefined) => {
    if (whole === "=") throw badRequest("invalid field selector: unescaped character in value: 61");
    if (!escaped || !"\\,=".includes(escaped)) {
      throw badRequest(`invalid field selector: invalid escape sequence: ${whole}`);
    }
    return escaped;
  });
}

function readTerm(term: string, whole: string) {
  const match = term.match(/^(.*?)(==|!=|=)(.*)$/s);
  if (!match) throw badRequest(`invalid selector: '${whole}'; can't understand '${term}'`);
  const [, field = "", operator, value = ""] = match;
  return { field, equal: operator !== "!=", value: unquote(value) };
}

function reader(field: string, kind: ServedKind): (object: KubeObject) => string {
  if (field === "metadata.name") return (object) => object.metadata.name;
  if (field === "metadata.namespace") return (object) => object.metadata.namespace ?? "";
  if (Object.hasOwn(kind.selectable, field)) return kind.selectable[field]!;
  if (kind.custom || Object.keys(kind.selectable).length > 0) throw badRequest(`field label not supported: ${field}`);
  throw badRequest(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
