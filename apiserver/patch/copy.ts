/** A deep copy of a JSON value; scalars as they are. */
export function copyOf<T>(value: T): T {
  return typeof value === "object" && value !== null ? structuredClone(value) : value;
}
