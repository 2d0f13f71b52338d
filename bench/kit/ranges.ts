import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { percentile, type Row } from "./sample.ts";

interface Range {
  readonly row: string;
  readonly statistic: "p50" | "p99" | "ratio";
  /** The bar: mean of at least five runs + 20 %. */
  readonly max?: number;
  readonly min?: number;
  readonly runs: readonly number[];
  readonly goal?: string;
}

export function readRanges(file: string): readonly Range[] {
  return (parse(readFileSync(file, "utf8")) as { ranges: readonly Range[] }).ranges;
}

/** The figure that a range speaks of; `ratio` is subject p50 over the other arm's p50. */
export function figure(row: Row, statistic: Range["statistic"]): number {
  if (statistic === "ratio") return percentile(row.subject, 0.5) / percentile(row.against?.values ?? [], 0.5);
  return percentile(row.subject, statistic === "p50" ? 0.5 : 0.99);
}

/** Sentences for every row outside its range; none when all is well. Rows without a range are not judged. */
export function outside(rows: readonly Row[], ranges: readonly Range[]): readonly string[] {
  return ranges.flatMap((range) => {
    const row = rows.find((candidate) => candidate.name === range.row);
    if (row === undefined) return [];
    const value = figure(row, range.statistic);
    if (range.max !== undefined && !(value <= range.max)) {
      return [`${range.row}: ${range.statistic} ${value.toPrecision(3)} ${row.unit} is above ${range.max}`];
    }
    if (range.min !== undefined && !(value >= range.min)) {
      return [`${range.row}: ${range.statistic} ${value.toPrecision(3)} ${row.unit} is below ${range.min}`];
    }
    return [];
  });
}
