import { type Disposition, dispositionOf, type Reason, reasons } from "../../api/reasons.ts";
import type { Condition, Resource, Stored } from "../../api/resource.ts";
import { type Instant, toRfc3339 } from "../../lib/clock.ts";
import { sha256 } from "../../lib/ids.ts";
import { canonicalJson, isObject } from "../../lib/json.ts";
import { messageOf, type Problem } from "../../lib/problem.ts";
import { type Mark, met, type Plan, unmet } from "./reconciler.ts";

/** What a reconciler may put into status. */
export interface Ownership {
  readonly owns: readonly string[];
  readonly ready: boolean;
}

const frameTypes = ["Ready", "Reconciling", "Stalled"];
// Longer than any message worth reading in `kubectl describe`, far shorter than the API's 32,768.
const messageLength = 1_024;

/** The conditions that a plan asks for, with the summary ones that the kit derives from Ready's reason. */
export function conditionsOf<O extends Resource>(plan: Plan<O>, ownership: Ownership): readonly Mark[] {
  if (!ownership.ready) return plan.conditions;
  const ready = plan.conditions.find((mark) => mark.type === "Ready") ?? met("Ready", "Ready", "in force");
  const others = plan.conditions.filter((mark) => mark.type !== "Ready");
  return [ready, ...frame(ready), ...others];
}

function frame(ready: Mark): readonly Mark[] {
  if (ready.status === "True") return [];
  switch (reasons[ready.reason].disposition) {
    case "waiting":
    case "transient":
      return [met("Reconciling", ready.reason, ready.message)];
    case "stalled":
    case "uncertain":
      return [met("Stalled", ready.reason, ready.message)];
    case "denied":
    case "fine":
      return [];
  }
}

/** What a throw says about the object: the conditions to set; `undefined` leaves status alone. */
export function conditionsOfThrow(
  thrown: unknown,
  ownership: Ownership,
  current: readonly Condition[],
  failures: number,
): readonly Mark[] | undefined {
  const disposition: Disposition | undefined = dispositionOf(thrown);
  const kept = current
    .filter((condition) => ownership.owns.includes(condition.type))
    .map(({ type, status, reason, message }) => ({ type, status, reason: reason as Reason, message }));
  if (!ownership.ready) return undefined;
  if (disposition === undefined)
    return [
      unmet("Ready", "InternalError", internalMessage(thrown)),
      met("Reconciling", "InternalError", internalMessage(thrown)),
      ...kept,
    ];
  const { reason } = thrown as Problem;
  if (reason === "Conflict" || reason === "LeadershipLost") return undefined;
  const message = messageOf(thrown);
  if (disposition === "transient" && failures < 3) {
    const ready = current.find((condition) => condition.type === "Ready");
    const shown: Mark = ready
      ? { type: "Ready", status: ready.status, reason: ready.reason as Reason, message: ready.message }
      : unmet("Ready", reason as Reason, message);
    return [shown, met("Reconciling", reason as Reason, message), ...kept];
  }
  const ready = unmet("Ready", reason as Reason, message);
  return [ready, ...frame(ready), ...kept];
}

/** Names a bug without printing it to everyone who may read the namespace. The log has the stack under the same id. */
export function internalMessage(thrown: unknown): string {
  return `internal error ${bugId(thrown)}; the controller's log has the details`;
}

/** Stable for the same failure, so that it does not rewrite status for ever. */
export function bugId(thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return sha256(stack).slice(0, 8);
}

/** For the log only. */
export function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

export interface StatusChange {
  /** RFC 7386 merge patch for the status subresource. */
  readonly patch: Readonly<Record<string, unknown>>;
  /** All of status once the patch is applied. */
  readonly status: Readonly<Record<string, unknown>>;
  /** Conditions whose status or reason differ from before, as far as they are news to people. */
  readonly transitions: readonly Condition[];
}

/**
 * The smallest merge patch that makes `object.status` say so; undefined when it says so already. Transition times move
 * only where a status flips. Conditions that nobody here owns are kept.
 */
export function statusChange(
  object: Stored,
  marks: readonly Mark[],
  fields: Readonly<Record<string, unknown>>,
  ownership: Ownership,
  now: Instant,
): StatusChange | undefined {
  const status = (object as { status?: Record<string, unknown> }).status ?? {};
  const current = (status.conditions ?? []) as readonly Condition[];
  const generation = object.metadata.generation;
  const mine = new Set([...ownership.owns, ...(ownership.ready ? frameTypes : [])]);
  const transitions: Condition[] = [];
  const conditions: Condition[] = marks.map((mark) => {
    const before = current.find((condition) => condition.type === mark.type);
    const after: Condition = {
      type: mark.type,
      status: mark.status,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: before?.status === mark.status ? before.lastTransitionTime : toRfc3339(now),
      reason: mark.reason,
      message: mark.message.slice(0, messageLength),
    };
    if ((before?.status !== after.status || before.reason !== after.reason) && isNews(before, mark, object)) {
      transitions.push(after);
    }
    return after;
  });
  for (const condition of current) if (!mine.has(condition.type)) conditions.push(condition);

  const wanted: Record<string, unknown> = { ...fields, conditions };
  if (generation !== undefined) wanted.observedGeneration = generation;
  const patch = diff(status, wanted);
  return patch === undefined ? undefined : { patch, status: merged(status, patch), transitions };
}

/** A condition that appears for the first time and is as it should be is no news beside Ready. */
function isNews(before: Condition | undefined, mark: Mark, object: Stored): boolean {
  if (before !== undefined || mark.type === "Ready" || object.metadata.deletionTimestamp !== undefined) return true;
  return reasons[mark.reason].disposition !== "fine" || mark.type === "Succeeded";
}

/** RFC 7386, for objects. */
function merged(have: Record<string, unknown>, patch: Record<string, unknown>): Record<string, unknown> {
  const after = { ...have };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete after[key];
    else if (isObject(value)) after[key] = merged(isObject(have[key]) ? have[key] : {}, value);
    else after[key] = value;
  }
  return after;
}

/** What a merge patch must say so that each field of `wanted` holds; fields that `wanted` lacks are kept. */
function diff(have: Record<string, unknown>, wanted: Record<string, unknown>): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(wanted)) {
    const old = have[key];
    if (value === undefined) {
      if (old !== undefined) patch[key] = null;
    } else if (isObject(value) && isObject(old)) {
      // A field of status is replaced as a whole: members that are no longer there are removed.
      const removed = Object.fromEntries(
        Object.keys(old)
          .filter((member) => value[member] === undefined)
          .map((member) => [member, undefined]),
      );
      const inner = diff(old, { ...removed, ...value });
      if (inner !== undefined) patch[key] = inner;
    } else if (old === undefined || canonicalJson(old) !== canonicalJson(value)) {
      patch[key] = value;
    }
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
