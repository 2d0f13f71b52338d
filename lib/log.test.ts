import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { newToken } from "./ids.ts";
import { openLog } from "./log.ts";

it("keeps tokens out of the log, in messages and in facts", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "roster-log-"));
  const file = path.join(folder, "log");
  const { token } = newToken();
  const log = openLog({ to: file, level: "debug" });
  log.info(`called with ${token}`, { token, nested: { authorization: `Bearer ${token}` } });
  log.with({ run: "r1" }).error("failed", { token });
  const written = readFileSync(file, "utf8");
  rmSync(folder, { recursive: true });
  expect(written).not.toContain(token);
  expect(
    written
      .split("\n")
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { level: string }).level),
  ).toEqual(["info", "error"]);
});
