import process from "node:process";
import { parseArgs } from "node:util";
import { systemClock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/problem.ts";
import { seedOffice } from "./seed.ts";

// Writes the demo's offices below --root, dated around now, and prints their entries for a users file (without tokens).
try {
  const { values } = parseArgs({ options: { root: { type: "string" } } });
  if (values.root === undefined) throw new Error("usage: node examples/office/seed-main.ts --root DIR");
  const entries = await seedOffice({ root: values.root, now: systemClock.now() });
  process.stdout.write(`${JSON.stringify(entries)}\n`);
} catch (thrown) {
  process.stderr.write(`office: ${messageOf(thrown)}\n`);
  process.exitCode = 1;
}
