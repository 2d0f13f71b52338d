const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

// As a cluster writes it, on a day that every month has: nothing to change.
const surely = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/**
 * A time as a cluster writes it, in UTC: whole seconds, or six digits of a second where `micro` says so. What is no
 * time stays as it is, for validation to refuse.
 */
export function goTime(text: string, micro = false): string {
  if (!micro && surely.test(text)) return text;
  const [, fraction = ""] = text.match(rfc3339) ?? [];
  const at = Date.parse(text);
  if (!rfc3339.test(text) || Number.isNaN(at)) return text;
  const seconds = new Date(at).toISOString().slice(0, 19);
  return micro ? `${seconds}.${fraction.slice(1, 7).padEnd(6, "0")}Z` : `${seconds}Z`;
}

/** The complaint of Go's time.Parse about what is no RFC 3339 time; a MicroTime has exactly six digits of a second. */
export function badTime(text: string, micro: boolean): string | undefined {
  const layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
  const match = text.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
  const complaint = (rest: string, part: string) =>
    `parsing time ${JSON.stringify(text)} as "${layout}": cannot parse ${JSON.stringify(rest)} as "${part}"`;
  if (!match || Number.isNaN(Date.parse(text))) return complaint(text, "2006");
  const [, fraction = "", zone = ""] = match;
  return micro && fraction.length !== 7 ? complaint(fraction + zone, ".000000") : undefined;
}
