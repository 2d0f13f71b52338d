/**
 * The one error class. `reason` is a key of the table in `api/reasons.ts`, which says what a caller does about it;
 * `message` is one line, generic to specific, values quoted, without secrets, times or random ids.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly reason: string;
  /** Facts for machine readers (field, limit, file, line). Never a secret, never a body. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(reason: string, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.details = options.details ?? {};
  }
}

/** The message of anything thrown, on one line. */
export function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return text.replace(/\s*\n\s*/g, " ");
}

/** Makes "this cannot happen" a compile error when a union grows. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
