import { GoStruct } from "../field-errors.ts";
import type { JsonSchema } from "../json-schema.ts";
import { goSchema } from "./go-schema.ts";
import type { Column, Scale } from "./parts.ts";
import type { SelectableField } from "./selectable.ts";

/** One version of a definition. */
export interface Version {
  readonly name?: string;
  readonly served?: boolean;
  readonly storage?: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema };
  readonly subresources?: { readonly status?: object; readonly scale?: Scale };
  readonly additionalPrinterColumns?: readonly Column[];
  readonly selectableFields?: readonly SelectableField[];
}

/** The parts of a version that the server keeps, and names, at the top when all versions have the same. */
export const sharedParts = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const;
export type SharedPart = (typeof sharedParts)[number];

/** A version as Go prints the struct in an error, without what is kept at the top. */
export function goVersion(version: Version, top: ReadonlySet<string>): GoStruct {
  const { schema, subresources, additionalPrinterColumns: columns, selectableFields: fields } = version;
  const here = <T>(part: SharedPart, value: T | undefined, show: (value: T) => unknown): unknown =>
    top.has(part) || value === undefined ? null : show(value);
  return new GoStruct({
    Name: version.name ?? "",
    Served: version.served ?? false,
    Storage: version.storage ?? false,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: here(
      "schema",
      schema,
      ({ openAPIV3Schema: inner }) => new GoStruct({ OpenAPIV3Schema: inner ? goSchema(inner) : null }),
    ),
    Subresources: here("subresources", subresources, goSubresources),
    AdditionalPrinterColumns: here("additionalPrinterColumns", columns, (list) => list.map(goColumn)),
    SelectableFields: here("selectableFields", fields, (list) =>
      list.map(({ jsonPath = "" }) => new GoStruct({ JSONPath: jsonPath })),
    ),
  });
}

function goSubresources({ status, scale }: { readonly status?: object; readonly scale?: Scale }): GoStruct {
  const { specReplicasPath = "", statusReplicasPath = "", labelSelectorPath = null } = scale ?? {};
  const paths = {
    SpecReplicasPath: specReplicasPath,
    StatusReplicasPath: statusReplicasPath,
    LabelSelectorPath: labelSelectorPath,
  };
  return new GoStruct({ Status: status ? {} : null, Scale: scale ? new GoStruct(paths) : null });
}

function goColumn(column: Column): GoStruct {
  const { name = "", type = "", format = "", description = "", priority = 0, jsonPath = "" } = column;
  return new GoStruct({
    Name: name,
    Type: type,
    Format: format,
    Description: description,
    Priority: priority,
    JSONPath: jsonPath,
  });
}
