import { stat } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import { problem } from "../../api/reasons.ts";
import { lintPaths } from "../../gitops/lint.ts";
import { exitCodes } from "../exit.ts";
import type { Io } from "../io.ts";
import { outputOption } from "../output.ts";

/** `roster lint [path...]`: checks manifests and role folders without a server. */
export function lintCommand(io: Io): Command {
  return new Command("lint")
    .summary("check manifests and role folders without a server")
    .description(
      "Checks manifests and role folders against the definitions in crds/: unknown fields, wrong types, missing and misspelt\nnames, one object in two files. CEL rules are checked by the server when the files are applied.",
    )
    .argument("[path...]", "manifest files, folders of them, role folders, or folders of those", [
      "manifests/demo",
      "roles",
    ])
    .addOption(outputOption(["json"]))
    .addHelpText("after", "\nExample:\n  roster lint manifests/demo roles\n\nExits 2 when anything is wrong.")
    .action(async (paths: readonly string[], options: { output?: string }) => {
      for (const one of paths) {
        await stat(path.resolve(io.cwd, one)).catch(() => {
          throw problem("NotFound", `there is no file or folder "${one}"`);
        });
      }
      const { findings, files, objects } = await lintPaths(paths, io.cwd);
      if (options.output === "json") io.out(`${JSON.stringify({ files, objects, findings }, null, 2)}\n`);
      else {
        for (const finding of findings) io.out(`${finding}\n`);
        io.err(
          `${count(files, "file")}, ${count(objects, "object")}, ${findings.length === 0 ? "nothing wrong" : count(findings.length, "finding")}\n`,
        );
      }
      if (findings.length > 0) io.answerNo(exitCodes.invalid);
    });
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
