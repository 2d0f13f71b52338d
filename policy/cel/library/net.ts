import type { Environment } from "@marcbachmann/cel-js";
import { addressProblem } from "./address-problem.ts";

/** An address as a number with its family; IPv4 in IPv6 notation, zones and leading zeros are refused, as in Kubernetes. */
export class Ip {
  readonly value: bigint;
  readonly family: 4 | 6;
  constructor(value: bigint, family: 4 | 6) {
    this.value = value;
    this.family = family;
  }
  toString(): string {
    return this.family === 4 ? v4Text(this.value) : v6Text(this.value);
  }
}

export class Cidr {
  readonly ip: Ip;
  readonly prefix: number;
  constructor(ip: Ip, prefix: number) {
    this.ip = ip;
    this.prefix = prefix;
  }
  toString(): string {
    return `${this.ip}/${this.prefix}`;
  }
}

const bits = (family: 4 | 6): number => (family === 4 ? 32 : 128);

function v4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
}

function v6Text(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  let [at, length] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && groups[j] === "0") j++;
    if (j - i > length) [at, length] = [i, j - i];
  }
  if (at < 0) return groups.join(":");
  return `${groups.slice(0, at).join(":")}::${groups.slice(at + length).join(":")}`;
}

/** Undefined for what is not an address. */
export function parseIp(text: string): Ip | undefined {
  if (text.length > 45) return undefined;
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) {
    const parts = text.split(".");
    if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part[0] === "0"))) return undefined;
    return new Ip(
      parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n),
      4,
    );
  }
  if (!text.includes(":") || !/^[0-9a-fA-F:]+$/.test(text) || text.split("::").length > 2) return undefined;
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array.from({ length: tail === undefined ? 0 : missing }, () => "0"), ...right];
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const value = groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
  return value >> 32n === 0xffffn ? undefined : new Ip(value, 6);
}

/** Undefined for what is not an address with a prefix length. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", prefix = "", more] = text.split("/");
  const ip = parseIp(address);
  if (!ip || more !== undefined || !/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits(ip.family))
    return undefined;
  return new Cidr(ip, Number(prefix));
}

function ipOf(text: string): Ip {
  const ip = parseIp(text);
  if (ip) return ip;
  const quoted = JSON.stringify(text);
  const problem = addressProblem(text);
  if (problem) throw new Error(`IP Address ${quoted} parse error during conversion from string: ${problem}`);
  if (text.includes("%")) throw new Error(`IP address ${quoted} with zone value is not allowed`);
  throw new Error(`IPv4-mapped IPv6 address ${quoted} is not allowed`);
}

function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`network address parse error during conversion from string: "${text.slice(0, 64)}"`);
  return cidr;
}

const network = (cidr: Cidr): bigint => cidr.ip.value >> BigInt(bits(cidr.ip.family) - cidr.prefix);
const containsIp = (cidr: Cidr, ip: Ip): boolean =>
  cidr.ip.family === ip.family && network(new Cidr(ip, cidr.prefix)) === network(cidr);
const containsCidr = (a: Cidr, b: Cidr): boolean => b.prefix >= a.prefix && containsIp(a, b.ip);
const within = (ip: Ip, range: string): boolean => containsIp(cidrOf(range), ip);
const isLoopback = (ip: Ip): boolean => within(ip, "127.0.0.0/8") || within(ip, "::1/128");
const isMulticast = (ip: Ip): boolean => within(ip, "224.0.0.0/4") || within(ip, "ff00::/8");
const isLinkLocal = (ip: Ip): boolean => within(ip, "169.254.0.0/16") || within(ip, "fe80::/10");

/** Kubernetes' IP and CIDR libraries (1.30). */
export function addNet(env: Environment): void {
  const [ip, cidr] = ["net.IP", "net.CIDR"];
  env.registerType(ip, Ip as never);
  env.registerType(cidr, Cidr as never);
  class IpNamespace {}
  env.registerType("kubernetes.IpNamespace", IpNamespace as never);
  env.registerConstant("ip", "kubernetes.IpNamespace", new IpNamespace());
  env
    .registerFunction(`ip(string): ${ip}`, ipOf)
    .registerFunction("isIP(string): bool", (text: string) => parseIp(text) !== undefined)
    .registerFunction(
      "kubernetes.IpNamespace.isCanonical(string): bool",
      (_: unknown, text: string) => String(ipOf(text)) === text,
    )
    .registerFunction(`string(${ip}): string`, String)
    .registerFunction(`${ip}.family(): int`, (a: Ip) => BigInt(a.family))
    .registerFunction(`${ip}.isUnspecified(): bool`, (a: Ip) => a.value === 0n)
    .registerFunction(`${ip}.isLoopback(): bool`, isLoopback)
    .registerFunction(
      `${ip}.isLinkLocalMulticast(): bool`,
      (a: Ip) => within(a, "224.0.0.0/24") || within(a, "ff02::/16"),
    )
    .registerFunction(`${ip}.isLinkLocalUnicast(): bool`, isLinkLocal)
    .registerFunction(
      `${ip}.isGlobalUnicast(): bool`,
      (a: Ip) =>
        a.value !== 0n && !isLoopback(a) && !isMulticast(a) && !isLinkLocal(a) && String(a) !== "255.255.255.255",
    )
    .registerOperator(`${ip} == ${ip}`, (a: Ip, b: Ip) => a.family === b.family && a.value === b.value)
    .registerFunction(`cidr(string): ${cidr}`, cidrOf)
    .registerFunction("isCIDR(string): bool", (text: string) => parseCidr(text) !== undefined)
    .registerFunction(`string(${cidr}): string`, String)
    .registerFunction(`${cidr}.containsIP(${ip}): bool`, containsIp)
    .registerFunction(`${cidr}.containsIP(string): bool`, (a: Cidr, text: string) => containsIp(a, ipOf(text)))
    .registerFunction(`${cidr}.containsCIDR(${cidr}): bool`, containsCidr)
    .registerFunction(`${cidr}.containsCIDR(string): bool`, (a: Cidr, text: string) => containsCidr(a, cidrOf(text)))
    .registerFunction(`${cidr}.ip(): ${ip}`, (a: Cidr) => a.ip)
    .registerFunction(`${cidr}.masked(): ${cidr}`, (a: Cidr) => {
      const shift = BigInt(bits(a.ip.family) - a.prefix);
      return new Cidr(new Ip((a.ip.value >> shift) << shift, a.ip.family), a.prefix);
    })
    .registerFunction(`${cidr}.prefixLength(): int`, (a: Cidr) => BigInt(a.prefix))
    .registerOperator(`${cidr} == ${cidr}`, (a: Cidr, b: Cidr) => String(a) === String(b));
}
