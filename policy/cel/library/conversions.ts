import type { Environment } from "@marcbachmann/cel-js";
import type { Duration, UnsignedInt } from "@marcbachmann/cel-js/evaluator";

const [time, duration] = ["google.protobuf.Timestamp", "google.protobuf.Duration"];

/** RFC 3339 with as many digits of a second as there are. */
const timeText = (value: Date): string => value.toISOString().replace(/\.?0*Z$/, "Z");

/** Conversions of the standard that the library lacks. */
export function addConversions(env: Environment): void {
  env
    .registerFunction("int(uint): int", (value: UnsignedInt) => BigInt(value.valueOf() as bigint))
    .registerFunction(`int(${time}): int`, (value: Date) => BigInt(Math.floor(value.getTime() / 1000)))
    .registerFunction(`string(${time}): string`, timeText)
    .registerFunction(`string(${duration}): string`, (value: Duration) => value.toString());
}
