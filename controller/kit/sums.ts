import type { Resource } from "../../api/resource.ts";
import { type Instant, toRfc3339 } from "../../lib/clock.ts";
import { canonicalJson } from "../../lib/json.ts";
import { type Next, recheck, settled } from "./reconciler.ts";

// Sums are for people, and each write goes to every watcher: once a minute is enough. Whoever has just made an object
// looks at it, though, and would take the sums of a minute ago for a fault.
const sumsMs = 60_000;
const youngMs = 300_000;
const youngSumsMs = 2_000;

/** When an object's sums may be written again: a minute after the last time, two seconds while it is young. */
export function sumsDue(object: Resource, asOf: string | undefined, now: Instant): Instant {
  if (asOf === undefined) return now;
  const { creationTimestamp } = object.metadata;
  const young = creationTimestamp !== undefined && now < Date.parse(creationTimestamp) + youngMs;
  return Date.parse(asOf) + (young ? youngSumsMs : sumsMs);
}

/**
 * Decides whether new sums are shown now or at their turn. `shown` is what status has, `fresh` what it should have. A
 * first sum and a spec change are shown at once.
 */
export function paceSums<F extends object>(given: {
  readonly of: Resource;
  readonly shown: { readonly [K in keyof F]?: F[K] | undefined };
  readonly fresh: F;
  readonly asOf: string | undefined;
  readonly now: Instant;
  readonly changed: boolean;
}): { readonly fields: F & { readonly asOf: string }; readonly next: Next } {
  const { of, shown, fresh, asOf, now, changed } = given;
  // Only fields that status really has are kept, so what stands there is of the right type.
  if (asOf !== undefined && canonicalJson(shown) === canonicalJson(fresh))
    return { fields: { ...fresh, asOf }, next: settled };
  const due = sumsDue(of, asOf, now);
  if (asOf === undefined || changed || due <= now) return { fields: { ...fresh, asOf: toRfc3339(now) }, next: settled };
  return { fields: { ...(shown as F), asOf }, next: recheck(due) };
}
