import type { Environment } from "@marcbachmann/cel-js";

const pattern = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,4}|)$/;
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const nano = 10n ** 9n;
const maxInt = 2n ** 63n - 1n;

/** `resource.Quantity`: an exact number of nano-units, which is the finest that Kubernetes keeps. */
export class Quantity {
  readonly nanos: bigint;
  /** The power of ten that Go counts in; undefined where it left its fast form, which it never calls an integer. */
  readonly scale: number | undefined;
  readonly #text: string;
  constructor(nanos: bigint, text: string, scale: number | undefined) {
    this.nanos = nanos;
    this.scale = scale;
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** Reads `1.5Gi`, `100m`, `1e3`; undefined for anything else. Finer than a nano-unit is rounded up, as the server does. */
export function parseQuantity(text: string): Quantity | undefined {
  const found = text.length <= 100 ? pattern.exec(text) : null;
  if (!found) return undefined;
  const [, sign, number, suffix] = found as unknown as [string, string, string, string];
  const [whole = "", fraction = ""] = number.split(".");
  let value = BigInt(`${whole}${fraction}` || "0") * nano;
  let exponent = -fraction.length;
  if (suffix in binary) value <<= binary[suffix]!;
  else exponent += suffix in decimal ? decimal[suffix]! : Number(suffix.slice(1));
  if (exponent > 100) return undefined;
  if (exponent >= 0) value *= 10n ** BigInt(exponent);
  else {
    const unit = 10n ** BigInt(-exponent);
    value = (value + unit - 1n) / unit;
  }
  return new Quantity(sign === "-" ? -value : value, text, scaleOf(whole, fraction, suffix));
}

const digitsAtHand = 18;

/** Go keeps short decimals as a count of a power of ten, and whole binary ones of few digits as a count of ones. */
function scaleOf(whole: string, fraction: string, suffix: string): number | undefined {
  const digits = whole.replace(/^0+(?=.)/, "").length || 1;
  if (suffix in binary) {
    const precision = 15 - digits - Math.floor((Number(binary[suffix]) * 3) / 10) - 1;
    return fraction === "" && precision >= 0 ? 0 : undefined;
  }
  const exponent = suffix in decimal ? decimal[suffix]! : Number(suffix.slice(1));
  const scale = exponent - fraction.length;
  return digits + fraction.length <= digitsAtHand && scale >= -9 ? scale : undefined;
}

function parse(text: string): Quantity {
  const parsed = parseQuantity(text);
  if (parsed) return parsed;
  throw new Error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

const whole = (quantity: Quantity): boolean => {
  const value = quantity.nanos / nano;
  return quantity.scale !== undefined && quantity.scale >= 0 && value <= maxInt && value >= -maxInt - 1n;
};

/** Kubernetes' quantity library (1.28). */
export function addQuantity(env: Environment): void {
  const type = "kubernetes.Quantity";
  const finer = (a: Quantity, b: bigint, scale: number | undefined): number | undefined => {
    if (a.nanos === 0n || b === 0n) return a.nanos === 0n ? scale : a.scale;
    return a.scale === undefined || scale === undefined ? undefined : Math.min(a.scale, scale);
  };
  const sum = (a: Quantity, b: bigint, scale: number | undefined): Quantity =>
    new Quantity(a.nanos + b, `${(a.nanos + b) / nano}`, finer(a, b, scale));
  env.registerType(type, Quantity as never);
  env
    .registerFunction(`quantity(string): ${type}`, parse)
    .registerFunction("isQuantity(string): bool", (text: string) => parseQuantity(text) !== undefined)
    .registerFunction(`sign(${type}): int`, (a: Quantity) => (a.nanos > 0n ? 1n : a.nanos < 0n ? -1n : 0n))
    .registerFunction(`${type}.isInteger(): bool`, whole)
    .registerFunction(`${type}.asInteger(): int`, (a: Quantity) => {
      if (!whole(a)) throw new Error("cannot convert value to integer");
      return a.nanos / nano;
    })
    .registerFunction(`${type}.asApproximateFloat(): double`, (a: Quantity) => Number(a.nanos) / 1e9)
    .registerFunction(`${type}.add(${type}): ${type}`, (a: Quantity, b: Quantity) => sum(a, b.nanos, b.scale))
    .registerFunction(`${type}.add(int): ${type}`, (a: Quantity, b: bigint) => sum(a, b * nano, 0))
    .registerFunction(`${type}.sub(${type}): ${type}`, (a: Quantity, b: Quantity) => sum(a, -b.nanos, b.scale))
    .registerFunction(`${type}.sub(int): ${type}`, (a: Quantity, b: bigint) => sum(a, -b * nano, 0))
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Quantity, b: Quantity) => a.nanos < b.nanos)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Quantity, b: Quantity) => a.nanos > b.nanos)
    .registerFunction(`${type}.compareTo(${type}): int`, (a: Quantity, b: Quantity) =>
      a.nanos < b.nanos ? -1n : a.nanos > b.nanos ? 1n : 0n,
    )
    .registerOperator(`${type} == ${type}`, (a: Quantity, b: Quantity) => a.nanos === b.nanos);
}
