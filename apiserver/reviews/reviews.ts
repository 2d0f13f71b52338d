import { isObject } from "../../lib/json.ts";
import type { Authenticator } from "../auth/authenticate.ts";
import type { ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import { reviewResources } from "../discovery/reviews.ts";
import { decodeBody, readBody } from "../http/body.ts";
import { send } from "../http/respond.ts";
import { badRequest, type FieldError, fieldError, invalid } from "../http/status.ts";
import type { Api, Call } from "../rest/api.ts";
import { representationOf } from "../rest/read.ts";
import { missing, notAllowed } from "../rest/resource.ts";
import { accessReview } from "./access.ts";
import { rulesReview } from "./rules.ts";
import { requestToken } from "./token-request.ts";
import { selfSubjectReview, tokenReview } from "./tokens.ts";

export interface ReviewPorts {
  readonly authenticator: Authenticator;
  readonly tokens: ServiceAccountTokens;
}

/** What a review computes from its spec. `errors` become a 422 about the review itself. */
export type Reviewed = { readonly status: object } | { readonly errors: readonly FieldError[] };

/**
 * Answers the kinds that are not stored: access and token reviews, and tokens for ServiceAccounts. Resolves to false
 * when the request is for something else.
 */
export async function review(ports: ReviewPorts, api: Api, call: Call): Promise<boolean> {
  const { info } = call;
  if (info.group === "" && info.resource === "serviceaccounts" && info.subresource === "token") {
    if (info.verb !== "create") throw notAllowed();
    await requestToken(ports.tokens, api, call);
    return true;
  }
  const found = reviewResources.find(
    ({ group, version, plural }) => group === info.group && version === info.version && plural === info.resource,
  );
  if (!found) return false;
  if (info.name || info.extra.length > 0 || found.namespaced !== (info.namespace !== "")) throw missing();
  if (info.verb !== "create") throw notAllowed();
  const { kind, group } = found;
  const object = readReview(await readBody(call.request), call.request.headers["content-type"], kind, group);
  const spec = isObject(object["spec"]) ? object["spec"] : {};
  if (kind === "LocalSubjectAccessReview") checkNamespace(spec, info.namespace);
  const result = answer(ports, api, call, kind, spec);
  if ("errors" in result) throw invalid(group, "", "", result.errors);
  const { yaml } = representationOf(call);
  send(
    call.response,
    201,
    { kind, apiVersion: `${group}/v1`, metadata: {}, ...object, ...ownParts(api, kind), status: result.status },
    { warnings: call.warnings, yaml },
  );
  return true;
}

/** What a review about oneself says instead of what was sent. */
function ownParts({ clock }: Api, kind: string): object {
  const creationTimestamp = new Date(clock.now()).toISOString().replace(/\.\d+/, "");
  if (kind === "SelfSubjectReview") return { metadata: { creationTimestamp } };
  return kind === "SelfSubjectRulesReview" ? { metadata: {}, spec: {} } : {};
}

function answer(ports: ReviewPorts, api: Api, call: Call, kind: string, spec: Record<string, unknown>): Reviewed {
  switch (kind) {
    case "SelfSubjectReview":
      return selfSubjectReview(call.user);
    case "TokenReview":
      return tokenReview(ports.authenticator, spec);
    case "SelfSubjectRulesReview":
      return rulesReview(api, call.user, spec);
    case "SelfSubjectAccessReview":
      return accessReview(api, call.user, spec);
    default:
      return accessReview(api, undefined, spec);
  }
}

/** The body of a review as an object of its kind. Throws 400. */
export function readReview(
  bytes: Buffer,
  contentType: string | undefined,
  kind: string,
  group: string,
): Record<string, unknown> {
  const { value } = decodeBody(bytes, contentType, kind);
  if (!isObject(value)) throw badRequest(`the body must be a ${kind}`);
  const apiVersion = value["apiVersion"] ?? `${group}/v1`;
  if (apiVersion !== `${group}/v1`) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${group}/v1)`,
    );
  }
  const { apiVersion: _a, kind: given, ...rest } = value;
  if (given !== undefined && given !== "" && given !== kind)
    throw badRequest(`the body must be a ${kind}, not a ${String(given)}`);
  return rest;
}

function checkNamespace(spec: Record<string, unknown>, namespace: string): void {
  const attributes = spec["resourceAttributes"];
  const asked = isObject(attributes) ? attributes["namespace"] : undefined;
  if (asked === namespace) return;
  throw invalid("authorization.k8s.io", "LocalSubjectAccessReview", "", [
    fieldError.invalid("spec.resourceAttributes.namespace", asked ?? "", "must match metadata.namespace"),
  ]);
}
