import { type LookupAddress, lookup as resolveName } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, type Dispatcher } from "undici";
import { problem } from "../../api/reasons.ts";
import { isPublicAddress } from "./address.ts";

/**
 * The way out of the gateway. A name is resolved once and the connection goes to the address that was checked, so a
 * second answer of a hostile name server changes nothing. Nobody follows redirects: callers treat 3xx as refused.
 */
export interface Egress extends AsyncDisposable {
  /** A dispatcher for one destination. `trusted` is what the operator configured, and may be private. */
  to(url: URL, options: { readonly trusted: boolean; readonly credentialed: boolean }): Dispatcher;
}

/** Opens the two connection pools: one that refuses private addresses and one that does not. */
export function openEgress(options: { readonly allowPrivateNetworks: boolean }): Egress {
  const shared = {
    connectTimeout: 5_000,
    keepAliveTimeout: 10_000,
    // Whole-call limits are the callers' own; these only end what nobody waits for.
    headersTimeout: 600_000,
    bodyTimeout: 600_000,
    maxHeaderSize: 16_384,
  };
  const anywhere = new Agent({ ...shared, connect: { timeout: 5_000 } });
  const publicOnly = new Agent({ ...shared, connect: { timeout: 5_000, lookup: lookupPublic } });
  return {
    to(url, { trusted, credentialed }) {
      if (url.protocol !== "https:" && url.protocol !== "http:") {
        throw problem("OriginRefused", `"${url.protocol}//" is not a protocol that the gateway speaks`);
      }
      if (url.username || url.password)
        throw problem("OriginRefused", `"${url.host}": a URL must not carry credentials`);
      if (trusted || options.allowPrivateNetworks) return anywhere;
      if (credentialed && url.protocol !== "https:") {
        throw problem("OriginRefused", `"${url.origin}" is not https; a credential is never sent in the clear`);
      }
      requirePublic(url);
      return publicOnly;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([anywhere.destroy(), publicOnly.destroy()]);
    },
  };
}

// net.connect does not look up an IP literal, so the lookup below never sees one.
function requirePublic(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw refused(host);
}

const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
    if (error) return callback(error, "");
    // One private answer among public ones is a rebinding attempt, not a choice.
    if (found.length === 0 || !found.every(({ address }) => isPublicAddress(address))) {
      return callback(refused(hostname), "");
    }
    const chosen = found[0]!;
    if (options.all) callback(null, [chosen]);
    else callback(null, chosen.address, chosen.family);
  });
};

function refused(host: string): Error {
  return problem("OriginRefused", `"${host}" is a private or reserved address; the operator has not allowed those`);
}
