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
    ...emptyErrors(texts(rule.apiVersions), `${at}.apiVersions`),
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

const emptyErrors = (words: readonly string[], at: string): FieldError[] =>
  words.flatMap((word, index) => (word === "" ? [fieldError.required(`${at}[${index}]`)] : []));

function resourceErrors(resources: readonly string[], at: string): FieldError[] {
  if (resources.length === 0) return [fieldError.required(at)];
  const found = [...emptyErrors(resources, at), ...coveredErrors(resources, at)];
  if (resources.length > 1 && resources.includes("*/*")) {
    found.push(fieldError.invalid(at, resources, "if '*/*' is present, must not specify other resources"));
  }
  // A cluster looks at the last one alone: it takes what comes before the asterisk.
  const last = resources.findLast((resource) => resource !== "" && !resource.includes("/"));
  if (resources.includes("*") && last !== "*") {
    const detail = "if '*' is present, must not specify other resources without subresources";
    found.push(fieldError.invalid(at, resources, detail));
  }
  return found;
}

/** Subresources that an earlier entry with an asterisk covers. */
function coveredErrors(resources: readonly string[], at: string): FieldError[] {
  const found: FieldError[] = [];
  resources.forEach((resource, index) => {
    const slash = resource.indexOf("/");
    if (slash < 0) return;
    const earlier = resources.slice(0, index);
    for (const wide of [`${resource.slice(0, slash)}/*`, `*/${resource.slice(slash + 1)}`]) {
      if (!earlier.includes(wide)) continue;
      const detail = `if '${wide}' is present, must not specify ${resource}`;
      found.push(fieldError.invalid(`${at}[${index}]`, resource, detail));
    }
  });
  return found;
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
