import { kinds } from "../../api/kinds.ts";
import { problem } from "../../api/reasons.ts";
import type { Resource } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { bearerOf } from "./bearer.ts";

/** A person (or any Kubernetes user) as the API server knows them. */
export interface Person {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string;
}

interface TokenReview extends Resource {
  readonly spec: { readonly token: string };
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: { readonly username?: string; readonly groups?: readonly string[]; readonly uid?: string };
  };
}

interface SubjectAccessReview extends Resource {
  readonly spec: unknown;
  readonly status?: { readonly allowed?: boolean };
}

/** Asks the Kubernetes API who a bearer token is (authentication.k8s.io/v1 TokenReview). Throws Unauthenticated. */
export async function authenticatePerson(authorization: string | undefined | null, kube: KubeClient): Promise<Person> {
  const token = bearerOf(authorization);
  // Our own tokens are not people, and the API server has no business seeing them.
  if (/^rs[a-z]_/.test(token)) throw problem("Unauthenticated", "this path takes a person's Kubernetes bearer token");
  const review = await kube.create<TokenReview>(kinds.TokenReview, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    metadata: { name: "" },
    spec: { token },
  });
  const user = review.status?.user;
  if (review.status?.authenticated !== true || !user?.username) {
    throw problem("Unauthenticated", "the Kubernetes API does not know this bearer token");
  }
  return { username: user.username, groups: user.groups ?? [], ...(user.uid === undefined ? {} : { uid: user.uid }) };
}

/** Throws Forbidden unless the person may do `verb` on the object (authorization.k8s.io/v1 SubjectAccessReview). */
export async function requireAccess(
  person: Person,
  what: {
    readonly verb: string;
    /** `roster.dev` unless told otherwise. */
    readonly group?: string;
    readonly resource: string;
    /** Empty: in all of them. */
    readonly namespace: string;
    /** Empty: all objects. */
    readonly name: string;
  },
  kube: KubeClient,
): Promise<void> {
  const review = await kube.create<SubjectAccessReview>(kinds.SubjectAccessReview, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    metadata: { name: "" },
    spec: {
      user: person.username,
      groups: person.groups,
      ...(person.uid === undefined ? {} : { uid: person.uid }),
      resourceAttributes: { group: "roster.dev", version: what.group === undefined ? "v1alpha1" : "v1", ...what },
    },
  });
  if (review.status?.allowed === true) return;
  throw problem(
    "Forbidden",
    `"${person.username}" may not ${what.verb} ${what.resource}${what.name === "" ? "" : ` "${what.name}"`} in ${what.namespace === "" ? "all namespaces" : `namespace "${what.namespace}"`}`,
  );
}
