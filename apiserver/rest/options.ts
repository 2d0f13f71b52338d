import { isTrue } from "../http/query.ts";
import { type FieldError, failure, fieldError } from "../http/status.ts";
import type { Call } from "./api.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** The query parameters of a write. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean;
  readonly sent: SentOptions;
}

/** Options as they were sent, for policies to read: what was not given is absent. */
export type SentOptions = Readonly<Record<string, unknown>>;

/** The options of a write as a policy reads them; a PATCH asks to create or to update. */
export function optionsObject(
  kind: "CreateOptions" | "UpdateOptions" | "DeleteOptions",
  sent: SentOptions = {},
): object {
  return { kind, apiVersion: "meta.k8s.io/v1", ...sent };
}

/** Reads CreateOptions, UpdateOptions or PatchOptions. Throws 422 for values that Kubernetes does not know. */
export function readWriteOptions(
  call: Call,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  apply = false,
): WriteOptions {
  const { query } = call;
  const errors: FieldError[] = [];
  const dryRun = query.getAll("dryRun");
  if (dryRun.some((value) => value !== "All")) errors.push(fieldError.notSupported("dryRun", dryRun, ["All"]));
  const validation = query.get("fieldValidation") ?? "";
  if (!["", "Strict", "Warn", "Ignore"].includes(validation)) {
    errors.push(fieldError.notSupported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"]));
  }
  const manager = query.get("fieldManager") ?? "";
  if (manager.length > 128) errors.push(fieldError.tooLong("fieldManager", 128));
  for (const found of manager.matchAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu)) {
    const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    const at = Buffer.byteLength(manager.slice(0, found.index));
    errors.push(fieldError.invalid("fieldManager", manager, `invalid character U+${code} (at position ${at})`));
  }
  const force = query.get("force");
  if (apply && manager === "") errors.push(fieldError.required("fieldManager", "is required for apply patch"));
  if (!apply && force !== null && kind === "PatchOptions") {
    errors.push(fieldError.forbidden("force", "may not be specified for non-apply patch"));
  }
  if (errors.length > 0) throw invalidOptions(kind, errors);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: manager || defaultManager(call.request.headers["user-agent"]),
    fieldValidation: (validation || "Warn") as FieldValidation,
    force: isTrue(force),
    sent: {
      ...(dryRun.length > 0 ? { dryRun } : {}),
      ...(manager ? { fieldManager: manager } : {}),
      ...(validation ? { fieldValidation: validation } : {}),
    },
  };
}

/** 422 about an options object of group meta.k8s.io. */
export function invalidOptions(kind: string, errors: readonly FieldError[]): Error {
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const message = `${kind}.meta.k8s.io "" is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`}`;
  const causes = errors.map(({ type, message: text, field }) => ({ reason: type, message: text, field }));
  return failure(422, "Invalid", message, { group: "meta.k8s.io", kind, causes });
}

// The first word of the User-Agent, as kube-apiserver derives it.
function defaultManager(userAgent: string | undefined): string {
  return (userAgent ?? "").split("/")[0]!.slice(0, 128) || "unknown";
}
