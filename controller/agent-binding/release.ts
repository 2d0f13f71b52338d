import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import { kinds } from "../../api/kinds.ts";
import type { OffboardingStatus } from "../../ledger/ledger.ts";
import type { Instant } from "../../lib/clock.ts";
import { type Mark, met, type Plan, recheck, settled, unmet, type Write } from "../kit/reconciler.ts";
import { type Hold, protectionFinalizer, releaseAnnotation, type Snapshot } from "./snapshot.ts";

// The feed and the revoker wake the binding; the clock only makes sure.
const recheckMs = 1_000;
const heldRecheckMs = 60_000;

/**
 * Offboards the agent, as four steps that can be seen:
 *
 * ```
 *  1 fire ─────────► 2 cut ──────────────► 3 downstream ───────────► 4 let go
 *  any replica, at   Revoked: every        DownstreamRevoked: each   finalizers off the Secrets,
 *  once (`narrow`)   gateway acknowledged  issuer answered, or it    then ours off the binding
 *                    or its lease ended    was handed on to a person
 * ```
 * 3 and 4 wait while many bindings go at once. Needs no other live object: what is missing is passed over.
 */
export function release(snapshot: Snapshot, now: Instant): Plan<AgentBinding> {
  const { offboarding, hold } = snapshot;
  const revoked = judgeRevoked(offboarding);
  const downstream =
    hold === undefined ? judgeDownstream(offboarding) : held(hold, snapshot.binding.metadata.namespace!);
  const done = revoked.status === "True" && downstream.status === "True";
  const wait = hold === undefined ? recheckMs : heldRecheckMs;
  return {
    writes: done ? letGo(snapshot) : [],
    conditions: [
      done
        ? unmet("Ready", "Fired", "the agent is fired")
        : unmet("Ready", "Revoking", "the agent is fired and being offboarded"),
      revoked,
      downstream,
    ],
    status: {
      effective: {
        ...snapshot.binding.status?.effective,
        state: "Revoked",
        because: hold?.kind === "namespace" ? "the namespace is being deleted" : "the binding was deleted",
      },
    },
    next: done ? settled : recheck(now + wait),
  };
}

function judgeRevoked(offboarding: OffboardingStatus | undefined): Mark {
  if (offboarding === undefined) return unmet("Revoked", "Revoking", "the revocation is not yet in the ledger");
  const pending = offboarding.gatewaysPending;
  if (pending.length === 0) return met("Revoked", "Revoked", "every token is revoked and every gateway knows");
  return unmet("Revoked", "Revoking", `waiting for gateway ${[...pending].sort().join(", ")}`);
}

function judgeDownstream(offboarding: OffboardingStatus | undefined): Mark {
  if (offboarding === undefined) return unmet("DownstreamRevoked", "DownstreamPending", "waiting for the revocation");
  const { downstream } = offboarding;
  if (downstream.length === 0) return met("DownstreamRevoked", "NotRequired", "the agent held no credential");
  const pending = downstream.filter((one) => one.state === "pending");
  if (pending.length > 0) {
    const servers = pending.map((one) => one.server + (one.lastError === undefined ? "" : ` (${one.lastError})`));
    return unmet("DownstreamRevoked", "DownstreamPending", `waiting for ${servers.sort().join(", ")}`);
  }
  const handedOn = downstream.filter((one) => one.state === "handedOn").map((one) => one.server);
  if (handedOn.length > 0) {
    return met(
      "DownstreamRevoked",
      "DownstreamHandedOn",
      `revoke by hand at the issuer of ${handedOn.sort().join(", ")}`,
    );
  }
  const outcomes = [...new Set(downstream.map((one) => one.outcome ?? "SecretRemoved"))].sort();
  const reason = outcomes.includes("IssuerAcknowledged") ? "IssuerAcknowledged" : "SecretRemoved";
  return met(
    "DownstreamRevoked",
    reason,
    downstream
      .map((one) => `${one.server}: ${one.outcome ?? "SecretRemoved"}`)
      .sort()
      .join(", "),
  );
}

function held(hold: Hold, namespace: string): Mark {
  return unmet(
    "DownstreamRevoked",
    "HeldMassDeletion",
    `${because(hold, namespace)}; annotate the namespace with ${releaseAnnotation}=true to go on`,
  );
}

function because(hold: Hold, namespace: string): string {
  switch (hold.kind) {
    case "mass":
      return `more than ${hold.limit} agents of the namespace went within ten minutes`;
    case "namespace":
      return `namespace "${namespace}" is being deleted`;
    case "definition":
      return "the definition of AgentBinding is being deleted";
  }
}

function letGo({ binding, ownSecrets }: Snapshot): readonly Write[] {
  const namespace = binding.metadata.namespace!;
  return ownSecrets.map((name) => ({
    kind: "unprotect",
    ref: kinds.Secret,
    namespace,
    name,
    finalizer: protectionFinalizer,
  }));
}
