import { isObject } from "../../lib/json.ts";
import { decodeBody, readBody } from "../http/body.ts";
import { isTrue, readInteger } from "../http/query.ts";
import { badRequest, type FieldError, fieldError } from "../http/status.ts";
import { cannotUnmarshal, goType } from "../kinds/metadata.ts";
import { isInt64 } from "../schema/numbers.ts";
import type { Call } from "./api.ts";
import { invalidOptions, type SentOptions } from "./options.ts";

export type Propagation = "Background" | "Foreground" | "Orphan";

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly propagation: Propagation | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** One of a collection: the request names none. */
  readonly unnamed?: boolean;
  /** `orphanDependents: false`: a deletion that waits is answered with 202, as old clients know it. */
  readonly accepted?: boolean;
  /** As they were sent; absent where the server itself deletes. */
  readonly sent?: SentOptions;
}

const is = (type: string) => (value: unknown) => typeof value === type;
const whole = (value: unknown) => typeof value === "number" && isInt64(value);
const texts = (value: unknown) => Array.isArray(value) && value.every(is("string"));

// The Go struct into which the body must fit.
const fields: Readonly<Record<string, { readonly fits: (value: unknown) => boolean; readonly go: string }>> = {
  gracePeriodSeconds: { fits: whole, go: "int64" },
  preconditions: { fits: isObject, go: "v1.Preconditions" },
  orphanDependents: { fits: is("boolean"), go: "bool" },
  propagationPolicy: { fits: is("string"), go: "v1.DeletionPropagation" },
  dryRun: { fits: texts, go: "[]string" },
};

/** DeleteOptions from the body, or from the query where there is no body. Throws 400 and 422. */
export async function readDeleteOptions(call: Call): Promise<DeleteOptions> {
  const bytes = await readBody(call.request);
  // As on a cluster, a body is all that counts.
  const given =
    bytes.length > 0
      ? typed((await decodeBody(bytes, call.request.headers["content-type"], "DeleteOptions")).value)
      : fromQuery(call.query);
  const preconditions = isObject(given.preconditions) ? given.preconditions : {};
  const dryRun = (given.dryRun ?? []) as readonly string[];
  const policy = given.propagationPolicy ?? undefined;
  const orphan = given.orphanDependents ?? undefined;
  const errors: FieldError[] = [];
  if (policy !== undefined && orphan !== undefined) {
    errors.push(
      fieldError.invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"),
    );
  }
  if (policy !== undefined && !["Foreground", "Background", "Orphan"].includes(policy as string)) {
    errors.push(fieldError.notSupported("propagationPolicy", policy, ["Foreground", "Background", "Orphan", "nil"]));
  }
  if (dryRun.some((value) => value !== "All")) errors.push(fieldError.notSupported("dryRun", dryRun, ["All"]));
  if (errors.length > 0) throw invalidOptions("DeleteOptions", errors);
  const legacy = orphan === undefined ? undefined : orphan ? "Orphan" : "Background";
  return {
    dryRun: dryRun.length > 0,
    propagation: (policy as Propagation | undefined) ?? legacy,
    uid: preconditions.uid as string | undefined,
    resourceVersion: preconditions.resourceVersion as string | undefined,
    accepted: orphan === false,
    sent: {
      ...Object.fromEntries(Object.keys(fields).flatMap((name) => (isGiven(given[name]) ? [[name, given[name]]] : []))),
      ...(isObject(given.preconditions) ? { preconditions: known(preconditions) } : {}),
    },
  };
}

const isGiven = (value: unknown) =>
  value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);

function known({ uid, resourceVersion }: Record<string, unknown>): object {
  return { ...(isGiven(uid) ? { uid } : {}), ...(isGiven(resourceVersion) ? { resourceVersion } : {}) };
}

function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const seconds = readInteger(query, "gracePeriodSeconds");
  const orphan = query.get("orphanDependents");
  const preconditions = Object.fromEntries(
    ["uid", "resourceVersion"].flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])),
  );
  return {
    dryRun: query.getAll("dryRun"),
    propagationPolicy: query.get("propagationPolicy"),
    ...(query.get("gracePeriodSeconds") ? { gracePeriodSeconds: seconds } : {}),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
  };
}

function typed(value: unknown): Record<string, unknown> {
  if (!isObject(value)) {
    const target =
      'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goType(value)} into Go value of type ${target}`,
    );
  }
  for (const field of ["kind", "apiVersion"]) {
    const given = value[field] ?? "";
    if (typeof given === "string") continue;
    throw badRequest(`couldn't get version/kind; json parse error: ${cannotUnmarshal(given, `.${field}`, "string")}`);
  }
  const apiVersion = (value.apiVersion as string | null | undefined) || "meta.k8s.io/v1";
  const kind = value.kind || "DeleteOptions";
  if (apiVersion.split("/").length > 2) throw badRequest(`unexpected GroupVersion string: ${apiVersion}`);
  if (kind !== "DeleteOptions") {
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  for (const [name, { fits, go }] of Object.entries(fields)) {
    const given = value[name];
    if (given === undefined || given === null || fits(given)) continue;
    throw badRequest(cannotUnmarshal(given, `DeleteOptions.${name}`, go));
  }
  return value;
}
