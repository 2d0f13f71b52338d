import { toRfc3339 } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import { issuer, type ServiceAccountTokens } from "../auth/service-account-tokens.ts";
import { readBody } from "../http/body.ts";
import { send } from "../http/respond.ts";
import { type FieldError, fieldError, invalid, notFound } from "../http/status.ts";
import type { Api, Call } from "../rest/api.ts";
import { parse } from "../store/entry.ts";
import { readReview } from "./reviews.ts";

const group = "authentication.k8s.io";
const hourSeconds = 3_600;
const minSeconds = 600;
const maxSeconds = 2 ** 32;

/** POST to `serviceaccounts/{name}/token`: a token for the account, at most as long as asked for. Throws 404 and 422. */
export async function requestToken(tokens: ServiceAccountTokens, api: Api, call: Call): Promise<void> {
  const { namespace, name } = call.info;
  const body = readReview(await readBody(call.request), call.request.headers["content-type"], "TokenRequest", group);
  const spec = isObject(body["spec"]) ? body["spec"] : {};
  const entry = api.store.find("core/serviceaccounts", `${namespace}/${name}`);
  if (!entry) throw notFound({ group: "", resource: "serviceaccounts" }, name);
  const seconds = typeof spec["expirationSeconds"] === "number" ? spec["expirationSeconds"] : hourSeconds;
  const errors: FieldError[] = [];
  if (seconds < minSeconds) {
    errors.push(
      fieldError.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"),
    );
  }
  if (seconds > maxSeconds) {
    errors.push(
      fieldError.invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"),
    );
  }
  if (errors.length > 0) throw invalid(group, "TokenRequest", "", errors);
  const audiences =
    Array.isArray(spec["audiences"]) && spec["audiences"].length > 0 ? (spec["audiences"] as string[]) : [issuer];
  const boundTo = findBound(api, spec["boundObjectRef"], namespace);
  const uid = parse(entry).metadata.uid ?? "";
  const { token, expiresAt } = tokens.issue({
    namespace,
    name,
    uid,
    audiences,
    expirationSeconds: seconds,
    ...(boundTo ? { boundTo } : {}),
  });
  const metadata = { name, namespace, uid, creationTimestamp: toRfc3339(api.clock.now()) };
  const status = { token, expirationTimestamp: toRfc3339(expiresAt) };
  const answered = { ...spec, audiences, expirationSeconds: seconds };
  send(call.response, 201, { kind: "TokenRequest", apiVersion: `${group}/v1`, metadata, spec: answered, status });
}

// A token may be bound to a Secret: it dies with it. Pods and nodes are not served here.
function findBound(api: Api, ref: unknown, namespace: string) {
  if (!isObject(ref)) return undefined;
  const { kind, name, uid } = ref as { kind?: string; name?: string; uid?: string };
  if (kind !== "Secret" || !name) {
    throw invalid(group, "TokenRequest", "", [
      fieldError.invalid("spec.boundObjectRef.kind", kind ?? "", "only Secrets can be bound to here"),
    ]);
  }
  const entry = api.store.find("core/secrets", `${namespace}/${name}`);
  if (!entry) throw notFound({ group: "", resource: "secrets" }, name);
  return { kind: "Secret", name, uid: uid ?? parse(entry).metadata.uid ?? "" };
}
