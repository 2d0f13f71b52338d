import { describe, expect, it } from "vitest";
import type { Entry, Owner } from "../store/entry.ts";
import { OwnerIndex } from "./owner-index.ts";

const by = (uid: string, blockOwnerDeletion?: boolean): Owner => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: uid,
  uid,
  ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }),
});
const place = (key: string) => ({ bucket: "things", key });
const entry = (key: string, ...ownerReferences: readonly Owner[]): Entry => ({
  ...place(key),
  revision: 1,
  bytes: Buffer.from(JSON.stringify({ metadata: { name: key, ownerReferences } })),
});

describe("the index of owners", () => {
  it("knows an owner as held until the last dependent that blocks it has gone or let go", () => {
    const index = new OwnerIndex();
    for (const key of ["a", "b"]) index.put(place(key), entry(key, by("one", true), by("two")));
    index.put(place("c"), entry("c", by("one", false)));
    expect([index.isBlocked("one"), index.isBlocked("two")]).toEqual([true, false]);
    // The same again changes nothing.
    index.put(place("a"), entry("a", by("one", true), by("two")));
    index.put(place("a"), undefined);
    expect(index.isBlocked("one")).toBe(true);
    index.put(place("b"), entry("b", by("one"), by("two")));
    expect([index.isBlocked("one"), index.hasDependents("one")]).toEqual([false, true]);
    for (const key of ["b", "c"]) index.put(place(key), undefined);
    expect([index.hasDependents("one"), index.hasDependents("two"), index.empty]).toEqual([false, false, true]);
  });
});
