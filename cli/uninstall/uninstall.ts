import { problem } from "../../api/reasons.ts";
import type { KubeClient } from "../../kube/client.ts";
import { count, fireAll, isControllerAtWork, quiet, removeFleet } from "./drain.ts";
import { type Fleet, fleetKinds, readFleet } from "./fleet.ts";
import { dropFinalizers, unrevoked } from "./force.ts";
import { findLabelled, type Labelled, nameOf, removeLabelled } from "./labelled.ts";
import type { Task } from "./progress.ts";
import { installed, removeDefinitions, removeInstalled, removeNamespace } from "./remove.ts";

export interface UninstallOptions {
  readonly root: string;
  readonly keepCrds: boolean;
  readonly force: boolean;
}

/** What there is, and what is going to happen to it. */
export interface Survey {
  readonly fleet: Fleet;
  readonly atWork: boolean;
  /** What else of an installation is there, in roster-system and in namespaces that it serves by Roles alone. */
  readonly labelled: readonly Labelled[];
  /** An API without containers: that of `npm start`. */
  readonly laptop: boolean;
}

export async function survey(kube: KubeClient, root: string, now: number): Promise<Survey> {
  const { groups } = await kube.raw<{ groups: readonly { readonly name: string }[] }>("GET", "/apis");
  return {
    fleet: await readFleet(kube),
    atWork: await isControllerAtWork(kube, now),
    labelled: await findLabelled(kube, root),
    laptop: !groups.some(({ name }) => name === "apps"),
  };
}

/** For the person who decides. */
export function formatSurvey({ fleet, atWork, labelled, laptop }: Survey, options: UninstallOptions): string {
  const there = fleetKinds.filter((kind) => fleet[kind].length > 0).map((kind) => count(fleet[kind].length, kind));
  const forced = !atWork && options.force;
  return `${[
    ...(laptop
      ? [
          "This is the API of `npm start`: Ctrl-C there and `npm start -- --reset` is the simple way to begin afresh.",
          "",
        ]
      : []),
    `Found: ${there.length > 0 ? there.join(", ") : "no fleet"}.`,
    "1. suspend the triggers, cancel the runs that have not begun",
    forced
      ? "2. no controller is at work: agents are NOT fired, their finalizers are taken off (--force)"
      : `2. fire ${count(fleet.AgentBinding.length, "agent")}: tokens revoked, gateways and issuers told, Secrets let go`,
    "3. delete the fleet, then what manifests/install made (Secrets in roster-system are kept)",
    ...(labelled.length > 0 ? ["   and these, which are labelled app.kubernetes.io/part-of=roster:"] : []),
    ...labelled.map(({ object }) => `   ${nameOf(object)}`),
    options.keepCrds
      ? "4. keep the definitions (--keep-crds)"
      : "4. delete the definitions, each only when it is empty",
    "The ledger in Postgres is left as it is: with the audit in it, and what people must still revoke by hand.",
    ...(forced
      ? ["", "Stays in force until somebody revokes it by hand:", ...unrevoked(fleet).map((line) => `  ${line}`)]
      : []),
  ].join("\n")}\n`;
}

/**
 * Drains first, then deletes, in an order in which nothing is left hanging. May be broken off and run again. Throws
 * NoController where nobody is there to drain, Unfinished where time is over or somebody makes the fleet again meanwhile.
 */
export async function uninstall(kube: KubeClient, found: Survey, options: UninstallOptions, task: Task): Promise<void> {
  const { fleet, atWork } = found;
  const objects = installed(options.root);
  const populated = fleetKinds.some((kind) => fleet[kind].length > 0);
  if (!atWork && populated && !options.force)
    throw problem(
      "NoController",
      "no controller is at work (the Lease roster-controller is not renewed), so nobody would revoke anything; `roster uninstall --dry-run --force` lists what would stay in force",
    );
  await quiet(kube, fleet, task);
  if (!atWork && populated) await dropFinalizers(kube, fleet, task);
  await fireAll(kube, fleet, task);
  await removeFleet(kube, task);
  task.say("deleting the installation");
  const removed =
    (await removeInstalled(kube, objects, task)) +
    // Looked for again: a run that was broken off, or whoever opened another namespace meanwhile.
    (await removeLabelled(kube, await findLabelled(kube, options.root), task));
  const secrets = await removeNamespace(kube, task);
  const kept = options.keepCrds ? [] : await removeDefinitions(kube, task);
  task.say(
    `deleted ${count(removed, "object")} of the installation${options.keepCrds ? "; the definitions are kept" : ""}`,
  );
  if (secrets.length > 0)
    task.say(
      `kept: namespace roster-system with ${secrets.map((name) => `Secret ${name}`).join(", ")}; without the key in it nobody reads the ledger again`,
    );
  if (kept.length > 0) throw problem("Unfinished", `kept, because they are not empty: ${kept.join(", ")}`);
}
