import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { findKubectl, Place, run, type Up } from "./fleet.ts";
import { Shell } from "./kit/shell.ts";
import { readSections, take } from "./kit/walkthrough.ts";

// The page for people who bring their own agent, typed as it stands. Its first block is the start of `roster up`, which the
// test does instead: on a home that has seen its first start, so that only the page asks for a run.
const page = "docs/reference/wire.md";
const sections = readSections(path.join(import.meta.dirname, "..", "..", page), page);
const kubectl = await findKubectl();
const curl = await run("curl", ["--version"], { PATH: process.env.PATH ?? "" }).catch(() => undefined);
const absent = "absent" in kubectl ? kubectl.absent : curl?.code === 0 ? undefined : "curl is not installed";
if (absent) console.warn(`wire page: ${absent}; its commands are not run`);

describe.skipIf(absent)("an agent of one's own, with curl", () => {
  let place: Place;
  let up: Up;
  let shell: Shell;

  beforeAll(async () => {
    place = new Place();
    mkdirSync(place.home, { mode: 0o700 });
    writeFileSync(path.join(place.home, "first-runs"), "");
    up = await place.up(["--no-runtime"]).ready();
    await up.line(/hired {2}tess-ana/);
    shell = new Shell(place.base, { ...place.env, KUBECONFIG: "" }, place.base);
  });
  afterAll(async () => {
    await shell?.[Symbol.asyncDispose]();
    await up?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  it("claims a run, calls a model and tools, is told no, and finishes, as the page shows it", async () => {
    for (const step of sections.flatMap(({ steps }) => steps)) {
      if (!step.commands.startsWith("npm start")) await take(step, shell);
    }
  });
});
