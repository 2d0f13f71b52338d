import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { OtherErrors } from "./errors-reporter.ts";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name: string) => path.join(root, "node_modules", name);

type Task = (rest: readonly string[]) => Promise<number>;

/** What `npm run …` calls through scripts/bootstrap.mjs. Each resolves to an exit code. */
const tasks: Readonly<Record<string, Task>> = {
  test: (rest) => vitest(["unit", "arch", "postgres", "system"], rest),
  "test:cluster": (rest) => vitest(["cluster"], rest),
  "test:faults": (rest) => vitest(["faults"], rest),
  check,
  verify,
  format: (rest) => node([bin("@biomejs/biome/bin/biome"), "check", "--write", ...(rest.length > 0 ? rest : ["."])]),
};

/** Types, lint, architecture and unit tests: what one runs before each commit. Under half a minute. */
async function check(): Promise<number> {
  const codes = await Promise.all([
    node([bin("typescript/bin/tsc"), "-p", root]),
    node([bin("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "--diagnostic-level=warn", "."]),
  ]);
  return codes.find((code) => code !== 0) ?? vitest(["unit", "arch"], []);
}

/** Everything that CI does; a dirty tree fails, because then something else was tested than what is committed. */
async function verify(): Promise<number> {
  const steps: readonly (() => Promise<number>)[] = [
    () => node([path.join(root, "scripts/generate.ts"), "--check"]),
    check,
    () => vitest(["postgres", "system"], []),
    cleanTree,
  ];
  for (const step of steps) {
    const code = await step();
    if (code !== 0) return code;
  }
  return 0;
}

async function cleanTree(): Promise<number> {
  const status = spawnSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" });
  if (status.status !== 0) return said("cannot ask git whether the tree is clean", 1);
  return status.stdout.trim() === "" ? 0 : said(`the tree is not clean:\n${status.stdout}`, 1);
}

/**
 * Runs test projects and ends with one line such as `123 passed, 0 failed`, which CI reads. In CI the files of what failed
 * are run once more by themselves, and what passes then is named: a machine that was too busy, or a test to mend.
 */
async function vitest(projects: readonly string[], rest: readonly string[]): Promise<number> {
  const first = await runTests(projects, rest);
  const { passed, skipped } = first;
  let { code, failed } = first;
  record(projects, first);
  if (process.env.CI && rest.length === 0 && first.failures.size > 0 && first.unhandled === 0) {
    process.stdout.write(`\n${failed} failed; their files once more, by themselves:\n`);
    const again = await runTests(projects, [...first.failures.keys()]);
    record(projects, again, "once more, ");
    for (const [file, names] of first.failures) {
      const late = names.filter(
        (name) => again.passedFiles.has(file) || again.failures.get(file)?.includes(name) === false,
      );
      for (const name of late) process.stdout.write(`failed, then passed: ${name}\n`);
    }
    const lost = [...first.failures.keys()].filter((file) => !again.passedFiles.has(file) && !again.failures.has(file));
    code = lost.length > 0 ? 1 : again.code;
    failed = again.failed + lost.length;
  }
  // A skipped test prints its own reason where it skips; here it is only counted, so that none goes unseen.
  if (skipped > 0) process.stdout.write(`${skipped} skipped, see their reasons above\n`);
  process.stdout.write(`${passed + first.failed - failed} passed, ${failed} failed\n`);
  return code;
}

/** Appends what failed, and how, to the file that CI shows last: of what comes before, its record keeps only a part. */
function record(projects: readonly string[], run: Run, prefix = ""): void {
  const file = process.env.ROSTER_TEST_FAILURES;
  if (!file || run.code === 0) return;
  const failures = [...run.failures].map(([name, tests]) => [path.relative(root, name), ...tests].join("\n  "));
  const title = `${prefix}${projects.join(", ")}: ${run.failed} failed`;
  appendFileSync(file, `${[title, ...failures, ...run.messages.map(beginning)].join("\n")}\n\n`);
}

/** What a failure says first; the whole of it stands where it happened. */
function beginning(message: string): string {
  return message.split("\n").slice(0, 12).join("\n").slice(0, 1_500);
}

interface Run {
  readonly code: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of what failed, by file. */
  readonly failures: ReadonlyMap<string, readonly string[]>;
  readonly passedFiles: ReadonlySet<string>;
  /** Errors outside of tests; more than none where that is not known. */
  readonly unhandled: number;
  /** What failed tests and hooks threw, and what was thrown outside of them. */
  readonly messages: readonly string[];
}

async function runTests(projects: readonly string[], rest: readonly string[]): Promise<Run> {
  const folder = mkdtempSync(path.join(tmpdir(), "roster-test-"));
  const report = path.join(folder, "report.json");
  const others = path.join(folder, "errors.json");
  try {
    const args = [
      bin("vitest/vitest.mjs"),
      "run",
      ...projects.flatMap((name) => ["--project", name]),
      "--passWithNoTests",
      "--reporter=default",
      "--reporter=json",
      `--reporter=${path.join(root, "scripts/errors-reporter.ts")}`,
      `--outputFile.json=${report}`,
      ...rest,
    ];
    const code = await node(args, { ROSTER_OTHER_ERRORS: others });
    return readReport(report, readErrors(others), code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readErrors(file: string): OtherErrors {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as OtherErrors;
  return { outside: ["The test runner ended before it said whether there were errors outside of tests"], hooks: [] };
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why the file itself failed, or empty. */
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

function readReport(file: string, errors: OtherErrors, code: number): Run {
  const failures = new Map<string, readonly string[]>();
  const passedFiles = new Set<string>();
  const unhandled = errors.outside.length;
  const messages = [...errors.outside, ...errors.hooks];
  if (!existsSync(file)) {
    const failed = code === 0 ? 0 : 1;
    return { code, passed: 0, failed, skipped: 0, failures, passedFiles, unhandled, messages };
  }
  const report = JSON.parse(readFileSync(file, "utf8")) as VitestReport;
  for (const { name, status, message, assertionResults } of report.testResults) {
    if (status !== "failed") {
      passedFiles.add(name);
      continue;
    }
    const names = assertionResults.filter((test) => test.status === "failed").map((test) => test.fullName);
    // A file that does not even load has no tests to count: still a failure.
    failures.set(name, names.length > 0 ? names : [path.relative(root, name)]);
    messages.push(...(message ? [message] : []), ...assertionResults.flatMap((test) => test.failureMessages ?? []));
  }
  const failed = [...failures.values()].reduce((sum, names) => sum + names.length, 0);
  return {
    code,
    passed: report.numPassedTests,
    // An error outside of tests is none of theirs: still a failure.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests,
    failures,
    passedFiles,
    unhandled,
    messages,
  };
}

function node(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, ...env, NODE_OPTIONS: "--disable-warning=ExperimentalWarning" },
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? (signal ? 130 : 1)));
  });
}

function said(message: string, code: number): number {
  process.stderr.write(`${message}\n`);
  return code;
}

const [name = "", ...rest] = process.argv.slice(2);
const task = tasks[name];
process.exitCode = task
  ? await task(rest)
  : said(`unknown task "${name}"; there are ${Object.keys(tasks).join(", ")}`, 2);
