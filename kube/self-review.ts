import type { Clock } from "../lib/clock.ts";
import type { Connection } from "./client.ts";
import { statusOf } from "./connect.ts";
import { resolveTarget } from "./target.ts";
import { Transport } from "./transport.ts";

/** Who the API server says somebody is. */
export interface UserInfo {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
}

/** Tells whose a bearer token is, without a right of our own. */
export interface SelfReviews extends AsyncDisposable {
  /** Undefined: the API server does not know the token. Throws Forbidden, KubeUnavailable. */
  whoIs(token: string): Promise<UserInfo | undefined>;
}

/**
 * Asks with the token itself (authentication.k8s.io/v1 SelfSubjectReview, KEP-3325, open to everybody who is known), where
 * TokenReview would take a right that no Role can give. Over connections of its own: a client certificate of ours would
 * answer for whoever asks.
 */
export async function openSelfReviews(
  connection: Connection,
  options: { readonly clock: Clock; readonly userAgent: string },
): Promise<SelfReviews> {
  const { server, tls } = await resolveTarget(connection, options.clock);
  const { ca, servername, rejectUnauthorized } = tls;
  const transport = new Transport(
    {
      server,
      tls: {
        ...(ca === undefined ? {} : { ca }),
        ...(servername === undefined ? {} : { servername }),
        rejectUnauthorized,
      },
      identify: async () => ({}),
    },
    options.userAgent,
  );
  return {
    async whoIs(token) {
      try {
        const review = await transport.json<{ readonly status?: { readonly userInfo?: UserInfo } }>({
          method: "POST",
          path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
          body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
          bearer: token,
        });
        return review.status?.userInfo;
      } catch (thrown) {
        if (statusOf(thrown) === 401) return undefined;
        throw thrown;
      }
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
