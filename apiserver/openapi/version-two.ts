import { isObject } from "../../lib/json.ts";

type Node = Readonly<Record<string, unknown>>;

const inVersionThree = "#/components/schemas/";

/**
 * `/openapi/v2` of documents of version 3: what kubectl falls back to for kinds that are not there (so that it can say
 * so), and what older clients read. As on a cluster, schemas of custom kinds lose what version 2 cannot say.
 */
export function toVersionTwo(documents: readonly object[], isCustom: (component: string) => boolean): object {
  const paths: Record<string, object> = {};
  const definitions: Record<string, unknown> = {};
  for (const document of documents as readonly Node[]) {
    for (const [path, item] of entriesOf(document.paths)) paths[path] = pathItem(item as Node);
    const { schemas } = document.components as Node;
    for (const [name, schema] of entriesOf(schemas))
      definitions[name] ??= schemaOf(isCustom(name) ? reduced(schema) : schema);
  }
  const sorted = Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: "1.36" },
    paths,
    definitions: sorted,
    securityDefinitions: {
      BearerToken: { description: "Bearer Token authentication", type: "apiKey", name: "authorization", in: "header" },
    },
    security: [{ BearerToken: [] }],
  };
}

const entriesOf = (value: unknown): [string, unknown][] => (isObject(value) ? Object.entries(value) : []);

function pathItem(item: Node): object {
  const result = entriesOf(item).map(([key, value]) =>
    key === "parameters" ? [key, (value as Node[]).map(parameter)] : [key, operation(value as Node)],
  );
  return Object.fromEntries(result) as object;
}

function operation({ requestBody, parameters, responses, ...rest }: Node): object {
  const content = isObject(requestBody) && isObject(requestBody.content) ? requestBody.content : {};
  const [body] = Object.values(content) as { readonly schema: unknown }[];
  const given = (parameters as Node[]).map(parameter);
  return {
    ...(Object.keys(content).length > 0 ? { consumes: Object.keys(content) } : {}),
    produces: ["application/json", "application/yaml"],
    parameters: body ? [{ name: "body", in: "body", required: true, schema: schemaOf(body.schema) }, ...given] : given,
    responses: Object.fromEntries(entriesOf(responses).map(([code, answer]) => [code, response(answer as Node)])),
    ...rest,
  };
}

function parameter({ schema, ...rest }: Node): Node {
  return { ...rest, ...(schema as Node) };
}

function response({ content, ...rest }: Node): object {
  const [first] = entriesOf(content).map(([, value]) => (value as Node).schema);
  return first === undefined ? rest : { ...rest, schema: schemaOf(first) };
}

/** A reference stands beside its description there, and there are no defaults. */
function schemaOf(node: unknown): unknown {
  if (!isObject(node)) return node;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === "default") continue;
    if (key === "properties") {
      result[key] = Object.fromEntries(entriesOf(value).map(([name, child]) => [name, schemaOf(child)]));
    } else if (key === "$ref") result[key] = String(value).replace(inVersionThree, "#/definitions/");
    else if (key === "allOf" && Array.isArray(value)) Object.assign(result, ...value.map(schemaOf));
    else result[key] = key === "items" || key === "additionalProperties" ? schemaOf(value) : value;
  }
  return result;
}

const untold = new Set(["oneOf", "anyOf", "not", "nullable", "default"]);
const extended = /^(x-|description$)/;

/** What kube-apiserver leaves of a custom kind's schema: nullable and open nodes say nothing of their shape. */
function reduced(node: unknown): unknown {
  if (!isObject(node)) return node;
  const open = node.nullable === true || node["x-kubernetes-preserve-unknown-fields"] === true;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (untold.has(key) || (open && !extended.test(key))) continue;
    if (key === "properties") {
      result[key] = Object.fromEntries(entriesOf(value).map(([name, child]) => [name, reduced(child)]));
    } else result[key] = key === "items" || key === "additionalProperties" ? reduced(value) : value;
  }
  // References to built-in components, such as metadata's, come as they are.
  return result;
}
