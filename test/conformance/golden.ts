import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Answer } from "./client.ts";

const fileOf = (group: string): string =>
  fileURLToPath(new URL(`../golden/conformance/${group}.json`, import.meta.url));

/** What a real kube-apiserver answered to each sequence of a group, recorded by the cluster suite. */
export function readGolden(group: string): Readonly<Record<string, readonly Answer[]>> {
  return JSON.parse(readFileSync(fileOf(group), "utf8")) as Record<string, Answer[]>;
}

/** Records answers, one line each, so that a change shows as the lines that changed. */
export function writeGolden(group: string, answers: Readonly<Record<string, readonly Answer[]>>): void {
  mkdirSync(fileURLToPath(new URL("../golden/conformance/", import.meta.url)), { recursive: true });
  const parts = Object.entries(answers).map(
    ([name, list]) => `${JSON.stringify(name)}: [\n${list.map((answer) => JSON.stringify(answer)).join(",\n")}\n]`,
  );
  writeFileSync(fileOf(group), `{\n${parts.join(",\n")}\n}\n`);
}
