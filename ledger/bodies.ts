import { createHmac } from "node:crypto";
import { isObject, type Json } from "../lib/json.ts";
import { seal, unseal } from "./keys.ts";
import type { Db, Tx } from "./sql.ts";

/** One stored piece of a body. */
export interface Blob {
  readonly id: Buffer;
  readonly sealed: Buffer;
}

const plainBody = 0;
const partedBody = 1;
const contextOf = (bindingUid: string, id: Buffer) => `blob/${bindingUid}/${id.toString("hex")}`;

/**
 * Seals a body into blobs, each message of a chat request as one of its own: a transcript that grows by one message
 * stores one message. Ids are keyed hashes of the plain text, so equal pieces of a binding are stored once and nobody
 * without the key can test for a guess. `known` tells which ids are stored already and need not be sealed again.
 */
export function sealBody(
  key: Buffer,
  bindingUid: string,
  value: Json,
  known: (id: string) => boolean,
): { readonly root: Buffer; readonly blobs: readonly Blob[] } {
  const blobs = new Map<string, Blob>();
  const add = (kind: number, text: string): Buffer => {
    const plain = Buffer.concat([Buffer.from([kind]), Buffer.from(text)]);
    const id = createHmac("sha256", key).update(plain).digest();
    const name = `${bindingUid}/${id.toString("base64")}`;
    if (!blobs.has(name) && !known(name)) blobs.set(name, { id, sealed: seal(key, plain, contextOf(bindingUid, id)) });
    return id;
  };
  if (!isObject(value) || !Array.isArray(value.messages))
    return { root: add(plainBody, JSON.stringify(value)), blobs: [...blobs.values()] };
  const { messages, ...rest } = value;
  const refs = (messages as readonly Json[]).map((message) =>
    add(plainBody, JSON.stringify(message)).toString("base64"),
  );
  // Where the messages stood among the members matters to nobody: JSON members have no order.
  const root = add(partedBody, JSON.stringify({ refs, rest }));
  return { root, blobs: [...blobs.values()] };
}

/** Reads a body back. Throws where a piece is missing or was altered. */
export async function openBody(db: Db, key: Buffer, bindingUid: string, root: Buffer): Promise<Json> {
  return db.tx((tx) => readBody(tx, key, bindingUid, root), { content: [bindingUid] });
}

/** The same inside a transaction that names the binding. */
export async function readBody(tx: Tx, key: Buffer, bindingUid: string, root: Buffer): Promise<Json> {
  const read = async (ids: readonly Buffer[]): Promise<ReadonlyMap<string, Buffer>> => {
    const rows = await tx.query<{ id: Buffer; sealed: Buffer }>(
      "select id, sealed from blobs where binding_uid = $1 and id = any ($2)",
      [bindingUid, ids],
    );
    return new Map(
      rows.map((row) => [row.id.toString("base64"), unseal(key, row.sealed, contextOf(bindingUid, row.id))]),
    );
  };
  const plain = (await read([root])).get(root.toString("base64"));
  if (!plain) throw new Error("a recorded body is missing");
  if (plain[0] === plainBody) return JSON.parse(plain.subarray(1).toString()) as Json;
  const { refs, rest } = JSON.parse(plain.subarray(1).toString()) as {
    refs: readonly string[];
    rest: Record<string, Json>;
  };
  const pieces = await read(refs.map((ref) => Buffer.from(ref, "base64")));
  const messages = refs.map((ref) => JSON.parse(pieces.get(ref)!.subarray(1).toString()) as Json);
  return { ...rest, messages };
}
