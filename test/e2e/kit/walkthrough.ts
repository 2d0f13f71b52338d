import { readFileSync } from "node:fs";
import { systemClock } from "../../../lib/clock.ts";
import { until } from "../fleet.ts";
import type { Shell } from "./shell.ts";

/** One block of commands of a page, and what the page says comes out of it. */
export interface Step {
  /** `docs/tutorials/first-agent.md:42`, for messages. */
  readonly at: string;
  readonly commands: string;
  /** The block of output after it: see `misfit`. Undefined where the page shows none. */
  readonly shown: string | undefined;
  /** `<!-- fails -->`: the last command ends with an error, and the page says so. */
  readonly fails: boolean;
  /** `<!-- until -->`: a reader would look again until it is so. Such a block only looks. */
  readonly until: boolean;
  /** `<!-- up: pattern -->`: what the first terminal shows because of it. */
  readonly up: readonly RegExp[];
}

export interface Section {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** The sections of a page that have blocks of `sh`, in order. Throws for a comment that it does not know. */
export function readSections(file: string, name: string): readonly Section[] {
  const lines = readFileSync(file, "utf8").split("\n");
  const sections: { title: string; steps: Step[] }[] = [];
  let title = name;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    title = /^#+ (.*)$/.exec(line)?.[1] ?? title;
    if (!line.startsWith("```")) continue;
    const end = lines.indexOf("```", i + 1);
    if (end < 0) throw new Error(`${name}:${i + 1}: a block that does not end`);
    if (line === "```sh") {
      if (sections.at(-1)?.title !== title) sections.push({ title, steps: [] });
      sections.at(-1)?.steps.push({
        at: `${name}:${i + 1}`,
        commands: lines.slice(i + 1, end).join("\n"),
        ...remarksAfter(lines, end + 1, name),
      });
    }
    i = end;
  }
  return sections;
}

function remarksAfter(lines: readonly string[], from: number, name: string): Omit<Step, "at" | "commands"> {
  const remarks: string[] = [];
  let i = from;
  for (; lines[i] === "" || lines[i]?.startsWith("<!--"); i++) {
    const remark = /^<!-- (.*) -->$/.exec(lines[i] ?? "")?.[1];
    if (remark !== undefined) remarks.push(remark);
    if (remark !== undefined && !/^(fails|until|up: .*)$/.test(remark))
      throw new Error(`${name}:${i + 1}: unknown remark "${remark}"; there are fails, until and up`);
  }
  return {
    shown: lines[i] === "```text" ? lines.slice(i + 1, lines.indexOf("```", i)).join("\n") : undefined,
    fails: remarks.includes("fails"),
    until: remarks.includes("until"),
    up: remarks.filter((one) => one.startsWith("up: ")).map((one) => new RegExp(one.slice(4))),
  };
}

/** Runs a block; again and again where the page says that it becomes so. Throws when the page is not right. */
export async function take(step: Step, shell: Shell): Promise<void> {
  // Shorter than a test's timeout, only so that a failure shows what came instead.
  const late = systemClock.now() + 45_000;
  await until(async () => {
    const { code, output } = await shell.run(step.commands);
    const complaint = complaintOf(step, code, output);
    if (complaint === undefined) return true;
    if (step.until && systemClock.now() < late) return undefined;
    throw new Error(`${step.at}: ${complaint}\n--- typed\n${step.commands}\n--- came\n${output}`);
  });
}

function complaintOf(step: Step, code: number, output: string): string | undefined {
  if ((code !== 0) !== step.fails) return step.fails ? "it did not fail" : `it failed with exit code ${code}`;
  return step.shown === undefined ? undefined : misfit(step.shown, output);
}

/**
 * Why an output is not what a page shows; undefined when it is. Words must be the same, in the same order. Numbers, ages
 * and digests may be others, and space does not count. `…` stands for anything: in a line, or for any number of lines.
 */
export function misfit(shown: string, output: string): string | undefined {
  const wanted = toLines(shown);
  const came = toLines(output);
  let next = 0;
  let skipping = false;
  for (const line of wanted) {
    if (line === "…") {
      skipping = true;
      continue;
    }
    const pattern = toPattern(line);
    const found = skipping ? came.findIndex((one, i) => i >= next && pattern.test(one)) : next;
    if (found < 0 || !pattern.test(came[found] ?? "")) return `there is no line such as:\n  ${line}`;
    next = found + 1;
    skipping = false;
  }
  return skipping || next === came.length ? undefined : `the page does not show this line:\n  ${came[next]}`;
}

function toLines(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim().replace(/\s+/g, " "))
    .filter((line) => line !== "");
}

function toPattern(line: string): RegExp {
  const words = line.split(" ").map((word) => {
    if (/^[0-9a-f]{12,}$/.test(word)) return "[0-9a-f]{12,}";
    if (/^(\d+[a-z])+$/.test(word)) return "(?:\\d+[a-z])+";
    return word
      .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
      .replace(/\d+(?:\\\.\d+)?/g, "\\d+(?:\\.\\d+)?")
      .replaceAll("…", ".*");
  });
  // A `…` between spaces may stand for nothing.
  return new RegExp(`^${words.join(" ").replaceAll(" .*", "(?: .*)?")}$`);
}
