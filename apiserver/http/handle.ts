import type { IncomingMessage, ServerResponse } from "node:http";
import type { Authenticator } from "../auth/authenticate.ts";
import { authorize } from "../auth/authorize.ts";
import { impersonate } from "../auth/impersonate.ts";
import type { Api, Call } from "../rest/api.ts";
import { nonResource } from "../rest/non-resource.ts";
import { resource } from "../rest/resource.ts";
import { checkTimeout, type Query, readQuery } from "./query.ts";
import { readRequest } from "./request-info.ts";
import { sendFailure, sendText, setWarnings } from "./respond.ts";
import { badRequest, isUnexpected } from "./status.ts";

export interface HandlerPorts {
  readonly api: Api;
  readonly authenticator: Authenticator;
  /** Answers reviews and tokens: kinds that are not stored. */
  readonly review: (api: Api, call: Call) => Promise<boolean>;
  /** Where clients reach this server; known once it listens. */
  readonly address: () => string;
}

/** What every request goes through: who is it, for whom does it act, may it, and only then what it asks. */
export function requestHandler(ports: HandlerPorts): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    // A client that goes away in the middle is its own affair.
    request.on("error", () => {});
    response.on("error", () => {});
    handle(ports, request, response).catch((error: unknown) => {
      if (response.destroyed) return;
      const status = sendFailure(request, response, error);
      if (!isUnexpected(error)) return;
      const { method, url } = request;
      const path = url?.split("?")[0];
      ports.api.log.error("a request failed unexpectedly", {
        method,
        path,
        message: status.message,
        stack: (error as Error).stack,
      });
    });
  };
}

async function handle(ports: HandlerPorts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { api } = ports;
  const url = readUrl(request.url ?? "/");
  if (!url) return sendText(response, 400, "400 Bad Request");
  const { path, query, malformed } = url;
  const info = readRequest(request.method ?? "GET", path, query);
  if (info.verb !== "watch") checkTimeout(query);
  const warnings: string[] = [];
  try {
    const caller = ports.authenticator.authenticate(request, warnings);
    // Also for those who answer without a word of their own.
    setWarnings(response, warnings);
    const call = permitted(api, { request, response, info, query, user: caller, warnings });
    // A cluster goes on without it: a deletion without its selector, a trial run in earnest.
    if (malformed !== undefined && !reads.has(info.verb)) throw badRequest(`the query cannot be read: ${malformed}`);
    if (!info.isResource) return await nonResource(api, call, ports.address());
    if (await ports.review(api, call)) return;
    await resource(api, call);
  } catch (error) {
    // What was warned of before a refusal reaches the client with it.
    if (!response.headersSent) setWarnings(response, warnings);
    throw error;
  }
}

/** The call as whom it acts for, if that one may make it. Throws 400 and 403. */
function permitted(api: Api, call: Call): Call {
  try {
    const acting = { ...call, user: impersonate(api, call.request, call.info, call.query, call.user) };
    authorize(api, acting);
    return acting;
  } catch (error) {
    // Such a refusal repeats what the client sent.
    call.response.setHeader("X-Content-Type-Options", "nosniff");
    throw error;
  }
}

// What only reads is harmed by nothing that its query leaves out.
const reads: ReadonlySet<string> = new Set(["get", "head", "list", "watch"]);

/** The path is decoded as a whole before it is split, as Go does: an escaped slash parts names too. */
function readUrl(text: string): (Query & { readonly path: string }) | undefined {
  const at = text.indexOf("?");
  const path = at < 0 ? text : text.slice(0, at);
  if (!path.startsWith("/")) return undefined;
  try {
    return { path: decodeURIComponent(path), ...readQuery(text.slice(path.length + 1)) };
  } catch {
    return undefined;
  }
}
