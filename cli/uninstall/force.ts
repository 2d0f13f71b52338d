import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import { type Fleet, fleetKinds, listAll } from "./fleet.ts";
import { type Task, unlessBroken } from "./progress.ts";

/** What stays in force when nobody revokes it: one line for each agent, for a person to do by hand. */
export function unrevoked(fleet: Fleet): readonly string[] {
  return fleet.AgentBinding.map(({ metadata, spec }) => {
    const credentials = (spec?.credentials ?? []) as readonly {
      readonly server: string;
      readonly secretRef: { readonly name: string };
    }[];
    const held = credentials.map(({ server, secretRef }) => `${server} (Secret "${secretRef.name}")`);
    return `${metadata.namespace}/${metadata.name}: run tokens until their runs' deadlines${held.length > 0 ? `; at issuers: ${held.join(", ")}` : ""}`;
  });
}

/** Takes our finalizers off everything, because nobody is there to do what they wait for. */
export async function dropFinalizers(kube: KubeClient, fleet: Fleet, task: Task): Promise<void> {
  task.say("taking Roster's finalizers off: nobody does what they wait for");
  const secrets = await listAll(kube, kinds.Secret, { fieldSelector: "type=roster.dev/credential" });
  const objects = [
    ...fleetKinds.flatMap((kind) => fleet[kind].map((object) => [kinds[kind], object] as const)),
    ...secrets.map((secret) => [kinds.Secret, secret] as const),
  ];
  for (const [kind, object] of objects) await dropOwn(kube, kind, object, task);
}

/** Takes our finalizers off the object as it is now: whoever puts another finalizer on meanwhile keeps it, and so does another object of its name. */
export async function dropOwn(kube: KubeClient, kind: KindRef, { metadata }: Stored, task: Task): Promise<void> {
  for (;;) {
    unlessBroken(task);
    const found = await kube.find(kind, metadata.name, metadata.namespace);
    if (found?.metadata.uid !== metadata.uid) return;
    const { uid, resourceVersion, finalizers: before = [] } = found.metadata;
    const finalizers = before.filter((name) => !name.startsWith("roster.dev/"));
    if (finalizers.length === before.length) return;
    try {
      const patch = { metadata: { uid, resourceVersion, finalizers } };
      await kube.mergePatch(kind, metadata.name, metadata.namespace, patch);
      return;
    } catch (thrown) {
      if (statusOf(thrown) === 404) return;
      if (statusOf(thrown) !== 409) throw thrown;
    }
  }
}
