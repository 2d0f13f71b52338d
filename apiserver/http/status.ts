import { problem, type Reason } from "../../api/reasons.ts";
import { messageOf, Problem } from "../../lib/problem.ts";

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** `metav1.Status`: the body of every failure and of some successes. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
  readonly code?: number;
}

/** Which resource (plural) or kind a Status is about. */
export interface About {
  readonly group: string;
  readonly resource: string;
}

/** One finding of validation, as Kubernetes' `field.Error`. */
export interface FieldError {
  readonly type: string;
  readonly field: string;
  readonly detail: string;
  readonly badValue?: unknown;
  readonly message: string;
}

const ours: Readonly<Record<number, Reason>> = {
  401: "Unauthenticated",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  413: "TooLarge",
};

/** A Problem that carries the Status to answer with. */
export function failure(code: number, reason: string, message: string, details?: Status["details"]): Problem {
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code,
  };
  const word = ours[code] ?? (code >= 500 ? "KubeUnavailable" : "InvalidRequest");
  return problem(word, message, { details: { status } });
}

/** The Status for anything thrown. What is not a Status already is an internal error; its text may be shown. */
export function statusOf(thrown: unknown): Status {
  if (thrown instanceof Problem && thrown.details["status"]) return thrown.details["status"] as Status;
  const message = messageOf(thrown);
  return statusOf(failure(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] }));
}

/** True for failures that name a defect of this server: they are logged with their stack. */
export function isUnexpected(thrown: unknown): boolean {
  return !(thrown instanceof Problem);
}

/** `configmaps` or `agentbindings.roster.dev`. */
export function qualified({ group, resource }: About): string {
  return group ? `${resource}.${group}` : resource;
}

const details = (about: About, name: string) => ({
  ...(name ? { name } : {}),
  ...(about.group ? { group: about.group } : {}),
  kind: about.resource,
});

/** As Go's %q writes it. */
const quoted = (name: string): string => JSON.stringify(name).replace(/\\u00([0-7][0-9a-f])/g, "\\x$1");

export function notFound(about: About, name: string): Problem {
  return failure(404, "NotFound", `${qualified(about)} ${quoted(name)} not found`, details(about, name));
}

/** 409 for a name that is taken, by what is perhaps going away. */
export function alreadyExists(about: About, name: string, terminating = false): Problem {
  const text = `${terminating ? "object is being deleted: " : ""}${qualified(about)} "${name}" already exists`;
  return failure(409, "AlreadyExists", text, details(about, name));
}

export const modified = "the object has been modified; please apply your changes to the latest version and try again";

export function conflict(about: About, name: string, message: string = modified): Problem {
  const text = `Operation cannot be fulfilled on ${qualified(about)} "${name}": ${message}`;
  return failure(409, "Conflict", text, details(about, name));
}

export function forbidden(about: About, name: string, message: string): Problem {
  const text = `${qualified(about)}${name ? ` ${quoted(name)}` : ""} is forbidden: ${message}`;
  return failure(403, "Forbidden", text, details(about, name));
}

export function badRequest(message: string): Problem {
  return failure(400, "BadRequest", message);
}

export function gone(message: string): Problem {
  return failure(410, "Expired", message);
}

/** 504: a revision that does not exist yet. */
export function tooLarge(wanted: number | string, current: number): Error {
  return failure(504, "Timeout", `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** 422 with one cause for each finding, worded as `apierrors.NewInvalid` does. */
export function invalid(group: string, kind: string, name: string, errors: readonly FieldError[]): Problem {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const summary = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const what = group ? `${kind}.${group}` : kind;
  return failure(422, "Invalid", `${what} "${name}" is invalid: ${summary}`, {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    ...(kind ? { kind } : {}),
    causes: errors.map(({ type, message, field }) => ({ reason: type, message, field })),
  });
}

/** A field error worded as Kubernetes' `field.Invalid`, `Required`, `NotSupported`, `Forbidden` and `Duplicate` do. */
export const fieldError = {
  invalid: (field: string, badValue: unknown, detail: string): FieldError => ({
    type: "FieldValueInvalid",
    field,
    detail,
    badValue,
    message: `Invalid value: ${JSON.stringify(badValue) ?? "null"}: ${detail}`,
  }),
  required: (field: string, detail = ""): FieldError => ({
    type: "FieldValueRequired",
    field,
    detail,
    message: detail ? `Required value: ${detail}` : "Required value",
  }),
  forbidden: (field: string, detail: string): FieldError => ({
    type: "FieldValueForbidden",
    field,
    detail,
    message: `Forbidden: ${detail}`,
  }),
  duplicate: (field: string, badValue: unknown): FieldError => ({
    type: "FieldValueDuplicate",
    field,
    detail: "",
    badValue,
    message: `Duplicate value: ${JSON.stringify(badValue)}`,
  }),
  notSupported: (field: string, badValue: unknown, supported: readonly string[]): FieldError => ({
    type: "FieldValueNotSupported",
    field,
    detail: "",
    badValue,
    message: `Unsupported value: ${JSON.stringify(badValue)}: supported values: ${supported.map((v) => JSON.stringify(v)).join(", ")}`,
  }),
  tooLong: (field: string, maxBytes: number): FieldError => ({
    type: "FieldValueTooLong",
    field,
    detail: `may not be more than ${maxBytes} bytes`,
    message: `Too long: may not be more than ${maxBytes} bytes`,
  }),
};
