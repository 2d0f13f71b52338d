const known = new Set<string>();

/**
 * Whether a name is an IANA zone. Postgres also takes abbreviations and POSIX rules, which mean something else than they
 * seem to. Remembered, because asking makes an object of some kilobytes; there are some hundreds of zones.
 */
export function isTimeZone(name: string): boolean {
  if (known.has(name)) return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
  } catch {
    return false;
  }
  known.add(name);
  return true;
}
