import { tellMissing } from "../auth/rbac.ts";
import { badRequest } from "../http/status.ts";
import type { Api, User } from "../rest/api.ts";
import type { Reviewed } from "./reviews.ts";

/** Answers SelfSubjectRulesReview: every rule that a user has in a namespace, as `kubectl auth can-i --list` prints. */
export function rulesReview(api: Api, user: User, spec: Record<string, unknown>): Reviewed {
  const namespace = spec["namespace"];
  if (typeof namespace !== "string" || namespace === "") {
    throw badRequest("no namespace on request");
  }
  const { rules, missing } = api.authorizer.rules(user, namespace);
  const resourceRules = rules
    .filter((rule) => (rule.resources ?? []).length > 0)
    .map(({ verbs, apiGroups = [], resources = [], resourceNames }) => ({
      verbs,
      apiGroups,
      resources,
      ...(resourceNames?.length ? { resourceNames } : {}),
    }));
  const nonResourceRules = rules
    .filter((rule) => (rule.nonResourceURLs ?? []).length > 0)
    .map(({ verbs, nonResourceURLs = [] }) => ({ verbs, nonResourceURLs }));
  const evaluationError = missing.length > 0 ? { evaluationError: tellMissing(missing) } : {};
  return { status: { resourceRules, nonResourceRules, incomplete: false, ...evaluationError } };
}
