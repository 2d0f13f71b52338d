import { BlockList, isIP } from "node:net";

// IANA special-purpose registries: whatever is not a public unicast address. 169.254.169.254 (cloud metadata) is among
// the link-local ones; the IPv6 ranges that embed an IPv4 address are refused whole, not decoded.
// Two lists: in one, Node reads an IPv4 address as its IPv6 form too, and the mapped range would refuse them all.
const special = { 4: new BlockList(), 6: new BlockList() };
const v4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;
const v6 = [
  ["::", 96],
  ["::ffff:0:0", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const;
for (const [net, prefix] of v4) special[4].addSubnet(net, prefix, "ipv4");
for (const [net, prefix] of v6) special[6].addSubnet(net, prefix, "ipv6");

/** True for an address on the public internet; false for private, local, metadata and reserved ones, and non-addresses. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special[4].check(address, "ipv4");
  return family === 6 && !special[6].check(address, "ipv6");
}
