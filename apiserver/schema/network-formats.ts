/** Go's `net.ParseIP`; `sloppy` takes leading zeros in IPv4, as Kubernetes does for old objects. Zones are refused. */
export function isGoIp(text: string, sloppy: boolean): boolean {
  if (!text.includes(":")) return isIpv4(text, sloppy);
  const last = text.slice(text.lastIndexOf(":") + 1);
  if (!last.includes(".")) return isIpv6(text);
  // The last 32 bits may be written as IPv4.
  return isIpv4(last, sloppy) && isIpv6(`${text.slice(0, text.length - last.length)}0:0`);
}

function isIpv4(text: string, sloppy: boolean): boolean {
  const parts = text.split(".");
  const fits = (part: string): boolean =>
    /^\d{1,3}$/.test(part) && Number(part) <= 255 && (sloppy || part.length === 1 || part[0] !== "0");
  return parts.length === 4 && parts.every(fits);
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

/** Go's `net.ParseCIDR`, leading zeros in IPv4 allowed. */
export function isCidr(text: string): boolean {
  const at = text.indexOf("/");
  if (at < 0) return false;
  const [address, prefix] = [text.slice(0, at), text.slice(at + 1)];
  if (!/^\d{1,7}$/.test(prefix) || !isGoIp(address, true)) return false;
  return Number(prefix) <= (address.includes(":") ? 128 : 32);
}

/** Go's `net.ParseMAC`: 6, 8 or 20 bytes, by colons, by dashes, in groups of four by dots, or bare. */
export function isMac(text: string): boolean {
  const bytes = /^[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2})*)?$/.test(text)
    ? (text.length + 1) / 3
    : /^[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4})+$/.test(text)
      ? (2 * (text.length + 1)) / 5
      : /^(?:[0-9a-fA-F]{2})+$/.test(text)
        ? text.length / 2
        : 0;
  return [6, 8, 20].includes(bytes);
}
