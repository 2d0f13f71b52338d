import { isDeepStrictEqual } from "node:util";
import { formatErrors } from "../../policy/cel/formats.ts";
import type { FieldError } from "../http/status.ts";
import { approvalErrors } from "./definition/approval.ts";
import { schemaErrors } from "./definition/judge.ts";
import { type Conversion, columnErrors, conversionErrors, deprecationErrors, scaleErrors } from "./definition/parts.ts";
import { selectableErrors } from "./definition/selectable.ts";
import { goVersion, type SharedPart, sharedParts, type Version } from "./definition/version.ts";
import { fieldErrorOf, goQuote, invalid, required } from "./field-errors.ts";

interface Names {
  readonly plural?: string;
  readonly singular?: string;
  readonly kind?: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

interface Definition {
  readonly metadata: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly group?: string;
    readonly scope?: string;
    readonly names?: Names;
    readonly versions?: readonly Version[];
    readonly conversion?: Conversion;
    readonly preserveUnknownFields?: boolean;
  };
  readonly status?: {
    readonly acceptedNames?: Names;
    readonly storedVersions?: readonly string[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/**
 * Why a CustomResourceDefinition is refused, in the words of kube-apiserver: names, versions, schemas with their rules and
 * costs, columns, and on update what may not change.
 */
export function crdErrors(next: object, live?: object): FieldError[] {
  const { metadata, spec = {}, status } = next as Definition;
  const before = live as Definition | undefined;
  const { group = "", scope = "", names = {}, versions = [], conversion } = spec;
  const errors: FieldError[] = [];
  if (!before && metadata.name !== `${names.plural ?? ""}.${group}`)
    errors.push(invalid("metadata.name", metadata.name ?? "", 'must be spec.names.plural+"."+spec.group'));
  errors.push(...groupErrors(group), ...scopeErrors(scope), ...versionsErrors(versions, before));
  for (const part of ["plural", "singular", "kind", "listKind"] as const)
    if (!names[part]) errors.push(required(`spec.names.${part}`));
  errors.push(...nameErrors(names, "spec.names"), ...conversionErrors(conversion, "spec.conversion"));
  errors.push(...storedErrors(status?.storedVersions ?? storageOf(versions), versions));
  if (before) errors.push(...changeErrors(next as Definition, before));
  errors.push(...approvalErrors(group, metadata.annotations, before?.metadata.annotations, before !== undefined));
  if (spec.preserveUnknownFields && !before?.spec?.preserveUnknownFields) {
    const detail =
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    errors.push(invalid("spec.preserveUnknownFields", true, detail));
  }
  return errors;
}

function groupErrors(group: string): FieldError[] {
  if (group === "") return [required("spec.group")];
  const wrong = formatErrors("dns1123Subdomain", group);
  if (wrong.length > 0) return [invalid("spec.group", group, wrong.join(","))];
  return group.includes(".") ? [] : [invalid("spec.group", group, "should be a domain with at least one dot")];
}

const scopes = ["Cluster", "Namespaced"];

function scopeErrors(scope: string): FieldError[] {
  if (scope === "") return [required("spec.scope")];
  if (scopes.includes(scope)) return [];
  const detail = `supported values: ${scopes.map(goQuote).join(", ")}`;
  return [fieldErrorOf("FieldValueNotSupported", "spec.scope", scope, detail)];
}

function versionsErrors(versions: readonly Version[], live: Definition | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const isShared = (part: SharedPart) =>
    versions.every((version) => isDeepStrictEqual(version[part], versions[0]?.[part]));
  const top = new Set<string>(versions.length > 0 ? sharedParts.filter(isShared) : []);
  const anySchema = top.has("schema") && versions[0]?.schema?.openAPIV3Schema !== undefined;
  const anyStatus = versions.some(({ subresources }) => subresources?.status);
  const stored = new Map(live?.spec?.versions?.map(({ name, schema }) => [name, schema?.openAPIV3Schema]));
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}]`;
    const { name = "", schema, subresources, deprecated, deprecationWarning } = version;
    const bad = formatErrors("dns1035Label", name).join(",");
    if (bad) errors.push(invalid(`${path}.name`, name, bad));
    if (bad && index === 0) errors.push(invalid("spec.version", name, bad));
    if (!anySchema && !schema?.openAPIV3Schema) errors.push(required(`${path}.schema.openAPIV3Schema`));
    errors.push(...deprecationErrors(deprecated, deprecationWarning, path));
    const at = (part: SharedPart): string | undefined => {
      if (!top.has(part)) return `${path}.${part}`;
      return index > 0 ? undefined : `spec.${part === "schema" ? "validation" : part}`;
    };
    const paths = { schema: at("schema"), subresources: at("subresources"), columns: at("additionalPrinterColumns") };
    if (schema?.openAPIV3Schema && paths.schema) {
      const status = top.has("schema") ? anyStatus : subresources?.status !== undefined;
      // A schema that is stored already is not priced again.
      const known = stored.has(name) && isDeepStrictEqual(stored.get(name), schema.openAPIV3Schema);
      errors.push(
        ...schemaErrors(schema.openAPIV3Schema, `${paths.schema}.openAPIV3Schema`, { status, stored: known }),
      );
    }
    if (paths.subresources) errors.push(...scaleErrors(subresources?.scale, `${paths.subresources}.scale`));
    if (paths.columns) errors.push(...columnErrors(version.additionalPrinterColumns ?? [], paths.columns));
    const fields = at("selectableFields");
    // The server wants both at the top, or both in the version.
    const together = top.has("selectableFields") === top.has("schema") ? schema?.openAPIV3Schema : undefined;
    if (fields) errors.push(...selectableErrors(version.selectableFields ?? [], together, fields));
  }
  const shown = versions.map((version) => goVersion(version, top));
  if (new Set(versions.map(({ name }) => name)).size !== versions.length)
    errors.push(invalid("spec.versions", shown, "must contain unique version names"));
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(invalid("spec.versions", shown, "must have exactly one version marked as storage version"));
  return errors;
}

/** Why the status of a definition is refused. */
export function statusErrors(next: object): FieldError[] {
  return nameErrors((next as Definition).status?.acceptedNames ?? {}, "status.acceptedNames");
}

function nameErrors(names: Names, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const label = (at: string, value: string | undefined, prefix = ""): void => {
    const wrong = value === undefined ? [] : formatErrors("dns1035Label", prefix ? value.toLowerCase() : value);
    if (wrong.length > 0) errors.push(invalid(`${path}.${at}`, value, prefix + wrong.join(",")));
  };
  const mixed = "may have mixed case, but should otherwise match: ";
  label("plural", names.plural || undefined);
  label("singular", names.singular || undefined);
  label("kind", names.kind || undefined, mixed);
  label("listKind", names.listKind || undefined, mixed);
  for (const [index, name] of (names.shortNames ?? []).entries()) label(`shortNames[${index}]`, name);
  if (names.kind && names.kind === names.listKind)
    errors.push(invalid(`${path}.listKind`, names.listKind, "kind and listKind may not be the same"));
  for (const [index, name] of (names.categories ?? []).entries()) label(`categories[${index}]`, name);
  return errors;
}

function storageOf(versions: readonly Version[]): readonly string[] {
  return versions.filter(({ storage, name }) => storage && name).map(({ name }) => name!);
}

function storedErrors(stored: readonly string[], versions: readonly Version[]): FieldError[] {
  const at = "status.storedVersions";
  if (stored.length === 0) return [invalid(at, null, "must have at least one stored version")];
  const left = new Set(stored);
  const errors: FieldError[] = [];
  for (const { name = "", storage } of versions) {
    // As on a cluster, a name that comes twice is found once.
    if (!left.delete(name) && storage) errors.push(invalid(at, stored, `must have the storage version ${name}`));
  }
  for (const name of left) {
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.push(invalid(`${at}[${stored.indexOf(name)}]`, name, detail));
  }
  return errors;
}

function changeErrors(next: Definition, live: Definition): FieldError[] {
  const established = live.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True");
  const pairs: [string, unknown, unknown][] = [
    ...(established
      ? ([
          ["spec.scope", next.spec?.scope, live.spec?.scope],
          ["spec.names.kind", next.spec?.names?.kind, live.spec?.names?.kind],
        ] as [string, unknown, unknown][])
      : []),
    ["spec.group", next.spec?.group, live.spec?.group],
    ["spec.names.plural", next.spec?.names?.plural, live.spec?.names?.plural],
  ];
  return pairs
    .filter(([, now, before]) => now !== before)
    .map(([field, now]) => invalid(field, now, "field is immutable"));
}
