import { isObject } from "../../lib/json.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Conversion } from "./kind.ts";

/** apiVersion under which both Event APIs are stored. */
export const coreEvent = "v1";

const text = (value: unknown) => (value === undefined || value === null ? "" : String(value));
const target = (object: KubeObject, at: string, field: string) => {
  const found = object[at];
  return isObject(found) ? text(found[field]) : "";
};
const references = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
type Fields = Readonly<Record<string, (object: KubeObject) => string>>;
const referencesAt = (at: string): Fields =>
  Object.fromEntries(references.map((field) => [`${at}.${field}`, (object: KubeObject) => target(object, at, field)]));
const common: Fields = { reason: (object) => text(object.reason), type: (object) => text(object.type) };

/** What field selectors may name on each of the Event APIs. */
export const eventFields: { readonly core: Fields; readonly modern: Fields } = {
  core: {
    ...common,
    ...referencesAt("involvedObject"),
    reportingComponent: (object) => text(object.reportingComponent),
    source: (object) => target(object, "source", "component") || text(object.reportingComponent),
  },
  modern: {
    ...common,
    ...referencesAt("regarding"),
    reportingController: (object) => text(object.reportingController),
  },
};

// events.k8s.io/v1 name → core/v1 name, where they differ.
const renamed: Readonly<Record<string, string>> = {
  reportingController: "reportingComponent",
  regarding: "involvedObject",
  note: "message",
  deprecatedSource: "source",
  deprecatedFirstTimestamp: "firstTimestamp",
  deprecatedLastTimestamp: "lastTimestamp",
  deprecatedCount: "count",
};
const back = Object.fromEntries(Object.entries(renamed).map(([ours, core]) => [core, ours]));

/** Between events.k8s.io/v1 and the core/v1 form in the store: the same data under other names. */
export const eventConversion: Conversion = {
  toStored: (event) => rename(event, renamed, coreEvent),
  fromStored: (event) => rename(event, back, "events.k8s.io/v1"),
};

const hidden = new Set(["reportingComponent", "reportingInstance"]);

function rename(event: KubeObject, names: Readonly<Record<string, string>>, apiVersion: string): KubeObject {
  // Only the core API shows an empty reporter.
  const shown = Object.entries(event).filter(
    ([field, value]) => apiVersion === coreEvent || value !== "" || !hidden.has(field),
  );
  const fields = shown.map(([field, value]) => [names[field] ?? field, value] as const);
  return { ...(Object.fromEntries(fields) as KubeObject), apiVersion };
}
