import { parseUrl } from "../../../policy/cel/library/url.ts";
import type { FieldError } from "../../http/status.ts";
import { goQuote, invalid, required } from "../field-errors.ts";

const annotation = "api-approved.kubernetes.io";
const see = "see https://github.com/kubernetes/enhancements/pull/1111";
const must = `protected groups must have approval annotation "${annotation}"`;
const texts = {
  missing: `${must}, ${see}`,
  invalid: `${must} with either a URL or a reason starting with "unapproved", ${see}`,
};
const field = `metadata.annotations[${annotation}]`;

/** The groups of Kubernetes itself may only be defined with a word on who approved that, as kube-apiserver asks. */
export function approvalErrors(
  group: string,
  next: Readonly<Record<string, string>> | undefined,
  live: Readonly<Record<string, string>> | undefined,
  isUpdate: boolean,
): FieldError[] {
  if (!isProtected(group)) return [];
  const [state, before] = [stateOf(next?.[annotation] ?? ""), stateOf(live?.[annotation] ?? "")];
  if (isUpdate && state === before) return [];
  if (state === "missing") return [required(field, texts.missing)];
  return state === "invalid" ? [invalid(field, next?.[annotation], texts.invalid)] : [];
}

/** What a definition's condition says of its approval; nothing in the groups of others. */
export function approvalOf(
  group: string,
  annotations: Readonly<Record<string, string>> | undefined,
): { readonly status: boolean; readonly reason: string; readonly message: string } | undefined {
  if (!isProtected(group)) return undefined;
  const text = annotations?.[annotation] ?? "";
  const state = stateOf(text);
  if (state === "approved") return { status: true, reason: "ApprovedAnnotation", message: `approved in ${text}` };
  if (state === "bypassed")
    return { status: false, reason: "UnapprovedAnnotation", message: `not approved: ${goQuote(text)}` };
  const reason = state === "missing" ? "MissingAnnotation" : "InvalidAnnotation";
  return { status: false, reason, message: texts[state] };
}

const isProtected = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group);

function stateOf(text: string): "missing" | "bypassed" | "approved" | "invalid" {
  if (text === "") return "missing";
  if (text.startsWith("unapproved")) return "bypassed";
  return parseUrl(text) !== undefined && /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(text) ? "approved" : "invalid";
}
