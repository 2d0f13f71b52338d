import { isObject } from "../../lib/json.ts";

/** `admission.k8s.io/v1` AdmissionRequest, the part that policies may read. */
export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly subResource: string;
  /** Empty while a name is still to be generated. */
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
}

/** Whether a policy or binding is about this request. `none` is what an absent list of rules means. */
export function matchesRequest(match: Match | undefined, subject: Subject): boolean {
  if (!match) return true;
  const { request, object, oldObject } = subject;
  if (!matchesNamespace(match.namespaceSelector, subject)) return false;
  const selector = match.objectSelector;
  if (!isEmpty(selector) && !selects(selector, labelsOf(object)) && !selects(selector, labelsOf(oldObject)))
    return false;
  if (match.excludeResourceRules?.some((rule) => matchesRule(rule, request))) return false;
  return !match.resourceRules?.length || match.resourceRules.some((rule) => matchesRule(rule, request));
}

function matchesRule(rule: Rule, request: AdmissionRequest): boolean {
  const { resource, subResource, operation, name } = request;
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

const isNamespace = ({ resource }: AdmissionRequest): boolean =>
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
