import { appendFileSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { apiserver } from "./apiserver.ts";
import { converge } from "./converge.ts";
import { growth } from "./growth.ts";
import { idle } from "./idle.ts";
import { outside, readRanges } from "./kit/ranges.ts";
import { type Benchmark, percentile, type Row } from "./kit/sample.ts";
import { leader } from "./leader.ts";
import { ledgerHold } from "./ledger-hold.ts";
import { limits } from "./limits.ts";
import { onePath } from "./path.ts";
import { start } from "./start.ts";

const benchmarks: readonly Benchmark[] = [
  limits,
  apiserver,
  ledgerHold,
  start,
  onePath,
  converge,
  leader,
  growth,
  idle,
];

const help = `npm run bench -- [NAME ...] [--quick] [--out FILE]

Measures, prints a table, appends JSON lines, and fails when a row is outside bench/ranges.yaml.

  npm run bench                  everything (about forty minutes)
  npm run bench -- limits        one benchmark
  npm run bench -- --quick       small sizes, to try the benchmarks themselves; not compared with the ranges

Benchmarks:
${benchmarks.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join("\n")}
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      out: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    process.stderr.write(
      `no benchmark is called "${unknown[0]}"; there are: ${benchmarks.map((b) => b.name).join(", ")}\n`,
    );
    return 2;
  }
  const chosen = positionals.length === 0 ? benchmarks : benchmarks.filter(({ name }) => positionals.includes(name));
  const rows: Row[] = [];
  for (const benchmark of chosen) {
    process.stderr.write(`${benchmark.name}: ${benchmark.about}\n`);
    rows.push(
      ...(await benchmark.run({ quick: values.quick, progress: (text) => process.stderr.write(`  ${text} …\n`) })),
    );
  }
  print(rows);
  save(rows, values.out ?? path.join(import.meta.dirname, "..", ".roster", "bench.jsonl"), values.quick);
  const rangesFile = path.join(import.meta.dirname, "ranges.yaml");
  const losses = values.quick || !existsSync(rangesFile) ? [] : outside(rows, readRanges(rangesFile));
  for (const loss of losses) process.stdout.write(`outside its range: ${loss}\n`);
  return losses.length > 0 ? 1 : 0;
}

function print(rows: readonly Row[]): void {
  const cells = [["what", "n", "p50", "p99", "unit", "against", "p50", "ratio"]];
  for (const row of rows) {
    const p50 = percentile(row.subject, 0.5);
    const other = row.against === undefined ? undefined : percentile(row.against.values, 0.5);
    cells.push([
      row.name,
      String(row.subject.length),
      p50.toPrecision(3),
      percentile(row.subject, 0.99).toPrecision(3),
      row.unit,
      row.against?.name ?? "",
      other?.toPrecision(3) ?? "",
      other === undefined ? "" : (p50 / other).toPrecision(3),
    ]);
  }
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  for (const line of cells) {
    process.stdout.write(
      `${line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd()}\n`,
    );
  }
}

function save(rows: readonly Row[], file: string, quick: boolean): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const at = new Date().toISOString();
  for (const row of rows) appendFileSync(file, `${JSON.stringify({ at, quick, ...row })}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();
