import type { Environment } from "@marcbachmann/cel-js";

// semver.org's own expression, linear in JavaScript too (no nested quantifiers over one class).
const pattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

export class Semver {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    this.numbers = numbers;
    this.pre = pre;
  }
}

function parse(text: string): Semver | undefined {
  const found = text.length <= 256 ? pattern.exec(text) : null;
  if (!found) return undefined;
  return new Semver([BigInt(found[1]!), BigInt(found[2]!), BigInt(found[3]!)], found[4]?.split(".") ?? []);
}

/** Drops a `v`, leading zeros, and fills up missing numbers, as the server's `normalize` argument does. */
function normalized(text: string): string {
  const [core = "", ...rest] = text.replace(/^v/, "").split(/(?=[-+])/);
  const numbers = core.split(".").map((part) => part.replace(/^0+(?=\d)/, ""));
  while (numbers.length < 3) numbers.push("0");
  return numbers.join(".") + rest.join("");
}

/** Semantic versioning's precedence: -1, 0 or 1. */
function compare(a: Semver, b: Semver): bigint {
  for (let i = 0; i < 3; i++) if (a.numbers[i] !== b.numbers[i]) return a.numbers[i]! < b.numbers[i]! ? -1n : 1n;
  if (a.pre.length === 0 || b.pre.length === 0) return BigInt(Math.sign(b.pre.length - a.pre.length));
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i++) {
    const [x, y] = [a.pre[i], b.pre[i]];
    if (x === y) continue;
    if (x === undefined || y === undefined) return x === undefined ? -1n : 1n;
    const [nx, ny] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (nx && ny) return BigInt(x) < BigInt(y) ? -1n : 1n;
    if (nx !== ny) return nx ? -1n : 1n;
    return x < y ? -1n : 1n;
  }
  return 0n;
}

function required(text: string, normalize = false): Semver {
  const parsed = parse(normalize ? normalized(text) : text);
  if (!parsed) throw new Error(`parse error: "${text.slice(0, 64)}" is not a semantic version`);
  return parsed;
}

/** Kubernetes' semver library (1.33). */
export function addSemver(env: Environment): void {
  const type = "kubernetes.Semver";
  env.registerType(type, Semver as never);
  env
    .registerFunction(`semver(string): ${type}`, (text: string) => required(text))
    .registerFunction(`semver(string, bool): ${type}`, required)
    .registerFunction("isSemver(string): bool", (text: string) => parse(text) !== undefined)
    .registerFunction("isSemver(string, bool): bool", (text: string, normalize: boolean) =>
      Boolean(parse(normalize ? normalized(text) : text)),
    )
    .registerFunction(`${type}.major(): int`, (a: Semver) => a.numbers[0])
    .registerFunction(`${type}.minor(): int`, (a: Semver) => a.numbers[1])
    .registerFunction(`${type}.patch(): int`, (a: Semver) => a.numbers[2])
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) < 0n)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) > 0n)
    .registerFunction(`${type}.compareTo(${type}): int`, compare)
    .registerOperator(`${type} == ${type}`, (a: Semver, b: Semver) => compare(a, b) === 0n);
}
