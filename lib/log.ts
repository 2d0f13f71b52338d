import { pino } from "pino";

/** Structured log lines. Message first, facts after; never a secret, a prompt or a tool's output among the facts. */
export interface Log {
  debug(message: string, facts?: Readonly<Record<string, unknown>>): void;
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** A log whose every line carries these facts too. */
  with(facts: Readonly<Record<string, unknown>>): Log;
}

// A second wall behind "never log a secret": our own tokens are recognisable, and headers have known names.
const secretPattern = /\b(rst_|rsw_|rsb_|rso_|rosteruser_|sk-|whsec_)[A-Za-z0-9_-]{8,}/g;
const redactedPaths = ["authorization", "token", "secret", "password", "apiKey", "*.authorization", "*.token"];

/** Replaces anything that looks like one of our tokens or a well-known key. */
export function redact(text: string): string {
  return text.replace(secretPattern, "$1…");
}

/** Opens a JSON-lines log on a file descriptor or file path (2 is stderr). */
export function openLog(
  options: { readonly level?: string; readonly to?: number | string; readonly name?: string } = {},
): Log {
  const logger = pino(
    {
      level: options.level ?? "info",
      base: options.name ? { name: options.name } : {},
      redact: { paths: redactedPaths, censor: "…" },
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map((arg) => (typeof arg === "string" ? redact(arg) : arg)) as typeof args);
        },
      },
    },
    pino.destination({ dest: options.to ?? 2, sync: true, mkdir: true }),
  );
  return wrap(logger);
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (message, facts) => logger.debug(facts ?? {}, message),
    info: (message, facts) => logger.info(facts ?? {}, message),
    warn: (message, facts) => logger.warn(facts ?? {}, message),
    error: (message, facts) => logger.error(facts ?? {}, message),
    with: (facts) => wrap(logger.child(facts)),
  };
}

/** Says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => silentLog };
