import { describe, expect, it } from "vitest";
import { decodeProtobuf } from "./decode.ts";

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
const text = (number: number, value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
};
const int = (number: number, value: number): Buffer => Buffer.from([number << 3, value]);
const envelope = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  Buffer.concat([Buffer.from("k8s\0"), text(1, Buffer.concat([text(1, apiVersion), text(2, kind)])), text(2, raw)]);
const decode = (...parts: Parameters<typeof envelope>) => decodeProtobuf(envelope(...parts)).value;

describe("protobuf bodies become what JSON would have given", () => {
  it("a ConfigMap with its metadata and maps; empty system fields are absent", () => {
    const metadata = Buffer.concat([
      text(1, "c"),
      text(3, ""),
      text(8, ""),
      text(11, Buffer.concat([text(1, "k"), text(2, "v")])),
    ]);
    const entry = (key: string, value: string) => text(2, Buffer.concat([text(1, key), text(2, value)]));
    expect(decode("v1", "ConfigMap", Buffer.concat([text(1, metadata), entry("a", "b"), entry("empty", "")]))).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c", labels: { k: "v" } },
      data: { a: "b", empty: "" },
    });
  });

  it("a hundred thousand entries and items, one of them called __proto__", () => {
    const entry = (key: string) => text(2, Buffer.concat([text(1, key), text(2, "v")]));
    const keys = ["__proto__", ...Array.from({ length: 100_000 }, (_, i) => `k${i}`)];
    const found = decode("v1", "ConfigMap", Buffer.concat(keys.map(entry))) as { data: object };
    expect(Object.keys(found.data)).toEqual(keys);
    const finalizer = text(14, "example.com/f");
    const metadata = text(1, Buffer.concat(Array.from({ length: 100_000 }, () => finalizer)));
    const listed = decode("v1", "ConfigMap", metadata) as { metadata: { finalizers: string[] } };
    expect(listed.metadata.finalizers).toHaveLength(100_000);
  });

  it("bytes as base64, and a boolean that was set to false on purpose", () => {
    const entry = text(2, Buffer.concat([text(1, "p"), text(2, Buffer.from([0xff]))]));
    expect(decode("v1", "Secret", Buffer.concat([entry, int(5, 0), text(3, "Opaque")]))).toMatchObject({
      data: { p: "/w==" },
      immutable: false,
      type: "Opaque",
    });
  });

  it("times, lists with empty items, and options under any group", () => {
    const time = Buffer.concat([Buffer.from([0x08]), Buffer.from([0x80, 0xa8, 0xd6, 0xb9, 0x06])]);
    const metadata = text(1, Buffer.concat([text(1, "x"), text(8, time)]));
    expect(decode("v1", "Namespace", metadata)).toMatchObject({
      metadata: { creationTimestamp: "2024-11-14T06:09:04Z" },
    });
    const rule = text(2, Buffer.concat([text(1, "get"), text(2, ""), text(3, "secrets")]));
    expect(decode("rbac.authorization.k8s.io/v1", "Role", rule)).toMatchObject({
      rules: [{ verbs: ["get"], apiGroups: [""], resources: ["secrets"] }],
    });
    expect(decode("example.com/v1", "DeleteOptions", text(4, "Foreground"))).toMatchObject({
      propagationPolicy: "Foreground",
    });
  });

  it("a schema of a definition: bounds of zero, any JSON, a schema or a flag", () => {
    const zero = Buffer.concat([Buffer.from([(11 << 3) | 1]), Buffer.alloc(8)]);
    const count = Buffer.concat([text(5, "integer"), zero, text(8, text(1, "4"))]);
    const map = Buffer.concat([text(5, "object"), text(30, Buffer.concat([int(1, 1), text(2, text(5, "string"))]))]);
    const open = Buffer.concat([text(5, "object"), text(30, int(1, 1))]);
    const property = (name: string, schema: Buffer) => text(29, Buffer.concat([text(1, name), text(2, schema)]));
    const list = Buffer.concat([text(5, "array"), text(24, text(1, text(5, "string")))]);
    const properties = [property("count", count), property("map", map), property("open", open), property("list", list)];
    const version = Buffer.concat([text(1, "v1"), int(2, 0), int(3, 1), text(4, text(1, Buffer.concat(properties)))]);
    const found = decode("apiextensions.k8s.io/v1", "CustomResourceDefinition", text(2, text(7, version)));
    expect(found).toMatchObject({
      spec: {
        versions: [
          {
            name: "v1",
            served: false,
            storage: true,
            schema: {
              openAPIV3Schema: {
                properties: {
                  count: { type: "integer", minimum: 0, default: 4 },
                  map: { type: "object", additionalProperties: { type: "string" } },
                  open: { type: "object", additionalProperties: true },
                  list: { type: "array", items: { type: "string" } },
                },
              },
            },
          },
        ],
      },
    });
  });

  it("refuses kinds that it has no table for, and bytes that end early", () => {
    expect(() => decode("apps/v1", "Deployment", Buffer.alloc(0))).toThrow(/not read from protobuf/);
    expect(() => decode("v1", "ConfigMap", Buffer.from([0x0a, 0x50, 0x01]))).toThrow(/unexpected end of input/);
    expect(() => decodeProtobuf(Buffer.from("{}"))).toThrow(/expected prefix/);
  });
});
