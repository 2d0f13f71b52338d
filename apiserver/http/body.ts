import type { IncomingMessage } from "node:http";
import { decodeProtobuf } from "../protobuf/decode.ts";
import { type Decoded, goSyntaxError, readJson } from "./json-body.ts";
import { parseContentType } from "./media.ts";
import { badRequest, failure } from "./status.ts";
import { readYamlBody } from "./yaml-reader.ts";

/** The largest request body, as kube-apiserver has it. */
export const maxBodyBytes = 3_145_728;

/** Reads a whole body. Throws 413 as soon as it is too large, and 400 when the client goes away in the middle. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  // Made only when needed: an error that records its stack costs as much as reading a small body.
  const tooLarge = () => failure(413, "RequestEntityTooLarge", `Request entity too large: limit is ${maxBodyBytes}`);
  return new Promise((resolve, reject) => {
    if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) return reject(tooLarge());
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > maxBodyBytes) {
        request.removeAllListeners("data");
        request.resume();
        reject(tooLarge());
      } else parts.push(part);
    });
    request.on("end", () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)));
    request.on("error", reject);
    request.on("close", () => request.complete || reject(badRequest("the request body ended early")));
  });
}

const mediaList = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const decodable = new Set(mediaList.split(", "));

function bodyType(contentType: string | undefined): string | undefined {
  return contentType ? parseContentType(contentType) : "application/json";
}

/** A decoded body, and how it was sent. */
export interface DecodedBody extends Decoded {
  text(): string;
}

/** Refuses a body that could not be decoded, before it is read. Throws 415. */
export function checkBodyType(request: IncomingMessage): void {
  if (!decodable.has(bodyType(request.headers["content-type"]) ?? "")) throw unsupported(mediaList);
}

/** Reads and decodes the body of a write. `expected` is the kind to name in complaints. Throws 400, 413 and 415. */
export async function readDecoded(request: IncomingMessage, expected: string): Promise<DecodedBody> {
  const bytes = await readBody(request);
  const decoded = await decodeBody(bytes, request.headers["content-type"], expected);
  return { ...decoded, text: () => bytes.toString() };
}

/** Decodes the body of a write. `expected` is the kind to name in complaints. Throws 400 and 415. */
export async function decodeBody(bytes: Buffer, contentType: string | undefined, expected: string): Promise<Decoded> {
  const type = bodyType(contentType);
  try {
    if (type === "application/vnd.kubernetes.protobuf") return decodeProtobuf(bytes);
    if (type === "application/json") return readJson(toText(bytes));
    if (type === "application/yaml") return await readYamlBody(toText(bytes));
  } catch (error) {
    throw unreadable(expected, bytes, error, type === "application/yaml");
  }
  throw unsupported(mediaList);
}

/** 415, naming what would have been read. */
export function unsupported(media: string): Error {
  return failure(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${media}`,
  );
}

/**
 * The body as text, a byte order mark included. Throws 400 for invalid UTF-8: replacing it would store what nobody sent.
 */
export function toText(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw badRequest("the body of the request is not valid UTF-8");
  }
}

function unreadable(expected: string, bytes: Buffer, error: unknown, isYaml: boolean): unknown {
  if ((error as { details?: unknown }).details) return error;
  const text = `${isYaml ? "" : "couldn't get version/kind; json parse error: "}${goSyntaxError(error)}`;
  if (expected === "DeleteOptions") return badRequest(text);
  return badRequest(`the object provided is unrecognized (must be of type ${expected}): ${text} (${shown(bytes)})`);
}

/** A body in a complaint: text that looks like JSON as it is, anything else in hex; cut, since it may be large. */
export function shown(bytes: Buffer): string {
  if (bytes.length === 0) return "<empty>";
  const cut = bytes.subarray(0, 30);
  const text = bytes[0] === 0x7b ? cut.toString() : cut.toString("hex");
  return bytes.length > cut.length ? `${text} ...` : text;
}
