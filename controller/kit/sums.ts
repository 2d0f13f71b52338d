import { type Instant, toRfc3339 } from "../../lib/clock.ts";
import { canonicalJson } from "../../lib/json.ts";
import { type Next, recheck, settled } from "./reconciler.ts";

/** Sums are written to one object at most this often: they are for people, and each write goes to every watcher. */
export const sumsMs = 60_000;

/**
 * Decides whether new sums are shown now or at their turn. `shown` is what status has, `fresh` what it should have. A
 * first sum and a spec change are shown at once.
 */
export function paceSums<F extends object>(given: {
  readonly shown: { readonly [K in keyof F]?: F[K] | undefined };
  readonly fresh: F;
  readonly asOf: string | undefined;
  readonly now: Instant;
  readonly changed: boolean;
}): { readonly fields: F & { readonly asOf: string }; readonly next: Next } {
  const { shown, fresh, asOf, now, changed } = given;
  // Only fields that status really has are kept, so what stands there is of the right type.
  if (asOf !== undefined && canonicalJson(shown) === canonicalJson(fresh))
    return { fields: { ...fresh, asOf }, next: settled };
  const due = asOf === undefined ? now : Date.parse(asOf) + sumsMs;
  if (asOf === undefined || changed || due <= now) return { fields: { ...fresh, asOf: toRfc3339(now) }, next: settled };
  return { fields: { ...(shown as F), asOf }, next: recheck(due) };
}
