import type { Resource } from "../../api/resource.ts";
import { canonicalJson, isObject, type Json } from "../../lib/json.ts";

type Fields = Readonly<Record<string, unknown>>;
type Policy = Resource & { readonly spec?: Fields };

/**
 * How an installed policy or binding refuses less than the shipped one, in a few words; undefined where it does not. What
 * the API server fills in by default is no difference, and neither is what has no part in refusing.
 */
export function weakness(shipped: Policy, installed: Policy | undefined): string | undefined {
  if (installed === undefined) return "missing";
  if (installed.metadata.deletionTimestamp !== undefined) return "being deleted";
  const judge = shipped.kind === "ValidatingAdmissionPolicyBinding" ? weakBinding : weakPolicy;
  return judge(shipped.spec ?? {}, installed.spec ?? {});
}

function weakPolicy(shipped: Fields, installed: Fields): string | undefined {
  if ((installed.failurePolicy ?? "Fail") !== "Fail") return "failurePolicy is not Fail";
  if (!same(list(installed.matchConditions), list(shipped.matchConditions))) return "matchConditions are others";
  if (installed.paramKind !== undefined) return "paramKind was added";
  const constraints = fields(installed.matchConstraints);
  if (narrows(constraints)) return "matchConstraints leave objects out";
  if (!same(rules(constraints), rules(fields(shipped.matchConstraints)))) return "matchConstraints are others";
  if (!same(list(installed.variables), list(shipped.variables))) return "variables are others";
  if (!same(validations(installed), validations(shipped))) return "validations are others";
  return undefined;
}

function weakBinding(shipped: Fields, installed: Fields): string | undefined {
  if (installed.policyName !== shipped.policyName) return "binds another policy";
  if (!list(installed.validationActions).includes("Deny")) return "validationActions do not deny";
  if (installed.paramRef !== undefined) return "paramRef was added";
  const match = fields(installed.matchResources);
  return narrows(match) || list(match.resourceRules).length > 0 ? "matchResources leave objects out" : undefined;
}

function narrows(match: Fields): boolean {
  const selects = (selector: unknown) => isObject(selector) && Object.keys(selector).length > 0;
  return (
    selects(match.namespaceSelector) || selects(match.objectSelector) || list(match.excludeResourceRules).length > 0
  );
}

/** `*` is what the server writes where no scope is given. */
function rules(match: Fields): readonly unknown[] {
  return list(match.resourceRules).map((rule) => ({ scope: "*", ...fields(rule) }));
}

function validations(spec: Fields): readonly unknown[] {
  return list(spec.validations).map((one) => {
    const { expression, reason } = fields(one);
    return { expression, reason: reason ?? "Invalid" };
  });
}

function fields(value: unknown): Fields {
  return isObject(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function same(a: unknown, b: unknown): boolean {
  return canonicalJson(a as Json) === canonicalJson(b as Json);
}
