import { kinds } from "../../api/kinds.ts";
import { problem } from "../../api/reasons.ts";
import type { Resource } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Problem } from "../../lib/problem.ts";

/** Where a credential may go: an origin (`https://mail.example`) or `local:<name>` for an operator's local server. */
export type Destination = string;

/** A credential fit for one destination. Lives for one call or one session and is never logged. */
export interface Credential {
  readonly value: string;
  /** Changes whenever the Secret does. */
  readonly version: string;
}

interface Secret extends Resource {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

const secretType = "roster.dev/credential";
const originsAnnotation = "roster.dev/allowed-origins";
const subjectAnnotation = "roster.dev/subject";

/**
 * Reads one key of a Secret that consents to this use: its type says that it is for agents, its annotations name where
 * it may be sent and, where `subject` is given, for whom. Reading by name alone would let whoever may write a manifest
 * borrow any Secret of the namespace. Throws SecretNotFound, SecretNotConsenting, OriginRefused, KubeUnavailable.
 */
export async function readCredential(
  ref: { readonly namespace: string; readonly name: string; readonly key: string },
  use: { readonly destination: Destination; readonly subject?: string },
  kube: KubeClient,
): Promise<Credential> {
  const where = `Secret "${ref.namespace}/${ref.name}"`;
  const secret = await findSecret(ref, kube);
  if (!secret) throw problem("SecretNotFound", `${where} is not there`);
  // It may wait for its token to be revoked; whoever deleted it wants it used no more.
  if (secret.metadata.deletionTimestamp !== undefined) throw problem("SecretNotFound", `${where} is being deleted`);
  if (secret.type !== secretType) {
    throw problem("SecretNotConsenting", `${where} has type "${secret.type ?? "Opaque"}", not "${secretType}"`);
  }
  const annotations = secret.metadata.annotations ?? {};
  if (!listOf(annotations[originsAnnotation]).includes(use.destination)) {
    throw problem("OriginRefused", `${where} does not name "${use.destination}" in ${originsAnnotation}`);
  }
  if (use.subject !== undefined && annotations[subjectAnnotation] !== use.subject) {
    throw problem("SecretNotConsenting", `${where} does not name the binding's subject in ${subjectAnnotation}`);
  }
  const encoded = Object.hasOwn(secret.data ?? {}, ref.key) ? secret.data?.[ref.key] : undefined;
  if (encoded === undefined) throw problem("SecretNotFound", `${where} has no key "${ref.key}"`);
  const value = Buffer.from(encoded, "base64").toString("utf8").trim();
  // A line break would end the header and begin another.
  if (value === "" || /[\r\n\0]/.test(value))
    throw problem("SecretNotFound", `${where} key "${ref.key}" holds no usable value`);
  return { value, version: `${secret.metadata.uid}/${secret.metadata.resourceVersion}` };
}

async function findSecret(
  ref: { readonly namespace: string; readonly name: string },
  kube: KubeClient,
): Promise<(Secret & { metadata: { uid: string; resourceVersion: string } }) | undefined> {
  try {
    return await kube.find<Secret>(kinds.Secret, ref.name, ref.namespace);
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    throw problem("KubeUnavailable", "cannot read the Secret of a credential", { cause: thrown });
  }
}

function listOf(annotation: string | undefined): readonly string[] {
  return (annotation ?? "").split(/[\s,]+/).filter((item) => item !== "");
}
