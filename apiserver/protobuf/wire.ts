/** One field of a protobuf message as it is on the wire. */
export interface WireField {
  readonly number: number;
  readonly value: bigint | Buffer;
}

// It keeps nothing between texts, and making one costs more than reading a short text.
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Splits a message into its fields. Throws a plain Error for anything that is not well-formed. */
export function readFields(bytes: Buffer): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("protobuf: unexpected end of input");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error("protobuf: a varint is too long");
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new Error("protobuf: unexpected end of input");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    if (number === 0) throw new Error("protobuf: illegal tag 0");
    const wireType = tag & 7;
    if (wireType === 0) fields.push({ number, value: varint() });
    else if (wireType === 2) fields.push({ number, value: take(Number(varint())) });
    else if (wireType === 1) fields.push({ number, value: take(8) });
    else if (wireType === 5) fields.push({ number, value: take(4) });
    else throw new Error(`protobuf: wire type ${wireType} is not known`);
  }
  return fields;
}

export function toText(value: bigint | Buffer): string {
  if (!Buffer.isBuffer(value)) throw new Error("protobuf: a text field is not length-delimited");
  return utf8.decode(value);
}

export function toBytes(value: bigint | Buffer): Buffer {
  if (!Buffer.isBuffer(value)) throw new Error("protobuf: a field is not length-delimited");
  return value;
}

/** A signed integer of at most 64 bits. */
export function toInteger(value: bigint | Buffer): number {
  if (Buffer.isBuffer(value)) throw new Error("protobuf: an integer field is length-delimited");
  return Number(BigInt.asIntN(64, value));
}
