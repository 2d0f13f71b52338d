import { toRfc3339 } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import { issuer, type ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import { send } from "../http/respond.ts";
import { badRequest, conflict, type FieldError, fieldError, invalid, notFound } from "../http/status.ts";
import type { Api, Call } from "../rest/api.ts";
import { findNamespace } from "../rest/create.ts";
import { type KubeObject, parse } from "../store/entry.ts";
import { answeredMetadata, readReview, reviewKind } from "./kinds.ts";

const group = "authentication.k8s.io";
const hourSeconds = 3_600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;

const kind = reviewKind({ group, kind: "TokenRequest", plural: "tokenrequests", namespaced: true });

/** POST to `serviceaccounts/{name}/token`: a token for the account, at most as long as asked for. Throws 404 and 422. */
export async function requestToken(tokens: ServiceAccountTokens, api: Api, call: Call): Promise<void> {
  const { namespace, name } = call.info;
  const { object, options } = await readReview(call, kind);
  const spec: Record<string, unknown> = {
    expirationSeconds: hourSeconds,
    ...(isObject(object.spec) ? object.spec : {}),
  };
  object.spec = spec;
  findNamespace(api, namespace);
  const entry = api.store.find("core/serviceaccounts", `${namespace}/${name}`);
  if (!entry) throw notFound({ group: "", resource: "serviceaccounts" }, name);
  const seconds = Number(spec.expirationSeconds);
  const errors = [...metadataErrors(object, name), ...expiryErrors(seconds)];
  if (errors.length > 0)
    throw invalid(group, "TokenRequest", errors[0]!.field.startsWith("metadata") ? name : "", errors);
  const audiences =
    Array.isArray(spec.audiences) && spec.audiences.length > 0 ? (spec.audiences as string[]) : [issuer];
  const boundTo = findBound(api, spec.boundObjectRef, namespace);
  const uid = parse(entry).metadata.uid ?? "";
  const { token, expiresAt } = tokens.issue({
    namespace,
    name,
    uid,
    audiences,
    expirationSeconds: seconds,
    ...(boundTo ? { boundTo } : {}),
  });
  const creationTimestamp = toRfc3339(api.clock.now());
  const sent = answeredMetadata(kind, object, options.fieldManager, creationTimestamp, "token");
  const metadata = { ...sent, name, namespace, uid, creationTimestamp };
  const status = { token, expirationTimestamp: toRfc3339(expiresAt) };
  const answered = { boundObjectRef: null, ...spec, audiences, expirationSeconds: seconds };
  send(call.response, 201, { kind: "TokenRequest", apiVersion: `${group}/v1`, metadata, spec: answered, status });
}

function metadataErrors({ metadata }: KubeObject, name: string): FieldError[] {
  if (!metadata.name || metadata.name === name) return [];
  return [fieldError.invalid("metadata.name", metadata.name, "must match the service account name if specified")];
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
