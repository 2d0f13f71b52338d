import { get, post, type Step } from "./step.ts";

/** Kinds that a sequence defines for itself, in an API group of its own. */
export const crdsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
export const itemsPath = "/apis/{ns}.made.dev/v1/namespaces/{ns}/items";
export const itemPath = `${itemsPath}/a`;
export const itemCrdPath = `${crdsPath}/items.{ns}.made.dev`;

const names = { plural: "items", singular: "item", kind: "Item", listKind: "ItemList" };

/** One version, served and stored, whose `spec` has this schema. */
export const version = (name: string, spec: object, more: object = {}): object => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: "object", properties: { spec } } },
  ...more,
});

/** A definition of the kind Item; `more` goes into its spec. */
export const itemCrd = (versions: readonly object[], more: object = {}): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "items.{ns}.made.dev" },
  spec: { group: "{ns}.made.dev", scope: "Namespaced", names, versions, ...more },
});

/** What is compared of a refused definition: all but the definition. */
export const refusal = { pick: ["kind", "status", "message", "reason", "code", "details"] };

/** Asks, without keeping it, for a definition with this schema of `spec`: most are refused. */
export const refusedSchema = (spec: object, more: object = {}): Step =>
  post(`${crdsPath}?dryRun=All`, itemCrd([version("v1", spec, more)]), refusal);

/** Defines the kind Item with this schema of `spec` and waits until it is served. */
export const defined = (spec: object, more: object = {}): Step[] => [
  post(crdsPath, itemCrd([version("v1", spec, more)]), { pick: ["kind", "message", "details"] }),
  get(itemsPath, { until: 200, pick: ["kind"] }),
];

export const item = (spec: unknown, metadata: object = {}, more: object = {}): object => ({
  apiVersion: "{ns}.made.dev/v1",
  kind: "Item",
  metadata: { name: "a", ...metadata },
  spec,
  ...more,
});

/** Tries to create an Item with each spec and keeps none. */
export const createEach = (...specs: readonly unknown[]): Step[] =>
  specs.map((spec) => post(`${itemsPath}?dryRun=All`, item(spec), { pick: judged }));

/** What is compared of an object or of why it was refused. */
export const judged = ["kind", "spec", "status", "message", "reason", "code", "details"];
