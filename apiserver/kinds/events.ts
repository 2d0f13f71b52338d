import { isObject } from "../../lib/json.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Conversion } from "./kind.ts";

/** apiVersion under which both Event APIs are stored. */
export const coreEvent = "v1";

const text = (value: unknown) => (value === undefined || value === null ? "" : String(value));
const involved = (field: string) => (object: KubeObject) => {
  const target = object.involvedObject ?? object.regarding;
  return isObject(target) ? text(target[field]) : "";
};
const references = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

/** What field selectors may name on either Event API; the selector reads the form that is served. */
export const eventFields: Readonly<Record<string, (object: KubeObject) => string>> = {
  ...Object.fromEntries(references.map((field) => [`involvedObject.${field}`, involved(field)])),
  ...Object.fromEntries(references.map((field) => [`regarding.${field}`, involved(field)])),
  reason: (object) => text(object.reason),
  type: (object) => text(object.type),
  reportingComponent: (object) => text(object.reportingComponent ?? object.reportingController),
  reportingController: (object) => text(object.reportingComponent ?? object.reportingController),
  source: (object) => {
    const source = object.source ?? object.deprecatedSource;
    return (
      (isObject(source) && text(source.component)) || text(object.reportingComponent ?? object.reportingController)
    );
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
