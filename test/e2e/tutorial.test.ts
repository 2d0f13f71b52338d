import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findKubectl, Place, type Up } from "./fleet.ts";
import { Shell } from "./kit/shell.ts";
import { readSections, type Section, take } from "./kit/walkthrough.ts";

// What strangers are told to type is typed here, block by block, in one shell, and the output has to be the one shown. Two
// things differ from their machine: the block `npm start` is not run, because `roster up` is started before on copies of
// manifests/demo and roles, on free ports; and `npm run roster` runs the CLI without looking for new dependencies first.
const root = path.join(import.meta.dirname, "..", "..");
const tutorial = readSections(path.join(root, "docs/tutorials/first-agent.md"), "docs/tutorials/first-agent.md");
const readme = readSections(path.join(root, "README.md"), "README.md").filter(
  ({ title }) => title === "The first five minutes",
);
const kubectl = await findKubectl();
if ("absent" in kubectl) console.warn(`tutorial: ${kubectl.absent}; its commands are not run`);

describe.skipIf("absent" in kubectl)("what the pages tell people to type does what they say", () => {
  let place: Place;
  let up: Up;
  let shell: Shell;
  let broken: string | undefined;

  beforeAll(async () => {
    place = new Place();
    const node = `'${process.execPath}' --disable-warning=ExperimentalWarning`;
    const scripts = { roster: `${node} '${path.join(root, "cli", "main.ts")}'` };
    writeFileSync(path.join(place.base, "package.json"), JSON.stringify({ private: true, scripts }));
    up = await place.up().ready();
    await up.line(/done {3}tess-ana-first/);
    shell = new Shell(place.base, { ...place.env, KUBECONFIG: "", npm_config_update_notifier: "false" }, place.base);
  });
  afterAll(async () => {
    await shell?.[Symbol.asyncDispose]();
    await up?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  const walk = async ({ steps }: Section) => {
    // One page is one story: after a step that went wrong the next ones would only say so again.
    expect(broken, "an earlier step did not do what the page says").toBeUndefined();
    for (const step of steps) {
      if (step.commands === "npm start") continue;
      broken = step.at;
      await take(step, shell);
      for (const pattern of step.up) await up.line(pattern);
      broken = undefined;
    }
  };
  it.each(tutorial.map((section) => [section.title, section] as const))("tutorial: %s", (_, section) => walk(section));
  it.each(readme.map((section) => [section.title, section] as const))("README: %s", (_, section) => walk(section));

  it("asks for first runs of those hired at the start only, not of whom the reader hires", () => {
    expect(up.output).not.toMatch(/greeter-\w+-first|first run of greeter/);
  });

  it("leaves nothing behind in the folders that are watched", async () => {
    const { output } = await shell.run("ls roles manifests/demo | grep greeter");
    expect(output.trim()).toBe("");
  });
});
