import { isObject } from "../../lib/json.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import type { Api, Attributes, User } from "../rest/api.ts";
import type { Reviewed } from "./reviews.ts";
import { reviewSelectors } from "./selectors.ts";

const text = (value: unknown) => (typeof value === "string" ? value : "");
const texts = (value: unknown) => (Array.isArray(value) ? value.filter((item) => typeof item === "string") : []);

/**
 * Answers SubjectAccessReview and its self form truthfully, from the same rules that requests are judged by. Without
 * `self` the spec names the user; with a `namespace` the review is about that one alone.
 */
export function accessReview(
  api: Api,
  self: User | undefined,
  spec: Record<string, unknown>,
  namespace?: string,
): Reviewed {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const errors: FieldError[] = [];
  if (isObject(resource) && isObject(path))
    errors.push(wrongPath(path, "cannot be specified in combination with resourceAttributes"));
  if (!isObject(resource) && !isObject(path)) {
    errors.push(
      fieldError.invalid(
        "spec.resourceAttributes",
        null,
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
      ),
    );
  }
  const selectors = isObject(resource) ? reviewSelectors(resource) : { errors: [] };
  errors.push(...selectors.errors);
  if (!self && !text(spec["user"]) && texts(spec["groups"]).length === 0) {
    errors.push(fieldError.invalid("spec.user", "", "at least one of user or group must be specified"));
  }
  if (namespace !== undefined) errors.push(...localErrors(resource, path, namespace));
  if (errors.length > 0) return { errors };
  const decision = api.authorizer.decide(attributesOf(self ?? userOf(spec), resource, path));
  return {
    status: {
      allowed: decision.allowed,
      ...(decision.reason ? { reason: decision.reason } : {}),
      ...(selectors.ignored ? { evaluationError: selectors.ignored } : {}),
    },
  };
}

function localErrors(resource: unknown, path: unknown, namespace: string): FieldError[] {
  const found: FieldError[] = [];
  const asked = isObject(resource) ? text(resource["namespace"]) : namespace;
  if (asked !== namespace) {
    found.push(fieldError.invalid("spec.resourceAttributes.namespace", asked, "must match metadata.namespace"));
  }
  if (isObject(path)) found.push(wrongPath(path, "disallowed on this kind of request"));
  return found;
}

// Shown under the names of the server's own type.
const wrongPath = (path: Record<string, unknown>, detail: string) =>
  fieldError.invalid("spec.nonResourceAttributes", { Path: text(path["path"]), Verb: text(path["verb"]) }, detail);

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
