import type { Problem } from "../../lib/problem.ts";
import { type CelProgram, compileExpression } from "../../policy/cel/compile.ts";
import type { CelType } from "../../policy/cel/environment.ts";
import { compileMessage } from "../schema/rules.ts";

const groupVersionKind: CelType = {
  name: "kubernetes.GroupVersionKind",
  fields: { group: "string", version: "string", kind: "string" },
};
const groupVersionResource: CelType = {
  name: "kubernetes.GroupVersionResource",
  fields: { group: "string", version: "string", resource: "string" },
};
const request: CelType = {
  name: "kubernetes.AdmissionRequest",
  fields: {
    kind: groupVersionKind,
    resource: groupVersionResource,
    subResource: "string",
    requestKind: groupVersionKind,
    requestResource: groupVersionResource,
    requestSubResource: "string",
    name: "string",
    namespace: "string",
    operation: "string",
    userInfo: {
      name: "kubernetes.UserInfo",
      fields: { username: "string", uid: "string", groups: "list<string>", extra: "map<string, list<string>>" },
    },
    dryRun: "bool",
    options: "dyn",
  },
};

const labels = "map<string, string>";
// A cluster declares this part of a Namespace, and its uid under a name that no object has.
const namespaceObject: CelType = {
  name: "kubernetes.Namespace",
  fields: {
    metadata: {
      name: "kubernetes.NamespaceMetadata",
      fields: {
        name: "string",
        generateName: "string",
        namespace: "string",
        labels,
        annotations: labels,
        UID: "string",
        creationTimestamp: "timestamp",
        deletionGracePeriodSeconds: "int",
        deletionTimestamp: "timestamp",
        generation: "int",
        resourceVersion: "string",
        finalizers: "list<string>",
      },
    },
    spec: { name: "kubernetes.NamespaceSpec", fields: { finalizers: "list<string>" } },
    status: {
      name: "kubernetes.NamespaceStatus",
      fields: {
        conditions: {
          name: "kubernetes.NamespaceCondition",
          fields: {
            status: "string",
            type: "string",
            lastTransitionTime: "timestamp",
            message: "string",
            reason: "string",
          },
          in: ["list"],
        },
        phase: "string",
      },
    },
  },
};

const judged = { object: "dyn", oldObject: "dyn", request, namespaceObject };
const always = { ...judged, authorizer: "kubernetes.authorization.Authorizer" };

export type Compiled =
  | { readonly program: CelProgram; readonly error?: undefined }
  | { readonly program?: undefined; readonly error: string };

/** Compiles one expression of a policy in the environment that the server gives it. The error is the server's text. */
export function compilePolicyExpression(
  source: string,
  options: {
    /** Those that it may read with their types; conditions of a match know of none. */
    readonly variables: Readonly<Record<string, CelType>> | undefined;
    readonly hasParams: boolean;
    readonly result: "bool" | "string" | "dyn";
    /** A message is made of what was judged: it asks no authorizer. */
    readonly message?: boolean;
  },
): Compiled {
  const { variables: fields } = options;
  const variables = fields ? { variables: { name: "kubernetes.variables", fields } } : {};
  try {
    const program = compileExpression(source, {
      variables: {
        ...(options.message ? judged : always),
        ...variables,
        ...(options.hasParams ? { params: "dyn" } : {}),
      },
      result: options.result,
      exact: true,
      converted: true,
    });
    return { program };
  } catch (thrown) {
    const problem = thrown as Problem;
    const { evaluatesTo, summary } = problem.details as { evaluatesTo?: string; summary?: string };
    const text = evaluatesTo === undefined ? compileMessage(problem) : `${summary} but got ${evaluatesTo}`;
    return { error: `compilation error: ${text}` };
  }
}

const plain = new Set(["bool", "bytes", "double", "int", "null", "string", "uint"]);

/** The type of a variable that is this expression: of an object or a library's own type nothing is remembered. */
export function variableType({ program }: Compiled): CelType {
  return remembered(program?.type ?? "dyn");
}

function remembered(type: string): string {
  if (plain.has(type)) return type;
  if (type === "google.protobuf.Timestamp") return "timestamp";
  if (type === "google.protobuf.Duration") return "duration";
  const list = /^list<(.*)>$/.exec(type);
  if (list) return `list<${remembered(list[1]!)}>`;
  const map = /^map<(\w+), (.*)>$/.exec(type);
  return map ? `map<${remembered(map[1]!)}, ${remembered(map[2]!)}>` : "dyn";
}

/** Compiles an expression of one policy; `variables` are the first so many of it. */
export type PolicyCompiler = (
  source: string,
  variables: readonly string[],
  result: "bool" | "string" | "dyn",
  message: boolean,
) => Compiled;

const compilers = new WeakMap<object, PolicyCompiler>();

/** The compiler of a policy as it was stored, a change of which is another object: it compiles each expression once. */
export function policyCompiler(spec: {
  readonly paramKind?: unknown;
  readonly variables?: readonly { readonly expression: string }[];
}): PolicyCompiler {
  const known = compilers.get(spec);
  if (known) return known;
  const programs = new Map<string, Compiled>();
  const hasParams = spec.paramKind !== undefined;
  const types: CelType[] = [];
  const typesOf = (names: readonly string[]): Record<string, CelType> => {
    for (let at = types.length; at < names.length; at++) {
      const { expression = "" } = spec.variables?.[at] ?? {};
      types.push(variableType(compiler(expression, names.slice(0, at), "dyn", false)));
    }
    return Object.fromEntries(names.map((name, at) => [name, types[at]!]));
  };
  const compiler: PolicyCompiler = (source, names, result, message) => {
    const key = `${names.length} ${result} ${message} ${source}`;
    const known = programs.get(key);
    if (known) return known;
    const made = compilePolicyExpression(source, { variables: typesOf(names), hasParams, result, message });
    programs.set(key, made);
    return made;
  };
  compilers.set(spec, compiler);
  return compiler;
}
