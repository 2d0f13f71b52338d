import type { Environment } from "@marcbachmann/cel-js";
import { Duration, type UnsignedInt } from "@marcbachmann/cel-js/evaluator";

const [time, duration] = ["google.protobuf.Timestamp", "google.protobuf.Duration"];

/** RFC 3339 with as many digits of a second as there are. */
const timeText = (value: Date): string => value.toISOString().replace(/\.?0*Z$/, "Z");

const goDuration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const nanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Go's `time.ParseDuration`: digits beyond a nanosecond are dropped. Throws for any other text, in linear time. */
function parseDuration(text: string): Duration {
  // The largest is 292 years; no unit makes more than a few thousand digits of that.
  if (text.length > 10_000 || !goDuration.test(text)) throw new Error(`Invalid duration string: ${text}`);
  let total = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of text.matchAll(/(\d*)(?:\.(\d*))?([nuµμm]?s|m|h)/g)) {
    const parts = BigInt(fraction.slice(0, 13).padEnd(13, "0"));
    total += BigInt(whole) * nanos[unit]! + (parts * nanos[unit]!) / 10_000_000_000_000n;
  }
  if (text.startsWith("-")) total = -total;
  return new Duration(total / 1_000_000_000n, Number(total % 1_000_000_000n));
}

/** Seconds with as many digits as there are; the library's own text is wrong for fractions below zero. */
function durationText({ seconds, nanos: rest }: Duration): string {
  const fraction = String(Math.abs(rest)).padStart(9, "0").replace(/0+$/, "");
  const whole = `${seconds < 0n ? -seconds : seconds}`;
  return `${seconds < 0n || rest < 0 ? "-" : ""}${whole}${fraction ? `.${fraction}` : ""}s`;
}

/** Conversions of the standard that the library lacks, or that it makes slowly. */
export function addConversions(env: Environment): void {
  env
    .registerFunction(`k8s_duration(string): ${duration}`, parseDuration)
    .registerFunction("int(uint): int", (value: UnsignedInt) => BigInt(value.valueOf() as bigint))
    .registerFunction(`int(${time}): int`, (value: Date) => BigInt(Math.floor(value.getTime() / 1000)))
    .registerFunction(`string(${time}): string`, timeText)
    .registerFunction(`string(${duration}): string`, durationText);
}
