import { expect, it } from "vitest";
import { base32, newId, newToken, sha256, shortId } from "./ids.ts";

it("base32 agrees with RFC 4648's test vectors, in lower case without padding", () => {
  const vectors = {
    "": "",
    f: "my",
    fo: "mzxq",
    foo: "mzxw6",
    foob: "mzxw6yq",
    fooba: "mzxw6ytb",
    foobar: "mzxw6ytboi",
  };
  for (const [text, want] of Object.entries(vectors)) expect(base32(Buffer.from(text))).toBe(want);
});

it("newId is a version 7 UUID whose order is the order of time", () => {
  const ids = [1, 1_000, 1_800_000_000_000].map((now) => newId(now));
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect([...ids].sort()).toEqual(ids);
});

it("shortId is ten characters that a Kubernetes name may hold, the same for the same row", () => {
  const id = newId(5);
  expect(shortId(id)).toMatch(/^[a-z2-7]{10}$/);
  expect(shortId(id)).toBe(shortId(id));
});

it("newToken gives 256 random bits and only the hash that is stored", () => {
  const { token, hash } = newToken();
  expect(token).toMatch(/^rst_[A-Za-z0-9_-]{43}$/);
  expect(hash).toBe(sha256(token));
});
