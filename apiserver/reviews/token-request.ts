import { toRfc3339 } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import { issuer, type ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import { send } from "../http/respond.ts";
import { badRequest, conflict, type FieldError, fieldError, invalid, notFound } from "../http/status.ts";
import type { Api, Call } from "../rest/api.ts";
import { findNamespace } from "../rest/create.ts";
import { optionsObject } from "../rest/options.ts";
import { type KubeObject, parse } from "../store/entry.ts";
import { answeredMetadata, readReview, reviewKind } from "./kinds.ts";

const group = "authentication.k8s.io";
const hourSeconds = 3_600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;
const unissued = { token: "", expirationTimestamp: null };

const kind = reviewKind({ group, kind: "TokenRequest", plural: "tokenrequests", namespaced: true });

/**
 * POST to `serviceaccounts/{name}/token`: a token for the account, at most as long as asked for. Throws 404, 409, 422 and
 * what admission refuses with.
 */
export async function requestToken(tokens: ServiceAccountTokens, api: Api, call: Call): Promise<void> {
  const { namespace, name } = call.info;
  const { object, options, yaml } = await readReview(call, kind);
  const spec: Record<string, unknown> = {
    expirationSeconds: hourSeconds,
    ...(isObject(object.spec) ? object.spec : {}),
  };
  object.spec = spec;
  const sent = answeredMetadata(kind, object, options.fieldManager, toRfc3339(api.clock.now()), "token");
  findNamespace(api, namespace);
  checkName(object, name);
  const uid = accountUid(api, object, namespace, name);
  const seconds = Number(spec.expirationSeconds);
  const errors = expiryErrors(seconds);
  if (errors.length > 0) throw invalid(group, "TokenRequest", "", errors);
  const audiences =
    Array.isArray(spec.audiences) && spec.audiences.length > 0 ? (spec.audiences as string[]) : [issuer];
  const metadata = { ...sent, name, namespace, uid, creationTimestamp: toRfc3339(api.clock.now()) };
  const answered = { boundObjectRef: null, ...spec, audiences, expirationSeconds: seconds };
  api.admit({
    operation: "CREATE",
    user: call.user,
    kind: api.registry.find("", "v1", "serviceaccounts")!,
    namespace,
    name,
    subresource: "token",
    body: { group, version: "v1", kind: "TokenRequest" },
    dryRun: options.dryRun,
    object: { kind: "TokenRequest", apiVersion: `${group}/v1`, metadata, spec: answered, status: unissued },
    oldObject: undefined,
    options: optionsObject("CreateOptions", options.sent),
    warnings: call.warnings,
  });
  // Whether the Secret is there is nothing that a policy would be asked after.
  const boundTo = findBound(api, spec.boundObjectRef, namespace);
  const { token, expiresAt } = tokens.issue({
    namespace,
    name,
    uid,
    audiences,
    expirationSeconds: seconds,
    ...(boundTo ? { boundTo } : {}),
  });
  const status = { token, expirationTimestamp: toRfc3339(expiresAt) };
  const body = { kind: "TokenRequest", apiVersion: `${group}/v1`, metadata, spec: answered, status };
  send(call.response, 201, body, { yaml, warnings: call.warnings });
}

function checkName({ metadata }: KubeObject, name: string): void {
  if (!metadata.name || metadata.name === name) return;
  const detail = "must match the service account name if specified";
  throw invalid(group, "TokenRequest", name, [fieldError.invalid("metadata.name", metadata.name, detail)]);
}

/** The account must be there, and be the one that was meant. */
function accountUid(api: Api, { metadata }: KubeObject, namespace: string, name: string): string {
  const entry = api.store.find("core/serviceaccounts", `${namespace}/${name}`);
  if (!entry) throw notFound({ group: "", resource: "serviceaccounts" }, name);
  const { uid = "" } = parse(entry).metadata;
  if (!metadata.uid || metadata.uid === uid) return uid;
  const message = `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`;
  throw conflict({ group, resource: "TokenRequest" }, name, message);
}

function expiryErrors(seconds: number): FieldError[] {
  const field = "spec.expirationSeconds";
  const found: FieldError[] = [];
  if (seconds < minSeconds) {
    found.push(fieldError.invalid(field, seconds, "may not specify a duration less than 10 minutes"));
  }
  if (seconds > maxSeconds) {
    found.push(fieldError.invalid(field, seconds, "may not specify a duration larger than 2^32 seconds"));
  }
  return found;
}

// A token may be bound to a Secret: it dies with it. Pods and nodes are not served here.
function findBound(api: Api, ref: unknown, namespace: string) {
  if (!isObject(ref)) return undefined;
  const {
    apiVersion = "",
    kind: boundKind = "",
    name = "",
    uid: wanted,
  } = ref as Readonly<Record<string, string | undefined>>;
  const [version, boundGroup = ""] = apiVersion.split("/").reverse();
  if (boundKind !== "Secret" || boundGroup !== "") {
    throw badRequest(`cannot bind token to object of type ${boundGroup}/${version}, Kind=${boundKind}`);
  }
  const entry = api.store.find("core/secrets", `${namespace}/${name}`);
  if (!entry) throw notFound({ group: "", resource: "secrets" }, name);
  const { uid = "" } = parse(entry).metadata;
  if (wanted && wanted !== uid) {
    const message = `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: "", resource: "Secret" }, name, message);
  }
  return { kind: "Secret", name, uid };
}
