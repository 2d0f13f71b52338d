/** The kinds that the sequences are about, installed on both servers before them. */
const text = { type: "string" };
const count = { type: "integer" };

const widgetSchema = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 0, maximum: 100 },
        ratio: { type: "number", exclusiveMinimum: true, minimum: 0, multipleOf: 0.5 },
        color: { type: "string", enum: ["red", "green", "blue"] },
        name: { type: "string", minLength: 2, maxLength: 8, pattern: "^[a-z]+$" },
        mode: { type: "string", default: "auto" },
        when: { type: "string", format: "date-time" },
        port: { "x-kubernetes-int-or-string": true },
        note: { type: "string", nullable: true },
        on: { type: "boolean" },
        replicas: { type: "integer", default: 1 },
        tags: { type: "array", items: text, "x-kubernetes-list-type": "set", maxItems: 4 },
        plain: { type: "array", items: { ...text, maxLength: 5 }, minItems: 1 },
        parts: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["id"],
          items: {
            type: "object",
            required: ["id"],
            properties: {
              id: text,
              weight: { type: "integer", default: 5 },
              labels: { type: "object", additionalProperties: text },
            },
          },
        },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["port", "protocol"],
          items: {
            type: "object",
            required: ["port"],
            properties: { port: count, protocol: { type: "string", default: "TCP" }, name: text },
          },
        },
        labels: { type: "object", additionalProperties: text, maxProperties: 3 },
        box: { type: "object", "x-kubernetes-map-type": "atomic", properties: { a: text, b: text } },
        deep: {
          type: "object",
          default: {},
          properties: {
            level: { type: "string", default: "low" },
            inner: { type: "object", properties: { x: count } },
          },
        },
        open: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { known: text } },
        template: {
          type: "object",
          "x-kubernetes-embedded-resource": true,
          "x-kubernetes-preserve-unknown-fields": true,
        },
        either: {
          type: "object",
          properties: { a: text, b: text },
          oneOf: [{ required: ["a"] }, { required: ["b"] }],
        },
        frozen: {
          ...text,
          maxLength: 20,
          "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "frozen cannot be changed" }],
        },
        range: {
          type: "object",
          properties: { min: count, max: count },
          "x-kubernetes-validations": [
            {
              rule: "self.min <= self.max",
              messageExpression: "'min is above a max ' + (self.max > 9 ? 'beyond nine' : 'up to nine')",
              fieldPath: ".min",
            },
          ],
        },
        once: {
          ...text,
          maxLength: 20,
          "x-kubernetes-validations": [
            { rule: "oldSelf.hasValue() || self == 'start'", optionalOldSelf: true, reason: "FieldValueForbidden" },
          ],
        },
      },
      "x-kubernetes-validations": [
        { rule: "!has(self.tags) || self.tags.size() <= self.size", message: "more tags than size" },
        { rule: "!has(self.color) || self.color != 'blue' || self.size > 10" },
      ],
    },
    status: {
      type: "object",
      properties: {
        phase: { type: "string", enum: ["New", "Done"] },
        replicas: count,
        selector: text,
        conditions: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
          items: { type: "object", required: ["type"], properties: { type: text, status: text } },
        },
      },
    },
  },
};

function definition(
  kind: string,
  plural: string,
  scope: string,
  versions: readonly object[],
  names: object = {},
): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.conform.roster.dev` },
    spec: {
      group: "conform.roster.dev",
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, ...names },
      versions,
    },
  };
}

const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const things = { type: "array", items: { type: "object", properties: { a: text } } };
const gadgetSchema = { openAPIV3Schema: { type: "object", properties: { spec: open, status: open, things } } };

export const definitions: readonly { readonly plural: string; readonly object: object }[] = [
  {
    plural: "widgets",
    object: definition(
      "Widget",
      "widgets",
      "Namespaced",
      [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: widgetSchema },
          subresources: {
            status: {},
            scale: {
              specReplicasPath: ".spec.replicas",
              statusReplicasPath: ".status.replicas",
              labelSelectorPath: ".status.selector",
            },
          },
          selectableFields: [{ jsonPath: ".spec.color" }],
          additionalPrinterColumns: [
            { name: "Size", type: "integer", jsonPath: ".spec.size" },
            { name: "Color", type: "string", jsonPath: ".spec.color", description: "its colour" },
            { name: "Tags", type: "string", jsonPath: ".spec.tags", priority: 1 },
            { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
          ],
        },
      ],
      { shortNames: ["wd"], categories: ["conform"] },
    ),
  },
  {
    plural: "gadgets",
    object: definition("Gadget", "gadgets", "Cluster", [
      { name: "v1", served: true, storage: true, schema: gadgetSchema },
      { name: "v1beta1", served: true, storage: false, deprecated: true, schema: gadgetSchema },
    ]),
  },
];
