import { writeFileSync } from "node:fs";
import process from "node:process";
import type { TestModule } from "vitest/node";

/** Errors that the JSON report of Vitest leaves out, as texts. */
export interface OtherErrors {
  /** Outside of tests: nobody waited for what threw. */
  readonly outside: readonly string[];
  /** Of hooks of a file or a `describe`, whose tests then did not run. */
  readonly hooks: readonly string[];
}

type Thrown = { readonly message?: string; readonly stack?: string };

class ErrorsReporter {
  onTestRunEnd(modules: readonly TestModule[], thrown: readonly Thrown[]): void {
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const hooks = suites.flatMap((suite) => suite.errors()).map(text);
    const errors: OtherErrors = { outside: thrown.map(text), hooks };
    writeFileSync(process.env.ROSTER_OTHER_ERRORS!, JSON.stringify(errors));
  }
}

function text(error: Thrown): string {
  return error.stack ?? error.message ?? String(error);
}

// biome-ignore lint/style/noDefaultExport: Vitest takes a reporter from a file's default export
export { ErrorsReporter as default };
