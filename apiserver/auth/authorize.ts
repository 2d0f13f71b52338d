import type { RequestInfo } from "../http/request-info.ts";
import { failure, forbidden } from "../http/status.ts";
import type { AccessDecision, Api, Attributes, Call, User } from "../rest/api.ts";
import { parseListOptions } from "../rest/list.ts";
import { nameInSelector } from "../selectors/fields.ts";

// What anybody may read without credentials: liveness and the version.
const open = new Set(["/healthz", "/livez", "/readyz", "/version", "/version/"]);

/** Refuses what the user may not do. Throws 403 in Kubernetes' words. */
export function authorize(api: Api, call: Call): void {
  if (!call.info.isResource && open.has(call.info.path) && ["GET", "HEAD"].includes(call.request.method ?? "")) return;
  const attributes = attributesOf(call.info, call.user, call.query);
  const decision = api.authorizer.decide(attributes);
  if (!decision.allowed) throw refusal(attributes, decision);
}

/** The question that a request is to authorization. */
export function attributesOf(info: RequestInfo, user: User, query: URLSearchParams): Attributes {
  if (!info.isResource) return { user, verb: info.verb, path: info.path };
  const selects = info.name === "" && ["list", "watch"].includes(info.verb) && !info.verbInPath;
  const name = selects ? selectedName(query) : info.name;
  const { verb, group, version, resource, subresource, namespace } = info;
  return { user, verb, group, version, resource, subresource, namespace, name };
}

/** A list of one name is a question about that name, if it is one and the rest of the query can be read. */
function selectedName(query: URLSearchParams): string {
  const selector = query.get("fieldSelector");
  if (!selector) return "";
  try {
    parseListOptions(query);
    const name = nameInSelector(selector);
    return name === "." || name === ".." || /[/%]/.test(name) ? "" : name;
  } catch {
    // What is wrong with it is said to those who may do it.
    return "";
  }
}

/** 403 for one refused question. */
export function refusal(attributes: Attributes, decision: AccessDecision): Error {
  const { user, verb, group = "", resource = "", subresource = "", namespace = "", name = "", path } = attributes;
  const because = decision.reason ? `: ${decision.reason}` : "";
  const who = `User ${JSON.stringify(user.name)} cannot`;
  if (path !== undefined) {
    return failure(403, "Forbidden", `forbidden: ${who} ${verb} path ${JSON.stringify(path)}${because}`, {});
  }
  const what = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? `in the namespace "${namespace}"` : "at the cluster scope";
  return forbidden(
    { group, resource },
    name,
    `${who} ${verb} resource "${what}" in API group "${group}" ${where}${because}`,
  );
}
