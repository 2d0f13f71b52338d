import type { JsonSchema } from "../../../apiserver/schema/json-schema.ts";
import type { Random } from "./seeded.ts";

const samples: Readonly<Record<string, readonly string[]>> = {
  "date-time": ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678+02:00", "2026-01-02", "2026-13-02T03:04:05Z"],
  date: ["2026-01-02", "2026-02-30", "02/01/2026"],
  duration: ["1s", "1h30m", "1.5h", "2 days", "soon", "P1D"],
  email: ["a@b.example", "a@b", "Ana <a@b.example>", "@b"],
  hostname: ["a.example", "a_b", "-a", "a..b"],
  ipv4: ["10.0.0.1", "10.0.0", "::1", "010.0.0.1"],
  ipv6: ["::1", "fe80::1%eth0", "10.0.0.1", "::ffff:10.0.0.1"],
  cidr: ["10.0.0.0/8", "10.0.0.1/8", "10.0.0.0", "::/0"],
  uri: ["https://a.example/b?c#d", "a b", "/path", "mailto:a@b.example", "%zz"],
  uuid: ["123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000", "123"],
  mac: ["00:00:5e:00:53:01", "00-00-5e-00-53-01", "0000.5e00.5301", "00:00"],
  byte: ["aGk=", "aGk", "!!!"],
  hexcolor: ["#fff", "ffffff", "#ffff"],
  rgbcolor: ["rgb(1,2,3)", "rgb(1,2,300)"],
  isbn: ["978-3-16-148410-0", "9783161484100", "1"],
  creditcard: ["4111111111111111", "4111-1111-1111-1111", "1"],
  ssn: ["123-45-6789", "123"],
  password: ["x"],
  bsonobjectid: ["507f1f77bcf86cd799439011", "507"],
  "k8s-short-name": ["a-b", "A", "a.b"],
  "k8s-long-name": ["a.b", "a..b"],
  strange: ["x"],
};

export const formats = Object.keys(samples);

const anything: readonly unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  "",
  "x",
  "1",
  "true",
  [],
  {},
  [null],
  [1, "x"],
  { a: 1 },
  { a: null, b: { c: [] } },
  2147483648,
];

const plain = anything.filter((value) => value === null || typeof value !== "object" || Array.isArray(value));

/** How often a value is wrong, and how many may be. */
export interface Wildness {
  readonly chance: number;
  left: number;
  /**
   * What may be wrong: anything, or only types or only one unknown field. A cluster reads an applied configuration in the
   * order of a Go map and stops at the first unknown field.
   */
  readonly only?: "types" | "unknown";
  /** Metadata of one embedded resource is wrong already: of two in a map a cluster names the one that its Go map has first. */
  spoilt?: boolean;
}

/** Nothing is wrong. */
export const tame = (): Wildness => ({ chance: 0, left: 0 });

function goesWild(random: Random, wild: Wildness): boolean {
  if (wild.left <= 0 || !random.chance(wild.chance)) return false;
  wild.left--;
  return true;
}

/** A value for a schema. Most often a valid one, as far as it is not `wild`. */
export function valueFor(random: Random, schema: JsonSchema, wild: Wildness): unknown {
  if (wild.only !== "unknown" && goesWild(random, wild)) return random.pick(wild.only === "types" ? plain : anything);
  if (schema.nullable && random.chance(0.2)) return null;
  if (schema.enum && random.chance(0.9)) return random.pick(schema.enum);
  if (schema["x-kubernetes-int-or-string"]) return random.pick<unknown>([1, 80, "80%", "http", 0]);
  if (schema.type === "string") return textFor(random, schema);
  if (schema.type === "integer") return numberFor(random, schema, [0, 1, 2, 3, 6, 50]);
  if (schema.type === "number") return numberFor(random, schema, [0, 0.5, 1, 1.25, 2, 2.5, 50]);
  if (schema.type === "boolean") return random.chance(0.5);
  if (schema.type === "array") return listFor(random, schema, wild);
  if (schema.type === "object") return objectFor(random, schema, wild);
  return random.pick<unknown>([{ free: [1, { more: null }] }, "text", 1, [], { a: {} }]);
}

function textFor(random: Random, schema: JsonSchema): string {
  if (schema.format && samples[schema.format] && random.chance(0.9)) {
    const [good, ...others] = samples[schema.format]!;
    return random.chance(0.6) ? good! : random.pick([good!, ...others]);
  }
  const pool = ["x", "ab", "abc", "abcd", "12", "123", "abcdefg", "A", "é", ""];
  const fits = (value: string): boolean =>
    value.length >= (schema.minLength ?? 0) &&
    value.length <= (schema.maxLength ?? 99) &&
    (!schema.pattern || new RegExp(schema.pattern).test(value));
  const fitting = pool.filter(fits);
  return random.pick(fitting.length > 0 ? fitting : pool);
}

function numberFor(random: Random, schema: JsonSchema, pool: readonly number[]): number {
  const { minimum = -99, maximum = 999, multipleOf = 0 } = schema;
  const fits = (value: number): boolean =>
    value >= minimum &&
    value <= maximum &&
    !(schema.exclusiveMinimum && value === minimum) &&
    !(schema.exclusiveMaximum && value === maximum) &&
    (multipleOf === 0 || Number.isInteger(value / multipleOf));
  const fitting = pool.filter(fits);
  return random.pick(fitting.length > 0 ? fitting : pool);
}

function listFor(random: Random, schema: JsonSchema, wild: Wildness): unknown[] {
  const least = schema.minItems ?? 0;
  const most = schema.maxItems ?? 3;
  const length = Math.max(least, Math.min(most, random.below(4))) + (goesWild(random, wild) ? 1 : 0);
  const values = Array.from({ length }, () => valueFor(random, schema.items ?? {}, wild));
  if (schema["x-kubernetes-list-type"] === undefined || goesWild(random, wild)) return values;
  const keys = schema["x-kubernetes-list-map-keys"];
  const identity = (value: unknown): string =>
    JSON.stringify(keys ? keys.map((key) => (value as Record<string, unknown> | null)?.[key]) : value);
  return values.filter((value, i) => values.findIndex((other) => identity(other) === identity(value)) === i);
}

function objectFor(random: Random, schema: JsonSchema, wild: Wildness): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  if (schema["x-kubernetes-embedded-resource"]) {
    Object.assign(value, { apiVersion: random.pick(["v1", "apps/v1"]), kind: "Thing" });
    if (random.chance(0.5)) value.metadata = embeddedMetadata(random, wild);
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (schema.required?.includes(key) ? wild.only || !goesWild(random, wild) : random.chance(0.6))
      value[key] = valueFor(random, property, wild);
  }
  if (typeof schema.additionalProperties === "object")
    for (const key of random.some(["k", "l", "k.l/m"]))
      value[key] = valueFor(random, schema.additionalProperties, wild);
  if (
    schema["x-kubernetes-preserve-unknown-fields"]
      ? random.chance(0.6)
      : wild.only !== "types" && goesWild(random, wild)
  )
    value[random.pick(["unknown", "zz", "__proto", "a.b"])] = random.pick(anything);
  return value;
}

function spoils(random: Random, wild: Wildness): boolean {
  if (wild.only !== undefined || wild.spoilt || !goesWild(random, wild)) return false;
  wild.spoilt = true;
  return true;
}

function embeddedMetadata(random: Random, wild: Wildness): unknown {
  if (spoils(random, wild)) return random.pick(anything);
  return {
    name: "inner",
    ...(random.chance(0.4) ? { labels: { a: "1" } } : {}),
    ...(random.chance(0.3) ? { creationTimestamp: null } : {}),
    ...(wild.only !== "types" && goesWild(random, wild) ? { bogus: 1 } : {}),
    ...(spoils(random, wild) ? { labels: { a: random.pick(anything) } } : {}),
    ...(spoils(random, wild) ? { finalizers: random.pick(anything) } : {}),
  };
}
