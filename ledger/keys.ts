import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { problem } from "../api/reasons.ts";
import type { Db, Tx } from "./sql.ts";

/** Encrypts with AES-256-GCM: nonce, tag, cipher text. `context` is authenticated, so a row cannot be moved to another. */
export function seal(key: Buffer | KeyObject, plain: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** Decrypts what `seal` made. Throws a plain Error where key, context or bytes are not the same. */
export function unseal(key: Buffer | KeyObject, sealed: Uint8Array, context: string): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
}

/** Reads the master key, 32 bytes, or makes it with mode 0600. Throws InvalidKey where the file holds something else. */
export function openMasterKey(file: string): Buffer {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    // "wx": of two processes that start together one makes it and both read it.
    try {
      writeFileSync(file, randomBytes(32), { mode: 0o600, flag: "wx" });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    }
  }
  const key = readFileSync(file);
  if (key.length !== 32) throw problem("InvalidKey", `the key file "${file}" holds ${key.length} bytes instead of 32`);
  return key;
}

const cached = 10_000;

/** The keys of content: one per binding, wrapped by the master key. */
export class Keys {
  readonly #master: KeyObject;
  readonly #db: Db;
  readonly #known = new Map<string, Buffer>();

  constructor(master: Buffer, db: Db) {
    // Node prepares it once, and no longer for each row.
    this.#master = createSecretKey(master);
    this.#db = db;
  }

  /** A value that only this master key gives, to notice a wrong one. */
  check(): string {
    return createHmac("sha256", this.#master).update("roster ledger").digest("hex");
  }

  sealMaster(plain: string, context: string): Buffer {
    return seal(this.#master, Buffer.from(plain), context);
  }

  unsealMaster(sealed: Uint8Array, context: string): string {
    return unseal(this.#master, sealed, context).toString("utf8");
  }

  /** Makes the keys of those bindings that have none. */
  async ensure(tx: Tx, bindingUids: readonly string[]): Promise<void> {
    await tx.query(
      `insert into content_keys (binding_uid, wrapped)
       select * from unnest($1::text[], $2::bytea[]) on conflict do nothing`,
      [bindingUids, bindingUids.map((uid) => this.wrapNew(uid))],
    );
  }

  /** A new key for a binding, as it is stored. */
  wrapNew(bindingUid: string): Buffer {
    return seal(this.#master, randomBytes(32), bindingUid);
  }

  /** The key of a binding; undefined once it was destroyed (erasure) or never made. */
  async find(bindingUid: string): Promise<Buffer | undefined> {
    const known = this.#known.get(bindingUid);
    if (known) return known;
    const key = (await this.findAll([bindingUid])).get(bindingUid);
    if (key === undefined) return undefined;
    if (this.#known.size >= cached) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(bindingUid, key);
    return key;
  }

  /** The keys of many, of those that have one. For work that is done once: nothing of it is remembered. */
  async findAll(bindingUids: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    const rows = await this.#db.query<{ binding_uid: string; wrapped: Buffer }>(
      "select binding_uid, wrapped from content_keys where binding_uid = any ($1)",
      [bindingUids],
    );
    return new Map(rows.map((row) => [row.binding_uid, unseal(this.#master, row.wrapped, row.binding_uid)]));
  }

  async get(bindingUid: string): Promise<Buffer> {
    const key = await this.find(bindingUid);
    if (!key) throw problem("Revoked", `the content of binding ${bindingUid} was erased`);
    return key;
  }
}
