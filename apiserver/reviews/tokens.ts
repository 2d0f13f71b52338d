import type { Authenticator } from "../auth/authenticate.ts";
import { badRequest } from "../http/status.ts";
import type { User } from "../rest/api.ts";
import type { Reviewed } from "./reviews.ts";

/** Answers SelfSubjectReview: who the caller is, as `kubectl auth whoami` prints. */
export function selfSubjectReview(user: User): Reviewed {
  return { status: { userInfo: userInfo(user) } };
}

/** Answers TokenReview. A token that is not valid is an answer, not a failure. */
export function tokenReview(authenticator: Authenticator, spec: Record<string, unknown>): Reviewed {
  const { token, audiences } = spec;
  if (typeof token !== "string" || token === "") {
    throw badRequest("token is required for TokenReview in authentication");
  }
  const asked = Array.isArray(audiences) ? (audiences as string[]) : [];
  const found = authenticator.findByToken(token, asked);
  if (!found) return { status: { user: {}, error: "invalid bearer token" } };
  return { status: { authenticated: true, user: userInfo(found.user), audiences: found.audiences } };
}

/** `authentication.k8s.io/v1 UserInfo`. */
export function userInfo(user: User): object {
  return {
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    groups: user.groups,
    ...(user.extra ? { extra: user.extra } : {}),
  };
}
