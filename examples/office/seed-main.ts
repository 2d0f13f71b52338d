import process from "node:process";
import { parseArgs } from "node:util";
import { systemClock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/problem.ts";
import { seedOffice } from "./seed.ts";

const { values } = parseArgs({ options: { root: { type: "string" }, now: { type: "string" } } });
const now = values.now === undefined ? systemClock.now() : Date.parse(values.now);

if (values.root === undefined || Number.isNaN(now)) {
  process.stderr.write("usage: node examples/office/seed-main.ts --root DIR [--now 2026-01-05T08:00:00Z]\n");
  process.exitCode = 2;
} else {
  try {
    process.stdout.write(`${JSON.stringify(await seedOffice({ root: values.root, now }))}\n`);
  } catch (thrown) {
    process.stderr.write(`office: ${messageOf(thrown)}\n`);
    process.exitCode = 1;
  }
}
