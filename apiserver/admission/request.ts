import { isObject } from "../../lib/json.ts";
import type { KubeObject } from "../store/entry.ts";

/** A name under which an object is served: what a rule matches, and what its body is called there. */
export interface Served {
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
}

/** Another name of the requested objects: another version, or an API that shares their storage. */
export interface Equivalent extends Served {
  /** The object as it is read under that name; leaves the given one as it is. */
  readonly convert: (object: KubeObject) => KubeObject;
}

/** `admission.k8s.io/v1` AdmissionRequest, the part that policies may read. */
export interface AdmissionRequest extends Served {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly subResource: string;
  /** Empty where a whole collection is deleted. */
  readonly name: string;
  /** Of a Namespace itself: its own name. Empty for other cluster-scoped kinds. */
  readonly namespace: string;
  readonly userInfo: {
    readonly username: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly dryRun?: boolean;
  readonly options?: unknown;
}

export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly operations?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly scope?: string;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** `MatchResources` of a policy or a binding. */
export interface Match {
  /** Exact: rules name the requested version. Otherwise any that the object is served in will do. */
  readonly matchPolicy?: string;
  readonly resourceRules?: readonly Rule[];
  readonly excludeResourceRules?: readonly Rule[];
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
}

export interface Subject {
  readonly request: AdmissionRequest;
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly namespaceObject: unknown;
  /** Computed only where a rule needs them. */
  readonly equivalents: () => readonly Equivalent[];
}

/**
 * Under which name of the requested object a policy or binding is about this request, undefined where it is not. Absent
 * rules are about every request.
 */
export function matchRequest(match: Match | undefined, subject: Subject): Served | Equivalent | undefined {
  const { request, object, oldObject } = subject;
  if (!match) return request;
  if (!matchesNamespace(match.namespaceSelector, subject)) return undefined;
  const selector = match.objectSelector;
  if (!isEmpty(selector) && !selects(selector, labelsOf(object)) && !selects(selector, labelsOf(oldObject)))
    return undefined;
  if (matchRules(match.excludeResourceRules ?? [], match, subject)) return undefined;
  return match.resourceRules?.length ? matchRules(match.resourceRules, match, subject) : request;
}

// The requested name goes before any other, whatever the order of the rules.
function matchRules(
  rules: readonly Rule[],
  { matchPolicy }: Match,
  { request, equivalents }: Subject,
): Served | Equivalent | undefined {
  if (rules.some((rule) => matchesRule(rule, request, request))) return request;
  if (rules.length === 0 || matchPolicy === "Exact") return undefined;
  const others = equivalents();
  for (const rule of rules) {
    const found = others.find((other) => matchesRule(rule, request, other));
    if (found) return found;
  }
  return undefined;
}

function matchesRule(rule: Rule, request: AdmissionRequest, { resource }: Served): boolean {
  const { subResource, operation, name } = request;
  const has = (list: readonly string[] | undefined, wanted: string): boolean =>
    list?.some((item) => item === "*" || item === wanted) ?? false;
  return (
    inScope(rule.scope, request) &&
    has(rule.operations, operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    (rule.resources?.some((text) => matchesResource(text, resource.resource, subResource)) ?? false) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(name))
  );
}

function matchesResource(text: string, resource: string, subresource: string): boolean {
  const [wanted, sub = ""] = text.split("/", 2);
  return (wanted === "*" || wanted === resource) && (sub === "*" || sub === subresource);
}

/** The request is for a Namespace itself, which is in none. */
export const isNamespace = ({ resource }: AdmissionRequest): boolean =>
  resource.group === "" && resource.resource === "namespaces";

function inScope(scope: string | undefined, request: AdmissionRequest): boolean {
  if (scope === undefined || scope === "*") return true;
  const namespaced = !isNamespace(request) && request.namespace !== "";
  return scope === "Namespaced" ? namespaced : scope === "Cluster" && !namespaced;
}

function matchesNamespace(selector: LabelSelector | undefined, subject: Subject): boolean {
  const { request, object, namespaceObject } = subject;
  if (request.namespace === "" && !isNamespace(request)) return true;
  if (isEmpty(selector)) return true;
  const own = isNamespace(request) && request.subResource === "" && request.operation !== "DELETE";
  return selects(selector, labelsOf(own ? object : namespaceObject));
}

function labelsOf(object: unknown): Readonly<Record<string, string>> | undefined {
  if (!isObject(object)) return undefined;
  const metadata = object.metadata;
  return ((isObject(metadata) ? metadata.labels : undefined) ?? {}) as Record<string, string>;
}

function isEmpty(selector: LabelSelector | undefined): selector is undefined {
  return !selector || (Object.keys(selector.matchLabels ?? {}).length === 0 && !selector.matchExpressions?.length);
}

function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>> | undefined): boolean {
  if (!labels || !selector) return false;
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      const listed = value !== undefined && values.includes(value);
      return operator === "In" ? listed : operator === "NotIn" && !listed;
    })
  );
}
