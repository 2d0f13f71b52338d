import { goSyntaxError } from "../http/json-body.ts";
import { badRequest } from "../http/status.ts";

const version = "meta.k8s.io/v1";

/** Where a list goes on: after a key, at the revision of its first page (-1: at the current one). */
export interface Continue {
  readonly rv: number;
  readonly after: string;
}

/** The `continue` token of a page. */
export function encodeContinue({ rv, after }: Continue): string {
  return Buffer.from(JSON.stringify({ v: version, rv, start: `${after}\0` })).toString("base64url");
}

/** Reads a token back. Throws 400 in Kubernetes' words for what is none. */
export function decodeContinue(text: string): Continue {
  const { v, rv, start } = parse(text);
  if (v !== version) throw invalid(`server does not recognize this encoded version ${String(v ?? "")}`);
  if (typeof rv !== "number" || rv === 0) throw invalid(`incorrect encoded start resourceVersion (version ${version})`);
  if (typeof start !== "string" || start === "") throw invalid(`encoded start key empty (version ${version})`);
  return { rv, after: start.replace(/\0$/, "") };
}

function parse(text: string): { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown } {
  const bad = text.search(/[^A-Za-z0-9_-]/);
  // What is left of a group of four must be at least two characters.
  const at = bad >= 0 ? bad : text.length % 4 === 1 ? text.length - 1 : -1;
  if (at >= 0) throw invalid(`illegal base64 data at input byte ${at}`);
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString()) as object;
  } catch (error) {
    throw invalid(goSyntaxError(error));
  }
}

function invalid(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
