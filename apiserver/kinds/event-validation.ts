import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/json.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import type { KubeObject } from "../store/entry.ts";
import { eventConversion } from "./events.ts";
import type { Strategy } from "./kind.ts";
import { checkPathSegment, checkQualifiedName } from "./names.ts";

const text = (value: unknown) => (typeof value === "string" ? value : "");
const wrong = (field: string, detail: string) => fieldError.invalid(field, "", detail);

// A core Event always shows these, whether its writer set them or not.
function completeCore(event: KubeObject): void {
  for (const field of ["eventTime", "firstTimestamp", "lastTimestamp"]) event[field] ??= null;
  for (const field of ["reportingComponent", "reportingInstance"]) event[field] ??= "";
  event.source ??= {};
}

/** The same of Events without any field. */
export const emptyEvents = {
  core: {
    involvedObject: {},
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: "",
    reportingInstance: "",
  },
  modern: {
    eventTime: null,
    regarding: {},
    deprecatedSource: {},
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
  },
};

function completeModern(event: KubeObject): void {
  for (const field of ["eventTime", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"]) event[field] ??= null;
  event.deprecatedSource ??= {};
}

/** Events of core/v1: lenient, as old recorders wrote them, who name them after whatever object they are about. */
export const coreEvents: Partial<Strategy> = {
  checkName: checkPathSegment,
  strictFinalizers: false,
  metadataOnce: true,
  defaults: completeCore,
  validate: (next) => legacyErrors(next, "reportingComponent"),
};

/** Events of events.k8s.io/v1: the rules of the new API, and what happened never changes. */
export const modernEvents: Partial<Strategy> = {
  defaults: completeModern,
  validate(next, live) {
    const event = eventConversion.toStored({ ...next });
    const legacy = legacyErrors(event, "reportingController");
    if (!live) return [...legacy, ...createErrors(event)];
    const before = eventConversion.toStored({ ...live });
    const series = isDeepStrictEqual(before.series, event.series) ? [] : seriesErrors(event);
    return [...legacy, ...series, ...changeErrors(event, before)];
  },
};

const maxShort = 128;
const maxNote = 1024;

function legacyErrors(event: KubeObject, reporter: string): FieldError[] {
  const found: FieldError[] = [];
  const involved = isObject(event.involvedObject) ? text(event.involvedObject.namespace) : "";
  const { namespace = "" } = event.metadata;
  const mismatch = fieldError.invalid("involvedObject.namespace", involved, "does not match event.namespace");
  if (!event.eventTime) {
    if (involved === "" ? namespace !== "default" : namespace !== involved) found.push(mismatch);
    return found;
  }
  if (involved === "" && namespace !== "default" && namespace !== "kube-system") found.push(mismatch);
  const controller = text(event.reportingComponent);
  if (controller === "") found.push(fieldError.required(reporter));
  for (const complaint of checkQualifiedName(controller))
    found.push(fieldError.invalid(reporter, controller, complaint));
  for (const field of ["reportingInstance", "action", "reason"]) {
    const value = text(event[field]);
    if (value === "") found.push(fieldError.required(field));
    if (value.length > maxShort) found.push(wrong(field, `can have at most ${maxShort} characters`));
  }
  if (text(event.message).length > maxNote) found.push(wrong("message", `can have at most ${maxNote} characters`));
  return found;
}

function createErrors(event: KubeObject): FieldError[] {
  const found = seriesErrors(event);
  if (!event.eventTime) found.push(fieldError.required("eventTime"));
  if (event.type !== "Normal" && event.type !== "Warning")
    found.push(wrong("type", `has invalid value: ${text(event.type)}`));
  for (const field of ["firstTimestamp", "lastTimestamp", "count"]) {
    if (event[field]) found.push(wrong(field, "needs to be unset"));
  }
  const source = isObject(event.source) ? event.source : {};
  if (source.component || source.host) found.push(wrong("source", "needs to be unset"));
  return found;
}

function seriesErrors({ series }: KubeObject): FieldError[] {
  if (!isObject(series)) return [];
  const found: FieldError[] = [];
  if (Number(series.count ?? 0) < 2) found.push(wrong("series.count", "should be at least 2"));
  if (!series.lastObservedTime) found.push(fieldError.required("series.lastObservedTime"));
  return found;
}

// As a cluster goes through them: it looks at the reason twice.
const fixed = [
  "involvedObject",
  "reason",
  "reason",
  "message",
  "source",
  "firstTimestamp",
  "lastTimestamp",
  "count",
  "reportingComponent",
  "reportingInstance",
  "action",
  "type",
  "related",
  "eventTime",
];

function changeErrors(event: KubeObject, before: KubeObject): FieldError[] {
  return fixed
    .filter((field) => !isDeepStrictEqual(event[field] ?? null, before[field] ?? null))
    .map((field) =>
      fieldError.invalid(
        field === "reportingComponent" ? "reportingController" : field,
        field === "involvedObject" || field === "related" ? shownReference(event[field]) : (event[field] ?? null),
        "field is immutable",
      ),
    );
}

const referenceFields = ["Kind", "Namespace", "Name", "UID", "APIVersion", "ResourceVersion", "FieldPath"];

// Under the names of the server's own type, which shows every field.
function shownReference(reference: unknown): unknown {
  if (!isObject(reference)) return null;
  const wire = (field: string) =>
    field === "UID" ? "uid" : field === "APIVersion" ? "apiVersion" : `${field[0]!.toLowerCase()}${field.slice(1)}`;
  return Object.fromEntries(referenceFields.map((field) => [field, text(reference[wire(field)])]));
}
