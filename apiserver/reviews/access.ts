import { isObject } from "../../lib/json.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import type { Api, Attributes, User } from "../rest/api.ts";
import type { Reviewed } from "./reviews.ts";

const text = (value: unknown) => (typeof value === "string" ? value : "");
const texts = (value: unknown) => (Array.isArray(value) ? value.filter((item) => typeof item === "string") : []);

/**
 * Answers SubjectAccessReview and its self form truthfully, from the same rules that requests are judged by. Without
 * `self` the spec names the user.
 */
export function accessReview(api: Api, self: User | undefined, spec: Record<string, unknown>): Reviewed {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const errors: FieldError[] = [];
  if (isObject(resource) && isObject(path)) {
    errors.push(
      fieldError.invalid(
        "spec.nonResourceAttributes",
        path,
        "cannot be specified in combination with resourceAttributes",
      ),
    );
  }
  if (!isObject(resource) && !isObject(path)) {
    errors.push(
      fieldError.invalid(
        "spec.resourceAttributes",
        null,
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
      ),
    );
  }
  if (!self && !text(spec["user"]) && texts(spec["groups"]).length === 0) {
    errors.push(fieldError.invalid("spec.user", "", "at least one of user or group must be specified"));
  }
  if (errors.length > 0) return { errors };
  const decision = api.authorizer.decide(attributesOf(self ?? userOf(spec), resource, path));
  return { status: { allowed: decision.allowed, ...(decision.reason ? { reason: decision.reason } : {}) } };
}

function userOf(spec: Record<string, unknown>): User {
  const extra = isObject(spec["extra"]) ? { extra: spec["extra"] as Record<string, string[]> } : {};
  return {
    name: text(spec["user"]),
    groups: texts(spec["groups"]),
    ...(spec["uid"] ? { uid: text(spec["uid"]) } : {}),
    ...extra,
  };
}

function attributesOf(user: User, resource: unknown, path: unknown): Attributes {
  if (isObject(path)) return { user, verb: text(path["verb"]), path: text(path["path"]) };
  const asked = isObject(resource) ? resource : {};
  return {
    user,
    verb: text(asked["verb"]),
    group: text(asked["group"]),
    version: text(asked["version"]),
    resource: text(asked["resource"]),
    subresource: text(asked["subresource"]),
    namespace: text(asked["namespace"]),
    name: text(asked["name"]),
  };
}
