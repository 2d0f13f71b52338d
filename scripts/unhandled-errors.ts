import { writeFileSync } from "node:fs";
import process from "node:process";

/** Writes how many errors there were outside of tests, which the JSON report of Vitest leaves out. */
class UnhandledErrors {
  onTestRunEnd(_modules: unknown, errors: readonly unknown[]): void {
    writeFileSync(process.env.ROSTER_UNHANDLED_ERRORS!, String(errors.length));
  }
}

// biome-ignore lint/style/noDefaultExport: Vitest takes a reporter from a file's default export
export { UnhandledErrors as default };
