import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { healthOf } from "../rest/non-resource.ts";
import { type Batch, openDatabase } from "./database.ts";
import { LogWriter } from "./log-writer.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roster-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const batch = (revision: number, bucket: unknown = "things"): Batch => ({
  rows: [{ revision, bucket: bucket as string, key: "a", deleted: 0, at: 0, body: Buffer.from("{}") }],
  forget: [],
  compacted: 0,
});

describe("the log's writer", () => {
  it("gives each batch its own answer also after one that could not be handed over", async () => {
    {
      await using writer = new LogWriter(folder);
      await writer.ready;
      const answers = await Promise.allSettled([
        writer.append(batch(2)),
        writer.append(batch(3, () => "a function cannot be sent to a thread")),
        writer.append(batch(4)),
        writer.append(batch(4)),
        writer.append(batch(5)),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
        "rejected",
        "fulfilled",
      ]);
      expect(writer.writable, "a refused batch is no reason to give up").toBe(true);
    }
    using database = openDatabase(folder);
    expect([...database.rows()].map(({ revision }) => revision)).toEqual([2, 4, 5]);
  });

  it("says that nothing can be written when its thread has ended", async () => {
    await using first = new LogWriter(folder);
    await first.ready;
    await using second = new LogWriter(folder);
    await expect(second.ready).rejects.toMatchObject({ reason: "KubeUnavailable" });
    await expect(second.append(batch(2))).rejects.toMatchObject({ reason: "KubeUnavailable" });
    expect([first.writable, second.writable]).toEqual([true, false]);
  });
});

describe("the health of the API server", () => {
  const failed = { code: 500, text: "[+]ping ok\n[-]storage failed: reason withheld\nreadyz check failed\n" };
  it.each([
    ["is ok in one word", "/readyz", true, false, { code: 200, text: "ok" }],
    [
      "names its checks to who asks",
      "/readyz",
      true,
      true,
      { code: 200, text: "[+]ping ok\n[+]storage ok\nreadyz check passed\n" },
    ],
    ["fails with its store", "/readyz", false, false, failed],
    ["fails with its store in as many words", "/readyz", false, true, failed],
    ["still answers a ping then", "/readyz/ping", false, false, { code: 200, text: "ok" }],
  ])("%s", (_name, path, writable, verbose, expected) => {
    expect(healthOf(path, writable, verbose)).toEqual(expected);
  });
});
