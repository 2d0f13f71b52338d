import { isObject } from "../../lib/json.ts";
import { formatErrors } from "../../policy/cel/formats.ts";
import type { FieldError } from "../http/status.ts";
import { fieldErrorOf, goQuote, invalid, required } from "./field-errors.ts";
import type { JsonSchema } from "./json-schema.ts";
import { compileSchema } from "./structural.ts";

interface Version {
  readonly name?: string;
  readonly storage?: boolean;
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema };
  readonly subresources?: { readonly scale?: Readonly<Record<string, string | undefined>> };
  readonly additionalPrinterColumns?: readonly Readonly<Record<string, unknown>>[];
}

interface Names {
  readonly plural?: string;
  readonly singular?: string;
  readonly kind?: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

interface Definition {
  readonly metadata: { readonly name?: string };
  readonly spec?: {
    readonly group?: string;
    readonly scope?: string;
    readonly names?: Names;
    readonly versions?: readonly Version[];
  };
  readonly status?: {
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
  const { group = "", scope = "", names = {}, versions = [] } = spec;
  const errors: FieldError[] = [];
  if (!live && metadata.name !== `${names.plural ?? ""}.${group}`) {
    errors.push(invalid("metadata.name", metadata.name ?? "", 'must be spec.names.plural+"."+spec.group'));
  }
  errors.push(...groupErrors(group), ...scopeErrors(scope));
  for (const [index, version] of versions.entries()) errors.push(...versionErrors(version, `spec.versions[${index}]`));
  errors.push(...schemasErrors(versions, live as Definition | undefined));
  if (new Set(versions.map(({ name }) => name)).size !== versions.length)
    errors.push(invalid("spec.versions", versions, "must contain unique version names"));
  if (versions.filter(({ storage }) => storage).length !== 1)
    errors.push(invalid("spec.versions", versions, "must have exactly one version marked as storage version"));
  errors.push(...nameErrors(names));
  errors.push(...storedErrors(status?.storedVersions ?? storageOf(versions), versions));
  return live ? [...errors, ...changeErrors(next as Definition, live as Definition)] : errors;
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
  return [
    fieldErrorOf("FieldValueNotSupported", "spec.scope", scope, `supported values: ${scopes.map(goQuote).join(", ")}`),
  ];
}

const columnTypes = ["boolean", "date", "integer", "number", "string"];

function versionErrors(version: Version, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const name = version.name ?? "";
  const wrong = formatErrors("dns1035Label", name);
  if (wrong.length > 0) errors.push(invalid(`${path}.name`, name, wrong.join(",")));
  // With one version the server keeps its parts at the top, and names them there.
  for (const [index, column] of (version.additionalPrinterColumns ?? []).entries()) {
    const at = `spec.additionalPrinterColumns[${index}]`;
    const { name: title, type, jsonPath } = column;
    const wanted = `must be one of ${columnTypes.join(",")}`;
    if (!title) errors.push(required(`${at}.name`));
    if (!type) errors.push(required(`${at}.type`, wanted));
    else if (!columnTypes.includes(String(type))) errors.push(invalid(`${at}.type`, type, wanted));
    if (!jsonPath) errors.push(required(`${at}.JSONPath`));
  }
  return [...errors, ...scaleErrors(version.subresources?.scale)];
}

function scaleErrors(scale: Readonly<Record<string, string | undefined>> | undefined): FieldError[] {
  if (!scale) return [];
  const errors: FieldError[] = [];
  for (const [name, root] of [
    ["specReplicasPath", ".spec."],
    ["statusReplicasPath", ".status."],
  ] as const) {
    const at = `spec.subresources.scale.${name}`;
    const value = scale[name] ?? "";
    if (value === "") errors.push(required(at));
    else if (!value.startsWith(root))
      errors.push(invalid(at, value, `should be a json path under ${root.slice(0, -1)}`));
  }
  return errors;
}

// Rules are priced even beside rules that are wrong, but not where the schema itself is.
const ofRules = /\.x-kubernetes-validations\[\d+\]\.\w+$/;

/** Equal schemas of all versions count as one at the top (`spec.validation`), as the server stores them. */
function schemasErrors(versions: readonly Version[], live: Definition | undefined): FieldError[] {
  const schemas = versions.map(({ schema }) => schema?.openAPIV3Schema);
  const same = new Set(schemas.map((schema) => JSON.stringify(schema))).size === 1;
  const before = new Set(live?.spec?.versions?.map(({ schema }) => JSON.stringify(schema?.openAPIV3Schema)));
  return schemas.flatMap((schema, index): FieldError[] => {
    if (same && index > 0) return [];
    const path = same ? "spec.validation.openAPIV3Schema" : `spec.versions[${index}].schema.openAPIV3Schema`;
    if (!isObject(schema)) return [required(`spec.versions[${index}].schema.openAPIV3Schema`)];
    const compiled = compileSchema(schema);
    const shape = compiled.structuralErrors(path);
    // A schema that is stored already is not priced again.
    const costs = before.has(JSON.stringify(schema)) ? [] : compiled.costErrors(path);
    return shape.some(({ field }) => !ofRules.test(field)) ? shape : [...shape, ...costs];
  });
}

function nameErrors(names: Names): FieldError[] {
  const errors: FieldError[] = [];
  for (const part of ["plural", "singular", "kind", "listKind"] as const)
    if (!names[part]) errors.push(required(`spec.names.${part}`));
  const label = (at: string, value: string | undefined, prefix = ""): void => {
    const wrong = value ? formatErrors("dns1035Label", prefix ? value.toLowerCase() : value) : [];
    if (wrong.length > 0) errors.push(invalid(`spec.names.${at}`, value, prefix + wrong.join(",")));
  };
  const mixed = "may have mixed case, but should otherwise match: ";
  label("plural", names.plural);
  label("singular", names.singular);
  label("kind", names.kind, mixed);
  label("listKind", names.listKind, mixed);
  for (const [index, name] of (names.shortNames ?? []).entries()) label(`shortNames[${index}]`, name);
  if (names.kind && names.kind === names.listKind)
    errors.push(invalid("spec.names.listKind", names.listKind, "kind and listKind may not be the same"));
  for (const [index, name] of (names.categories ?? []).entries()) label(`categories[${index}]`, name);
  return errors;
}

function storageOf(versions: readonly Version[]): readonly string[] {
  return versions.filter(({ storage, name }) => storage && name).map(({ name }) => name!);
}

function storedErrors(stored: readonly string[], versions: readonly Version[]): FieldError[] {
  const at = "status.storedVersions";
  if (stored.length === 0) return [invalid(at, null, "must have at least one stored version")];
  const names = versions.map(({ name }) => name);
  return stored.flatMap((name, index) =>
    names.includes(name)
      ? []
      : [
          invalid(
            `${at}[${index}]`,
            name,
            `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
          ),
        ],
  );
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
