import { formatUsd, type Micros, parseUsd } from "../lib/money.ts";

export type Window = "Run" | "Day" | "Week" | "Month";

/** Limits as resources write them: a decimal string per window; absent means no limit of its own, "0" means zero. */
export interface LimitSpec {
  readonly run?: string | undefined;
  readonly day?: string | undefined;
  readonly week?: string | undefined;
  readonly month?: string | undefined;
}

/** Limits in force, as text. */
export type Amounts = Readonly<Partial<Record<keyof LimitSpec, string>>>;

export interface Limit {
  readonly window: Window;
  readonly amount: Micros;
}

const windows = [
  ["run", "Run"],
  ["day", "Day"],
  ["week", "Week"],
  ["month", "Month"],
] as const;

/** Reads limits. Throws InvalidAmount for what is not a decimal string. */
export function toLimits(spec: LimitSpec | undefined): readonly Limit[] {
  return windows.flatMap(([field, window]) => {
    const text = spec?.[field];
    return text === undefined ? [] : [{ window, amount: parseUsd(text) }];
  });
}

/** Per window the smaller of two limits, and in words where `ours` was cut down. Throws InvalidAmount. */
export function tighterLimits(
  ours: LimitSpec | undefined,
  theirs: LimitSpec | undefined,
): { readonly limits: readonly Limit[]; readonly spec: Amounts; readonly cut: readonly string[] } {
  const mine = new Map(toLimits(ours).map((limit) => [limit.window, limit.amount]));
  const other = new Map(toLimits(theirs).map((limit) => [limit.window, limit.amount]));
  const limits: Limit[] = [];
  const spec: Record<string, string> = {};
  const cut: string[] = [];
  for (const [field, window] of windows) {
    const a = mine.get(window);
    const b = other.get(window);
    const amount = a === undefined ? b : b === undefined || a <= b ? a : b;
    if (amount === undefined) continue;
    limits.push({ window, amount });
    spec[field] = formatUsd(amount);
    if (a !== undefined && amount < a) cut.push(`${field} ${formatUsd(amount)}`);
  }
  return { limits, spec, cut };
}
