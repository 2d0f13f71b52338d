import { problem } from "../../api/reasons.ts";
import { sha256 } from "../../lib/ids.ts";

const tokenPattern = /^[A-Za-z0-9._~+/=-]{8,4096}$/;

/** The token of an `Authorization: Bearer` header (RFC 6750; never from a query or a body). Throws Unauthenticated. */
export function bearerOf(header: string | undefined | null): string {
  if (!header) throw problem("Unauthenticated", "no Authorization header; send `Authorization: Bearer <token>`");
  const [scheme = "", token = "", ...rest] = header.split(" ");
  if (scheme.toLowerCase() !== "bearer" || rest.length > 0 || !tokenPattern.test(token)) {
    throw problem("Unauthenticated", "the Authorization header is not of the form `Bearer <token>`");
  }
  return token;
}

/** Hash of a run token. Throws Unauthenticated for any other kind of token, without asking the ledger. */
export function runTokenHash(header: string | undefined | null): string {
  const token = bearerOf(header);
  if (!token.startsWith("rst_")) {
    throw problem("Unauthenticated", "this path takes a run token (rst_…), which comes with a claimed run");
  }
  return sha256(token);
}

/**
 * Checks a token against the hashes that the operator configured; answers its name for audit rows. Comparing hashes
 * leaks nothing: who can choose a hash cannot choose its token. Throws Unauthenticated.
 */
export function requireListed(
  header: string | undefined | null,
  kind: { readonly prefix: "rsw_" | "rso_"; readonly name: string; readonly hashes: readonly string[] },
): string {
  const token = bearerOf(header);
  const hash = sha256(token);
  if (!token.startsWith(kind.prefix) || !kind.hashes.includes(hash)) {
    throw problem("Unauthenticated", `this path takes a ${kind.name} token (${kind.prefix}…) known to the gateway`);
  }
  return `${kind.name}:${hash.slice(0, 12)}`;
}
