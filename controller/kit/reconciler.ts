import type { KindRef } from "../../api/kinds.ts";
import type { Reason } from "../../api/reasons.ts";
import type { Resource, Stored } from "../../api/resource.ts";
import type { Channel, Ledger } from "../../ledger/ledger.ts";
import type { Instant } from "../../lib/clock.ts";
import type { Json } from "../../lib/json.ts";
import type { LedgerWrite } from "./effects.ts";

/**
 * How one kind is brought from what is declared to what is in force: gather (reads only) → decide (pure) → commit
 * (the kit). A reconciler holds no client, no clock and no recorder, and catches nothing.
 */
export interface Reconciler<O extends Resource, S> {
  readonly kind: KindRef;
  /** The only conditions that `decide` may return, besides Ready; a type belongs to one reconciler. */
  readonly owns: readonly string[];
  /** Absent: objects of this kind have no Ready condition (they are short-lived). */
  readonly ready?: false;
  /** Other kinds whose changes matter, each with a map back to our keys. */
  readonly watches: readonly Watch[];
  /** Ledger channels after which the returned keys are looked at again. */
  readonly channels?: readonly ChannelWatch[];
  /** RBAC: the shipped manifests are generated from this. */
  readonly access: readonly Access[];
  /** The finalizer of a kind that has `release`. */
  readonly finalizer?: string;
  gather(object: Stored<O>, view: Reader): Promise<S>;
  /** No await, no clock, no randomness: the same snapshot and instant give the same plan. */
  decide(snapshot: S, now: Instant): Plan<O>;
  /** Deletion. To have one is to have a finalizer, which goes when the plan is settled. */
  release?(snapshot: S, now: Instant): Plan<O>;
  /** True for an object that is as good as deleted though its deletion has not begun: its namespace goes. */
  isDoomed?(object: Stored<O>, view: Lookup): boolean;
  /**
   * Effects that only take away, which any replica performs at once, leader or not, before anything is gathered: nobody
   * can be too early with them. `gone`: deletion has begun, or the object vanished without its finalizer being honoured.
   * Performed once per object, generation and `gone`.
   */
  narrow?(object: Stored<O>, gone: boolean, view: Lookup & Pick<Reader, "tenantOf">): readonly LedgerWrite[];
  /**
   * The leader's effects for an object that is no more, however it went: with `narrow`, it may have been in force before
   * it had a finalizer. Idempotent after `release`.
   */
  ended?(object: Stored<O>): readonly LedgerWrite[];
}

/** A reconciler whose snapshot type does not matter to the holder. */
// biome-ignore lint/suspicious/noExplicitAny: a list of reconcilers of different kinds has no common argument type
export type AnyReconciler = Reconciler<any, any>;

export interface Watch {
  readonly kind: KindRef;
  /** Keys (`namespace/name`) of ours that an object of the other kind concerns; at once for both versions of a change. */
  keys(object: Stored, view: Lookup): readonly string[];
  /** However many keys it concerns, they are news. Otherwise a change that concerns many waits for what concerns few. */
  readonly urgent?: true;
  /** False where a change cannot matter to us (a status that we do not read). Absent: every change matters. */
  relevant?(before: Stored | undefined, after: Stored | undefined): boolean;
}

export interface ChannelWatch {
  readonly channel: Channel;
  keys(view: Lookup): readonly string[];
}

export interface Access {
  readonly component: "controller" | "gateway";
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly namespaced: boolean;
  /** Only in Roster's own namespace. Absent: wherever fleets are. */
  readonly only?: "roster-system";
  /** Only the objects of these names. */
  readonly names?: readonly string[];
}

/** Reads from the caches only. */
export interface Lookup {
  find<O extends Resource>(kind: KindRef, namespace: string | undefined, name: string): Stored<O> | undefined;
  /** Objects that an index holds under a value, in no order. */
  listBy<O extends Resource>(kind: KindRef, index: string, value: string): readonly Stored<O>[];
  countBy(kind: KindRef, index: string, value: string): number;
  keysBy(kind: KindRef, index: string, value: string): readonly string[];
}

/** Everything `gather` may read. There is no way to write through it. */
export interface Reader extends Lookup {
  /** A read that bypasses the cache, for content that is not kept in memory. */
  fetch<O extends Resource>(kind: KindRef, namespace: string | undefined, name: string): Promise<Stored<O> | undefined>;
  /** UID of the namespace: the tenant. Throws KubeUnavailable (transient) while the namespace was not seen yet. */
  tenantOf(namespace: string): string;
  readonly ledger: LedgerReader;
}

type Reads<T, K extends keyof T> = Pick<T, K>;

/** The ledger without its writes. */
export interface LedgerReader {
  readonly catalog: Reads<
    Ledger["catalog"],
    "findRole" | "findTier" | "listTiers" | "findToolServer" | "listToolServers" | "listTools"
  >;
  readonly bindings: Reads<Ledger["bindings"], "find" | "findByName" | "offboarding" | "summaries">;
  readonly runs: Reads<Ledger["runs"], "find" | "findByObject" | "list" | "isWindowGone" | "triggerSummary">;
  readonly money: Reads<Ledger["money"], "budget" | "headroom">;
  readonly offboardings: Reads<Ledger["offboardings"], "counts">;
}

/** What should be so. Data only: two plans from one snapshot are equal byte for byte. */
export interface Plan<O extends Resource> {
  /** In order. Names are deterministic, so performing one again changes nothing. */
  readonly writes: readonly Write[];
  /** Complete: an owned type that is left out is removed. */
  readonly conditions: readonly Mark[];
  /** A field that is left out is kept; one that is `undefined` is removed. */
  readonly status: StatusPatch<O>;
  readonly next: Next;
  /** The writes change what was shown: where one took effect, nothing is shown before all was read once more. */
  readonly rereads?: boolean;
}

export type StatusOf<O> = O extends { readonly status?: infer S } ? NonNullable<S> : Record<string, Json>;
export type StatusPatch<O> = { readonly [K in keyof StatusOf<O>]?: StatusOf<O>[K] | undefined };

/** One condition as it should be. `observedGeneration` and the transition time are the kit's business. */
export interface Mark {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: Reason;
  readonly message: string;
}

export function met(type: string, reason: Reason, message: string): Mark {
  return { type, status: "True", reason, message };
}

export function unmet(type: string, reason: Reason, message: string): Mark {
  return { type, status: "False", reason, message };
}

export function unknown(type: string, reason: Reason, message: string): Mark {
  return { type, status: "Unknown", reason, message };
}

/** `again`: the writes change what gather reads, so nothing is shown before it was read once more. */
export type Next =
  | { readonly kind: "settled" }
  | { readonly kind: "recheck"; readonly at: Instant }
  | { readonly kind: "again" };

export const settled: Next = { kind: "settled" };
export const again: Next = { kind: "again" };

export function recheck(at: Instant): Next {
  return { kind: "recheck", at };
}

/** The earlier of two. */
export function sooner(a: Next, b: Next): Next {
  if (a.kind === "again" || b.kind === "again") return again;
  if (a.kind === "settled") return b;
  if (b.kind === "settled") return a;
  return a.at <= b.at ? a : b;
}

export type Write = LedgerWrite | ResourceWrite;

export type ResourceWrite =
  /** Makes an object under a deterministic name; one that is there already is left alone. */
  | { readonly kind: "create"; readonly ref: KindRef; readonly object: Resource }
  /** Deletes exactly this object; gone is fine. */
  | {
      readonly kind: "remove";
      readonly ref: KindRef;
      readonly namespace: string | undefined;
      readonly name: string;
      readonly uid: string;
    }
  /** Sets or removes (null) annotations on the object itself. */
  | { readonly kind: "annotate"; readonly annotations: Readonly<Record<string, string | null>> }
  /** Adds or removes a finalizer on another object that is in the cache; gone or terminating is fine. */
  | {
      readonly kind: "protect" | "unprotect";
      readonly ref: KindRef;
      readonly namespace: string;
      readonly name: string;
      readonly finalizer: string;
    };
