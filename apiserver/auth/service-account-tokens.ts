import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import type { User } from "../rest/api.ts";
import { type Entry, parse } from "../store/entry.ts";
import type { Store } from "../store/store.ts";
import { readSecretFile } from "../tls/secret-file.ts";

export const issuer = "https://kubernetes.default.svc.cluster.local";

export interface IssueRequest {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly boundTo?: { readonly kind: string; readonly name: string; readonly uid: string };
}

/** Issues and checks the tokens of ServiceAccounts: JWTs signed with a key that stays in the data folder. */
export interface ServiceAccountTokens {
  issue(request: IssueRequest): { readonly token: string; readonly expiresAt: number };
  /** Undefined when the token is not ours, expired, for others, or its account is gone or was made anew. */
  verify(
    token: string,
    audiences?: readonly string[],
  ): { readonly user: User; readonly audiences: readonly string[] } | undefined;
}

interface Claims {
  readonly iss: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly nbf: number;
  readonly jti: string;
  readonly "kubernetes.io": {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string; readonly uid: string };
    readonly secret?: { readonly name: string; readonly uid: string };
  };
}

// As many tokens as are in use at once, and some that are not any more.
const maxRemembered = 1_000;

export function openServiceAccountTokens(folder: string, store: Store, clock: Clock): ServiceAccountTokens {
  const pem = readSecretFile(folder, "service-account.key", () =>
    generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  );
  const key = createPrivateKey(pem);
  const publicKey = createPublicKey(key);
  // What tokens say whose signature is right, by digest: checking a signature takes longer than storing a small object.
  // Nothing else of them is remembered: time and account are looked at with each request.
  const signed = new Map<string, Claims>();
  const read = (token: string): Claims | undefined => {
    const digest = hash("sha256", token, "base64url");
    const known = signed.get(digest);
    if (known) return known;
    const claims = decode(token, publicKey);
    if (!claims) return undefined;
    if (signed.size >= maxRemembered) signed.delete(signed.keys().next().value!);
    signed.set(digest, claims);
    return claims;
  };
  return {
    issue({ namespace, name, uid, audiences, expirationSeconds, boundTo }) {
      const now = Math.floor(clock.now() / 1000);
      const exp = now + expirationSeconds;
      const bound = boundTo ? { [boundTo.kind.toLowerCase()]: { name: boundTo.name, uid: boundTo.uid } } : {};
      const claims = {
        aud: audiences,
        exp,
        iat: now,
        nbf: now,
        iss: issuer,
        jti: randomUUID(),
        sub: `system:serviceaccount:${namespace}:${name}`,
        "kubernetes.io": { namespace, serviceaccount: { name, uid }, ...bound },
      };
      return { token: encode(claims, key), expiresAt: exp * 1000 };
    },
    verify(token, audiences) {
      const claims = read(token);
      if (!claims || claims.iss !== issuer) return undefined;
      const now = clock.now() / 1000;
      if (now >= claims.exp || now < claims.nbf - 10) return undefined;
      const shared = (audiences?.length ? audiences : [issuer]).filter((audience) => claims.aud.includes(audience));
      if (shared.length === 0) return undefined;
      const { namespace, serviceaccount } = claims["kubernetes.io"];
      const { secret } = claims["kubernetes.io"];
      if (!isAlive(store, "core/serviceaccounts", namespace, serviceaccount)) return undefined;
      if (secret && !isAlive(store, "core/secrets", namespace, secret)) return undefined;
      const user = serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid);
      return { user: { ...user, extra: credentialId(`JTI=${claims.jti}`) }, audiences: shared };
    },
  };
}

/** By which credential a user came, as clusters tell it to audit logs and policies. */
export function credentialId(id: string): Record<string, string[]> {
  return { "authentication.kubernetes.io/credential-id": [id] };
}

/** The user that a ServiceAccount acts as. */
export function serviceAccountUser(namespace: string, name: string, uid: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
  };
}

// Dropped with the entry that they were read from.
const uids = new WeakMap<Entry, string>();

function isAlive(store: Store, bucket: string, namespace: string, object: { name: string; uid: string }): boolean {
  const entry = store.find(bucket, `${namespace}/${object.name}`);
  if (!entry) return false;
  const uid = uids.get(entry) ?? parse(entry).metadata.uid ?? "";
  uids.set(entry, uid);
  return uid === object.uid;
}

function encode(claims: object, key: KeyObject): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "ES256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function decode(token: string, key: KeyObject): Claims | undefined {
  const [head, body, signature, ...more] = token.split(".");
  if (!head || !body || !signature || more.length > 0) return undefined;
  try {
    const { alg } = JSON.parse(Buffer.from(head, "base64url").toString()) as { alg: unknown };
    const signed = Buffer.from(`${head}.${body}`);
    const valid =
      alg === "ES256" &&
      verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
    const claims: unknown = valid ? JSON.parse(Buffer.from(body, "base64url").toString()) : undefined;
    return isObject(claims) && isObject(claims["kubernetes.io"]) ? (claims as unknown as Claims) : undefined;
  } catch {
    return undefined;
  }
}
