import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRole } from "../../api/generated/agent-role.ts";
import type { Stored } from "../../api/resource.ts";
import type { BindingState, BindingSummary, OffboardingStatus } from "../../ledger/ledger.ts";
import type { Micros } from "../../lib/money.ts";
import type { CredentialFact } from "./credentials.ts";

/** Everything that a decision about a binding rests on. */
export interface Snapshot {
  readonly binding: Stored<AgentBinding>;
  readonly tenant: string;
  /** The role where it exists and is in force. */
  readonly role: Stored<AgentRole> | undefined;
  /** Memory that the role's current revision seeds; absent where this revision was seeded already. */
  readonly seeds: readonly { readonly path: string; readonly content: string }[] | undefined;
  /** Name of an older living binding of the same role and subject. */
  readonly duplicateOf: string | undefined;
  readonly credentials: readonly CredentialFact[];
  /** Secrets that carry our protection for this binding and that no other living binding names. */
  readonly ownSecrets: readonly string[];
  /** Secrets that are being deleted, wait for our protection to go, and that no living binding has to revoke at an issuer. */
  readonly spentSecrets: readonly string[];
  /** What the ledger knows: undefined before the first hire. */
  readonly state: BindingState | undefined;
  readonly headroom: { readonly remaining: Micros; readonly level: string } | undefined;
  readonly summary: BindingSummary | undefined;
  /** Only while deleting. */
  readonly offboarding: OffboardingStatus | undefined;
  readonly hold: Hold | undefined;
}

/** Why what is irreversible outside waits for a person's word: many went at once, or all that there are go. */
export type Hold =
  | { readonly kind: "mass"; readonly departed: number; readonly limit: number }
  | { readonly kind: "namespace" }
  | { readonly kind: "definition" };

export const offboardingFinalizer = "roster.dev/offboarding";
export const protectionFinalizer = "roster.dev/credential-protection";
export const releaseAnnotation = "roster.dev/release-deletion";
