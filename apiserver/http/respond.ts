import type { IncomingMessage, ServerResponse } from "node:http";
import { stringify } from "yaml";
import { prefersYaml } from "./media.ts";
import { type Status, statusOf } from "./status.ts";

/** Sends JSON (or YAML where asked for). `body` may be bytes that are JSON already. Sends at most once. */
export function send(
  response: ServerResponse,
  code: number,
  body: object | Buffer,
  options: {
    readonly warnings?: readonly string[];
    readonly yaml?: boolean;
    readonly type?: string;
    /** Instead of forbidding caches to keep it. */
    readonly cache?: string;
  } = {},
): void {
  if (response.headersSent) return;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const data = options.yaml ? Buffer.from(toYaml(JSON.parse(bytes.toString()))) : bytes;
  // JSON ends in a line feed, so that a shell's prompt stands on a line of its own after `kubectl get --raw`.
  const end = options.yaml || options.type ? "" : "\n";
  setWarnings(response, options.warnings ?? []);
  response.writeHead(code, {
    "Content-Type": options.type ?? (options.yaml ? "application/yaml" : "application/json"),
    "Content-Length": data.length + end.length,
    "Cache-Control": options.cache ?? "no-cache, private",
  });
  if (response.req.method === "HEAD") return void response.end();
  // One packet for both.
  response.cork();
  response.write(data);
  response.end(end);
}

/** A value as YAML 1.1, which kubectl reads: there `yes` needs quotes. Nothing is written by reference. */
export function toYaml(value: unknown): string {
  return stringify(value, { version: "1.1", aliasDuplicateObjects: false });
}

/** Adds `Warning: 299` headers, as kubectl prints them. Long or odd texts are cut to what a header may hold. */
export function setWarnings(response: ServerResponse, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const values = [...new Set(warnings)].map((text) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters may not enter a header
    const clean = text.replace(/[\u0000-\u001f\u007f]/g, " ").slice(0, 1_000);
    const quoted = clean.replace(/["\\]/g, "\\$&");
    return `299 - "${Buffer.from(quoted, "utf8").toString("latin1")}"`;
  });
  response.setHeader("Warning", values);
}

/** Answers a failure as a Status, and closes the connection where the rest of the body was not read. */
export function sendFailure(request: IncomingMessage, response: ServerResponse, thrown: unknown): Status {
  const status = statusOf(thrown);
  const code = status.code ?? 500;
  if (code === 413 || !request.complete) response.shouldKeepAlive = false;
  const wait = status.details?.retryAfterSeconds;
  if (wait && !response.headersSent) response.setHeader("Retry-After", String(wait));
  if (response.headersSent) response.destroy();
  else send(response, code, status, { yaml: prefersYaml(request.headers.accept) });
  return status;
}

/** Answers plain text. */
export function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache, private",
  });
  response.end(response.req.method === "HEAD" ? undefined : text);
}
