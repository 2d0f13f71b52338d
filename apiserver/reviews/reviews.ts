import { toRfc3339 } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import type { Authenticator } from "../auth/authenticate.ts";
import type { ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import { reviewResources } from "../discovery/reviews.ts";
import { send } from "../http/respond.ts";
import { type FieldError, fieldError, invalid } from "../http/status.ts";
import type { Api, Call } from "../rest/api.ts";
import { missing, notAllowed } from "../rest/resource.ts";
import { accessReview } from "./access.ts";
import { answeredMetadata, readReview, reviewKind } from "./kinds.ts";
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
  const kind = kinds.find(
    (one) => one.group === info.group && one.version === info.version && one.plural === info.resource,
  );
  if (!kind) return false;
  if (info.name || info.extra.length > 0 || kind.namespaced !== (info.namespace !== "")) throw missing();
  if (info.verb !== "create") throw notAllowed();
  const { object, options, yaml } = await readReview(call, kind);
  const spec = isObject(object.spec) ? object.spec : {};
  const now = toRfc3339(api.clock.now());
  const metadata = answeredMetadata(kind, object, options.fieldManager, now);
  const result = answer(ports, api, call, kind.kind, spec);
  const errors = [...("errors" in result ? result.errors : []), ...metadataErrors(kind.kind, metadata)];
  if ("errors" in result || errors.length > 0) throw invalid(kind.group, "", "", errors);
  const answered = {
    kind: kind.kind,
    apiVersion: `${kind.group}/v1`,
    metadata,
    spec,
    ...ownParts(kind.kind, now),
    status: result.status,
  };
  send(call.response, 201, answered, { warnings: call.warnings, yaml });
  return true;
}

const kinds = reviewResources.map(reviewKind);

/** What a review about oneself says instead of what was sent. */
function ownParts(kind: string, creationTimestamp: string): object {
  if (kind === "SelfSubjectReview") return { metadata: { creationTimestamp }, spec: undefined };
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
    case "LocalSubjectAccessReview":
      return accessReview(api, undefined, spec, call.info.namespace);
    default:
      return accessReview(api, undefined, spec);
  }
}

// Access reviews are questions: they have no name, labels or the like.
function metadataErrors(kind: string, metadata: object): FieldError[] {
  const local = kind === "LocalSubjectAccessReview";
  if (!local && !kind.endsWith("SubjectAccessReview")) return [];
  const { managedFields: _managed, namespace, ...rest } = metadata as { managedFields?: unknown; namespace?: string };
  if (Object.keys(rest).length === 0 && (local || !namespace)) return [];
  return [fieldError.invalid("metadata", metadata, local ? "must be empty except for namespace" : "must be empty")];
}
