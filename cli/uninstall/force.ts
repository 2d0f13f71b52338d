import { kinds } from "../../api/kinds.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type Fleet, fleetKinds, listAll, patchObject } from "./fleet.ts";
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
  for (const [kind, object] of objects) {
    unlessBroken(task);
    const before = object.metadata.finalizers ?? [];
    const finalizers = before.filter((name) => !name.startsWith("roster.dev/"));
    if (finalizers.length < before.length) await patchObject(kube, kind, object, { metadata: { finalizers } });
  }
}
