import { isObject } from "../../lib/json.ts";
import { type FieldError, fieldError } from "../http/status.ts";

type Fields = Record<string, unknown>;

const objects = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isObject) : []);
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const scopes = ["*", "Cluster", "Namespaced"];
const matchPolicies = ["Equivalent", "Exact"];

/** What is wrong with the MatchResources of a policy or a binding. */
export function matchResourcesErrors(match: Fields, at: string): FieldError[] {
  const found: FieldError[] = [];
  if (match.matchPolicy && !matchPolicies.includes(String(match.matchPolicy))) {
    found.push(fieldError.notSupported(`${at}.matchPolicy`, match.matchPolicy, matchPolicies));
  }
  for (const list of ["resourceRules", "excludeResourceRules"]) {
    objects(match[list]).forEach((rule, index) => {
      found.push(...ruleErrors(rule, `${at}.${list}[${index}]`));
    });
  }
  return found;
}

function ruleErrors(rule: Fields, at: string): FieldError[] {
  const found = [
    ...wordErrors(texts(rule.operations), `${at}.operations`, "operations"),
    ...texts(rule.operations).flatMap((operation, index) =>
      operations.includes(operation)
        ? []
        : [fieldError.notSupported(`${at}.operations[${index}]`, operation, operations)],
    ),
    ...wordErrors(texts(rule.apiGroups), `${at}.apiGroups`, "API groups"),
    ...wordErrors(texts(rule.apiVersions), `${at}.apiVersions`, "API versions"),
    ...resourceErrors(texts(rule.resources), `${at}.resources`),
  ];
  if (rule.scope && !scopes.includes(String(rule.scope))) {
    found.push(fieldError.notSupported(`${at}.scope`, rule.scope, scopes));
  }
  return found;
}

function wordErrors(words: readonly string[], at: string, what: string): FieldError[] {
  if (words.length === 0) return [fieldError.required(at)];
  if (words.length === 1 || !words.includes("*")) return [];
  return [fieldError.invalid(at, words, `if '*' is present, must not specify other ${what}`)];
}

function resourceErrors(resources: readonly string[], at: string): FieldError[] {
  if (resources.length === 0) return [fieldError.required(at)];
  const whole = resources.filter((resource) => !resource.includes("/"));
  if (whole.length > 1 && whole.includes("*")) {
    const detail = "if '*' is present, must not specify other resources without subresources";
    return [fieldError.invalid(at, resources, detail)];
  }
  if (resources.length > 1 && resources.includes("*/*")) {
    return [fieldError.invalid(at, resources, "if '*/*' is present, must not specify other resources")];
  }
  return [];
}

/** What is wrong with the reference of a binding to its parameters. */
export function paramRefErrors(ref: Fields, at: string): FieldError[] {
  const found: FieldError[] = [];
  const both = "name and selector are mutually exclusive";
  if (ref.name && ref.selector !== undefined) {
    found.push(fieldError.forbidden(`${at}.name`, both), fieldError.forbidden(`${at}.selector`, both));
  }
  if (!ref.name && ref.selector === undefined) {
    found.push(fieldError.required(at, "one of name or selector must be specified"));
  }
  const action = ref.parameterNotFoundAction;
  const field = `${at}.parameterNotFoundAction`;
  if (!action) found.push(fieldError.required(field));
  else if (action !== "Deny" && action !== "Allow")
    found.push(fieldError.notSupported(field, action, ["Deny", "Allow"]));
  return found;
}
