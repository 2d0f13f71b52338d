import { type Column, type ServedKind, apiVersion as versionOf } from "../kinds/kind.ts";
import { itemBytes, toServed } from "../rest/present.ts";
import type { Entry, KubeObject } from "../store/entry.ts";

/** What part of the object each row carries. */
export type IncludeObject = "Metadata" | "None" | "Object";

/** The head of a Table without its rows; `metadata` is the list's. Without columns it leaves them undescribed. */
export function tableHead(columns: readonly Column[] | null, version: string, metadata: object): object {
  const definitions =
    columns === null
      ? null
      : columns.map(({ name, type, format, description, priority }) => ({
          name,
          type,
          format,
          description,
          priority,
        }));
  return { kind: "Table", apiVersion: `meta.k8s.io/${version}`, metadata, columnDefinitions: definitions };
}

/** One row as JSON text. */
export function tableRow(kind: ServedKind, entry: Entry, now: number, include: IncludeObject, version: string): string {
  const object = toServed(kind, entry);
  // Cells of built-in kinds with two wire forms are computed on the stored one.
  const cells = kind.columns.map((column) =>
    column.cell(kind.conversion && !kind.custom ? kind.conversion.toStored(object) : object, now),
  );
  if (include === "None") return JSON.stringify({ cells, object: null });
  if (include === "Object") return `{"cells":${JSON.stringify(cells)},"object":${toServedText(kind, entry)}}`;
  return JSON.stringify({ cells, object: metadataOnly(object, version) });
}

/** The row of no object, as a bookmark carries one. */
export function emptyRow(kind: ServedKind, metadata: object, version: string): string {
  const nothing: KubeObject = { apiVersion: versionOf(kind), kind: kind.kind, metadata: { name: "" } };
  const cells = kind.columns.map((column) => column.cell(nothing, 0));
  return JSON.stringify({
    cells,
    object: { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata },
  });
}

/** `PartialObjectMetadata` of an object. */
export function metadataOnly(object: KubeObject, version: string): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

function toServedText(kind: ServedKind, entry: Entry): string {
  const text = itemBytes(kind, entry).toString();
  return kind.custom ? text : `{"kind":"${kind.kind}","apiVersion":"${versionOf(kind)}",${text.slice(1)}`;
}
