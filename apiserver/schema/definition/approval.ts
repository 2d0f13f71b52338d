import { parseUrl } from "../../../policy/cel/library/url.ts";
import type { FieldError } from "../../http/status.ts";
import { invalid, required } from "../field-errors.ts";

const annotation = "api-approved.kubernetes.io";
const see = "see https://github.com/kubernetes/enhancements/pull/1111";
const field = `metadata.annotations[${annotation}]`;

/** The groups of Kubernetes itself may only be defined with a word on who approved that, as kube-apiserver asks. */
export function approvalErrors(
  group: string,
  next: Readonly<Record<string, string>> | undefined,
  live: Readonly<Record<string, string>> | undefined,
  isUpdate: boolean,
): FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return [];
  const [state, before] = [stateOf(next?.[annotation] ?? ""), stateOf(live?.[annotation] ?? "")];
  if (isUpdate && state === before) return [];
  const must = `protected groups must have approval annotation "${annotation}"`;
  if (state === "missing") return [required(field, `${must}, ${see}`)];
  const detail = `${must} with either a URL or a reason starting with "unapproved", ${see}`;
  return state === "invalid" ? [invalid(field, next?.[annotation], detail)] : [];
}

function stateOf(text: string): "missing" | "bypassed" | "approved" | "invalid" {
  if (text === "") return "missing";
  if (text.startsWith("unapproved")) return "bypassed";
  return parseUrl(text) !== undefined && /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(text) ? "approved" : "invalid";
}
