import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { failure } from "../http/status.ts";
import type { User } from "../rest/api.ts";
import { credentialId, issuer, type ServiceAccountTokens } from "./service-account-tokens.ts";

export interface StaticUser {
  readonly name: string;
  readonly groups: readonly string[];
  readonly token: string;
}

export interface Authenticator {
  /**
   * Who sends a request. Throws 401 for credentials that are not valid; none at all is system:anonymous. What is not seen
   * as a credential though it looks like one is added to `warnings`.
   */
  authenticate(request: IncomingMessage, warnings: string[]): User;
  /** Who a bearer token stands for; undefined when it is not valid for any of the audiences. */
  findByToken(token: string, audiences?: readonly string[]): { user: User; audiences: readonly string[] } | undefined;
}

export const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };
const extraSpace = "the provided Authorization header contains extra space before the bearer token, and is ignored";
const authenticated = "system:authenticated";

/** Client certificates of our own authority, static tokens, and ServiceAccount tokens. */
export function authenticator(users: readonly StaticUser[], serviceAccounts: ServiceAccountTokens): Authenticator {
  // Compared by digest: neither the length nor a prefix of a token shows in the time it takes.
  const known = users.map(({ token, name, groups }) => ({
    digest: digest(token),
    user: withAuthenticated({ name, groups }),
  }));
  const findByToken: Authenticator["findByToken"] = (token, audiences) => {
    const wanted = digest(token);
    const found = known.find((one) => timingSafeEqual(one.digest, wanted));
    // A static token is for this API and no other audience.
    const ours = !audiences?.length || audiences.includes(issuer);
    if (found) return ours ? { user: found.user, audiences: [issuer] } : undefined;
    const account = serviceAccounts.verify(token, audiences);
    return account && { user: withAuthenticated(account.user), audiences: account.audiences };
  };
  return {
    findByToken,
    authenticate(request, warnings) {
      const socket = request.socket as TLSSocket;
      const certificate = fromCertificate(socket);
      if (certificate) return certificate;
      // What is no bearer token is no credential at all.
      const [scheme = "", token = "", more] = (request.headers.authorization ?? "").trim().split(" ");
      const isBearer = scheme.toLowerCase() === "bearer";
      if (isBearer && token === "" && more !== undefined) warnings.push(extraSpace);
      if (!isBearer || token === "") {
        // One that has ended or is of another authority is a credential that failed: whoever shows it is not nobody.
        if (!socket.authorized && socket.getPeerCertificate()?.raw) throw unauthorized();
        return anonymous;
      }
      const found = findByToken(token);
      if (!found) throw unauthorized();
      return found.user;
    },
  };
}

/** 401 as kube-apiserver answers it: it does not say why. */
export function unauthorized(): Error {
  return failure(401, "Unauthorized", "Unauthorized");
}

export function withAuthenticated(user: User): User {
  return user.groups.includes(authenticated) ? user : { ...user, groups: [...user.groups, authenticated] };
}

function fromCertificate(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const { subject, raw } = socket.getPeerCertificate();
  const name = subject?.CN;
  if (typeof name !== "string" || name === "") return undefined;
  const organisations = (subject.O ?? []) as string | readonly string[];
  return withAuthenticated({
    name,
    groups: typeof organisations === "string" ? [organisations] : [...organisations],
    extra: credentialId(`X509SHA256=${digest(raw).toString("hex")}`),
  });
}

function digest(token: string | Buffer): Buffer {
  return hash("sha256", token, "buffer");
}
