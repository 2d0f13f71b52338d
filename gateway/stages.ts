import type { Reason } from "../api/reasons.ts";
import type { GuardRequest, StepId, StepKind } from "../ledger/ledger.ts";
import type { Json } from "../lib/json.ts";
import type { Micros } from "../lib/money.ts";
import type { Problem } from "../lib/problem.ts";
import type { Caller } from "./identity/authenticate.ts";

/**
 * The stages of a guarded call. Each carries the one before it under a literal of its own, so that leaving one out does
 * not compile; `Permit` has a brand that only `permitFor` in guard.ts can give.
 */
export interface Call {
  readonly stage: "parsed";
  readonly caller: Caller;
  readonly id: StepId;
  readonly kind: StepKind;
  /** Tier or action. */
  readonly name: string;
  /** What is journaled. The digest is over this and the name. */
  readonly request: Json;
  readonly digest: string;
}

/** A call with the facts that judging needs: tier, tool, credential. `F` is the door's own. */
export interface Known<F> {
  readonly stage: "recalled";
  readonly call: Call;
  readonly facts: F;
}

export interface Judgement extends Pick<GuardRequest, "verdict" | "repeat" | "money" | "cap"> {
  /** What a refusal is called; the guard may find a stronger one. */
  readonly refusal?: Reason;
  /** What journal, audit and trace call it, where the caller's name for it is nobody else's: others read those. */
  readonly shownAs?: string;
}

export interface Judged<F> extends Judgement {
  readonly stage: "judged";
  readonly known: Known<F>;
}

declare const permitted: unique symbol;

/** The right to perform one call once. Its *intended* row and its hold are durable. */
export interface Permit<F> {
  readonly stage: "permitted";
  readonly [permitted]: true;
  readonly judged: Judged<F>;
  readonly callId: string;
  readonly held: Micros;
  readonly maxOutputTokens: number;
  /** Starts at 1; a transient failure leads to the next one under a new permit. */
  readonly attempt: number;
  /** Aborts when the caller's authority ends or the deadline passes. Its reason is a Problem. */
  readonly signal: AbortSignal;
}

/** What came back from outside, unjudged. */
export type Receipt<F> = {
  readonly stage: "performed";
  readonly permit: Permit<F>;
} & (
  | { readonly outcome: "answered"; readonly response: Json; readonly isError: boolean; readonly usage?: unknown }
  | {
      readonly outcome: "failed";
      readonly why: Problem;
      /** none: nothing left this process · unknown: it may have arrived · refused: the other side said no before acting. */
      readonly sent: "none" | "unknown" | "refused";
      readonly retryAfterMs?: number;
    }
);

/** What is to be recorded. */
export type Finding<F> = { readonly stage: "verified"; readonly receipt: Receipt<F> } & (
  | {
      readonly settle: "happened";
      readonly response: Json;
      readonly isError: boolean;
      readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
      readonly charge?: Micros;
      readonly estimated?: boolean;
      readonly error?: string;
    }
  | {
      readonly settle: "abandoned";
      readonly money: "release" | "charge";
      readonly why: Problem;
      /** Try again after this long; absent: this is the end. */
      readonly againAfterMs?: number;
    }
  /** It may have happened and must not be repeated: *intended* stays without *happened*, and the run is parked. */
  | { readonly settle: "uncertain"; readonly why: Problem }
);

/** How a guarded call ended, for the one who asked. */
export type Outcome =
  | { readonly stage: "recorded"; readonly response: Json; readonly fresh: boolean }
  | {
      readonly stage: "refused";
      readonly why: Problem;
      readonly verdict: "deny" | "ask" | "guard";
      readonly rule: string;
      readonly source?: string;
    }
  | { readonly stage: "failed"; readonly why: Problem; readonly retryAfterMs?: number }
  | { readonly stage: "uncertain"; readonly why: Problem };

/** One kind of call: what differs between models, tools and builtins. The order of the verbs is guard.ts' alone. */
export interface Door<F> {
  readonly kind: string;
  /** Whether a call ends when nobody waits for it any more. A write that is out is better finished and recorded. */
  readonly endsWithCaller: boolean;
  /** Synchronous and strict: unknown in, typed out. Throws InvalidRequest, InvalidJson. */
  parse(caller: Caller): Omit<Call, "stage" | "caller" | "digest">;
  /** Reads what judging needs. Throws only transient problems; what is missing is a fact. */
  recall(call: Call): Promise<F>;
  /** Pure. */
  judge(known: Known<F>): Judgement;
  /** A place in a bounded queue, taken before anything is held. */
  queue?(known: Known<F>, signal: AbortSignal): Promise<Disposable>;
  /** The only place that touches the outside. Never throws for what the outside does. */
  perform(permit: Permit<F>): Promise<Receipt<F>>;
  /** What the caller is told of a denial; recorded, so that a resumed run finds the same. */
  denial?(why: Problem, rule: { readonly rule: string; readonly source?: string }): Json;
  /** Pure: decides what the receipt is worth. */
  verify(receipt: Receipt<F>): Finding<F>;
}
