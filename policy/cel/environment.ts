import { Environment } from "@marcbachmann/cel-js";
import { addAuthorizer } from "./library/authorizer.ts";
import { addConversions } from "./library/conversions.ts";
import { addFormat } from "./library/format.ts";
import { addLists } from "./library/lists.ts";
import { addNet } from "./library/net.ts";
import { addOptional } from "./library/optional.ts";
import { addQuantity } from "./library/quantity.ts";
import { addRegex } from "./library/regex.ts";
import { addSemver } from "./library/semver.ts";
import { addStrings } from "./library/strings.ts";
import { addTwoVariables } from "./library/two-variables.ts";
import { addUrl } from "./library/url.ts";

/**
 * A CEL type: `int`, `uint`, `double`, `bool`, `string`, `bytes`, `null`, `dyn`, `timestamp`, `duration`, `list<…>`,
 * `map<string, …>`, or an object with declared fields.
 */
export type CelType = string | CelObjectType;

/** An object whose fields are known: reading another one is refused when the expression is compiled. */
export interface CelObjectType {
  /** Unique within one expression; shows in error messages. */
  readonly name: string;
  readonly fields: Readonly<Record<string, CelType>>;
  /** The type is `list<name>`, `map<string, name>` and so on instead of `name` itself, from the innermost outward. */
  readonly in?: readonly ("list" | "map" | "optional")[];
}

let base: Environment | undefined;

/** Kubernetes' base environment (1.36), built at first use: it takes some milliseconds. */
export function baseEnvironment(): Environment {
  if (base) return base;
  const env = new Environment({
    enableOptionalTypes: true,
    // Strictness would refuse `[self.a, "x"]` when `self` is dynamic; Kubernetes unifies dyn with anything.
    homogeneousAggregateLiterals: false,
    limits: { maxDepth: 100, maxAstNodes: 20_000 },
  });
  for (const add of [
    addConversions,
    addStrings,
    addLists,
    addRegex,
    addQuantity,
    addSemver,
    addNet,
    addUrl,
    addFormat,
    addOptional,
    addTwoVariables,
    addAuthorizer,
  ])
    add(env);
  // Objects and times may be compared with null, other values never are it.
  for (const name of ["Timestamp", "Duration"]) env.registerOperator(`google.protobuf.${name} == null`, () => false);
  base = env;
  return env;
}

let functions: ReadonlySet<string> | undefined;

/** Whether any function or method has this name, whatever it takes. */
export function hasFunction(name: string): boolean {
  functions ??= new Set(
    baseEnvironment()
      .getDefinitions()
      .functions.map((one) => one.name),
  );
  return functions.has(name) || functions.has(`k8s_${name}`);
}

const builtin: Readonly<Record<string, string>> = {
  timestamp: "google.protobuf.Timestamp",
  duration: "google.protobuf.Duration",
  null: "null",
};

/** Declares an object type and those below it; answers its name as the library writes types. */
export function declareType(env: Environment, type: CelType, declared: Set<string>): string {
  if (typeof type === "string") return type.replace(/\b(timestamp|duration)\b/g, (name) => builtin[name] ?? name);
  if (!declared.has(type.name)) {
    declared.add(type.name);
    const fields: Record<string, string> = {};
    for (const [name, field] of Object.entries(type.fields)) fields[name] = declareType(env, field, declared);
    env.registerType(type.name, { fields } as never);
    env.registerOperator(`${type.name} == ${type.name}`, () => true);
    env.registerOperator(`${type.name} == null`, () => false);
  }
  return (type.in ?? []).reduce(
    (inner, wrap) => (wrap === "map" ? `map<string, ${inner}>` : `${wrap}<${inner}>`),
    type.name,
  );
}

/** The fields of the object type with this name, wherever the variables' types hold it. */
export function fieldsOf(
  variables: Readonly<Record<string, CelType>>,
  name: string,
): Readonly<Record<string, CelType>> | undefined {
  for (const type of Object.values(variables)) {
    if (typeof type === "string") continue;
    const found = type.name === name ? type.fields : fieldsOf(type.fields, name);
    if (found) return found;
  }
  return undefined;
}
