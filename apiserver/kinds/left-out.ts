// Members that Go writes only when they are set, by Go type; `*` where that is all of them. Where Go holds a pointer an
// empty value is a value, so this cannot be told from the schema.
const members: Readonly<Record<string, ReadonlySet<string> | "*">> = {
  Subject: new Set(["apiGroup", "namespace"]),
  Event: new Set([
    ...["reason", "message", "note", "type", "action", "count", "deprecatedCount"],
    // Of the core API's Event they are always there: its strategy puts them back.
    ...["reportingController", "reportingComponent", "reportingInstance"],
  ]),
  EventSeries: new Set(["count"]),
  EventSource: "*",
  ObjectReference: "*",
  LocalObjectReference: "*",
  SubjectAccessReviewSpec: "*",
  SelfSubjectRulesReviewSpec: "*",
  ResourceAttributes: "*",
  NonResourceAttributes: "*",
  FieldSelectorAttributes: "*",
  LabelSelectorAttributes: "*",
  TokenReviewSpec: "*",
};

/** Whether a cluster drops this value of a built-in object's member, because it is what an unset one would be. */
export function isLeftOut(type: string, name: string, value: unknown): boolean {
  if (value !== "" && value !== 0) return false;
  const found = Object.hasOwn(members, type) ? members[type] : undefined;
  return found === "*" || found?.has(name) === true;
}
