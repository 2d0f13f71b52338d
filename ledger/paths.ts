import { createHash } from "node:crypto";

/** The accounts a hold goes through, in id order, and the number that stands for the list: 63 bits of its hash. */
export function pathOf(accounts: readonly bigint[]): { readonly id: bigint; readonly accounts: readonly bigint[] } {
  const sorted = [...new Set(accounts)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const hash = createHash("sha256").update(sorted.join(",")).digest();
  return { id: hash.readBigUInt64BE(0) >> 1n, accounts: sorted };
}
