import type { AgentBindingCredential, AgentBindingSpec } from "../../api/generated/agent-binding.ts";
import type { Stored } from "../../api/resource.ts";
import { type Mark, met, unmet } from "../kit/reconciler.ts";

/** A Secret as the controller keeps it: what it consents to and which keys it has, never their values. */
export interface SecretFact extends Stored {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** What was found for one credential. */
export interface CredentialFact {
  readonly credential: AgentBindingCredential;
  readonly secret: SecretFact | undefined;
  /** A Secret of that name exists but is of another type (those are not kept). */
  readonly otherType?: boolean;
}

export const credentialType = "roster.dev/credential";
export const originsAnnotation = "roster.dev/allowed-origins";
export const subjectAnnotation = "roster.dev/subject";

/** Judges all credentials; the first fault is the one shown, with how many more there are. The gateway checks again. */
export function judgeCredentials(spec: AgentBindingSpec, facts: readonly CredentialFact[]): Mark {
  const faults = facts.map((fact) => judge(spec, fact)).filter((mark) => mark.status !== "True");
  const [first] = faults;
  if (first !== undefined) {
    return faults.length === 1 ? first : { ...first, message: `${first.message} (and ${faults.length - 1} more)` };
  }
  if (facts.length === 0) return met("CredentialsBound", "NotRequired", "the binding names no credential");
  return met("CredentialsBound", "Bound", `${facts.length} credentials`);
}

/** True where the Secret's owner agreed that this subject's agent may use it. */
export function consents(spec: AgentBindingSpec, fact: CredentialFact): boolean {
  return judge(spec, fact).status === "True";
}

function judge(spec: AgentBindingSpec, { credential, secret, otherType }: CredentialFact): Mark {
  const { name, key } = credential.secretRef;
  const refuse = (why: string) => unmet("CredentialsBound", "SecretNotConsenting", `Secret "${name}" ${why}`);
  if (otherType) return refuse(`is not of type ${credentialType}`);
  if (secret?.metadata.deletionTimestamp !== undefined) {
    const kept =
      credential.revocation === undefined
        ? ""
        : "; it stays until its token is revoked: fire the agent, or name another";
    return unmet("CredentialsBound", "SecretNotFound", `Secret "${name}" is being deleted${kept}`);
  }
  if (secret === undefined) {
    return unmet("CredentialsBound", "SecretNotFound", `Secret "${name}" for server "${credential.server}" not found`);
  }
  const annotations = secret.metadata.annotations ?? {};
  const origins = originsOf(secret);
  if (origins.length === 0) return refuse(`has no annotation ${originsAnnotation}`);
  const subject = annotations[subjectAnnotation];
  if (subject !== spec.subject.name)
    return refuse(`is not for "${spec.subject.name}" (annotation ${subjectAnnotation})`);
  if (secret.data?.[key] === undefined) return refuse(`has no key "${key}"`);
  const url = credential.revocation?.url;
  // The token travels to that URL, so the Secret's owner must have agreed to the origin.
  if (url !== undefined && !(URL.canParse(url) && origins.includes(new URL(url).origin))) {
    return unmet("CredentialsBound", "OriginRefused", `Secret "${name}" does not allow the revocation URL's origin`);
  }
  return met("CredentialsBound", "Bound", "");
}

/** Origins that a Secret allows, separated by commas or spaces. */
export function originsOf(secret: Stored): readonly string[] {
  return (secret.metadata.annotations?.[originsAnnotation] ?? "").split(/[\s,]+/).filter(Boolean);
}
