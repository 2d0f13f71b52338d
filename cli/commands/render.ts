import path from "node:path";
import { Command } from "commander";
import { stringify } from "yaml";
import { renderRole } from "../../gitops/render.ts";
import type { Io } from "../io.ts";
import { outputOption } from "../output.ts";

/** `roster render <folder...>`: prints the AgentRoles that role folders stand for. */
export function renderCommand(io: Io): Command {
  return new Command("render")
    .summary("print the AgentRole that a role folder stands for")
    .description(
      "Prints the AgentRole that a role folder (role.yaml, SOUL.md, skills/, scripts/, memory/) stands for. Reads nothing but\nthe folder; the same folder gives the same bytes. Whatever is wrong is shown with file, line and column.",
    )
    .argument("<folder...>", "role folders, such as roles/ea_tess")
    .option("-n, --namespace <name>", "namespace of the AgentRole; none is written otherwise")
    .addOption(outputOption(["yaml", "json"], "yaml"))
    .addHelpText("after", "\nExample:\n  roster render roles/ea_tess -n acme | kubectl apply -f -")
    .action(async (folders: readonly string[], options: { namespace?: string; output: string }) => {
      const objects = [];
      for (const folder of folders) {
        const rendered = await renderRole(path.resolve(io.cwd, folder), {
          base: io.cwd,
          ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
        });
        objects.push(...rendered.objects);
      }
      if (options.output === "json") {
        const [only] = objects;
        const value = objects.length === 1 ? only : { apiVersion: "v1", kind: "List", items: objects };
        io.out(`${JSON.stringify(value, null, 2)}\n`);
      } else io.out(objects.map((object) => stringify(object, { lineWidth: 0, blockQuote: "literal" })).join("---\n"));
    });
}
