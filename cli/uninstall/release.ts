import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import { messageOf } from "../../lib/problem.ts";
import type { Task } from "./progress.ts";

const word = "roster.dev/release-deletion";
/** Beside the word where it is ours and nobody's else, also after a kill: what stood there before, or nothing. */
const mark = "roster.dev/released-by-uninstall";

/** Lifts the hold on mass deletions in a namespace, unless a person did. May run twice. */
export function lift(kube: KubeClient, namespace: string): Promise<void> {
  return annotate(kube, namespace, ({ metadata: { annotations } }) =>
    annotations?.[word] === "true" ? undefined : { [word]: "true", [mark]: annotations?.[word] ?? "" },
  );
}

/**
 * Puts back what `lift` changed, in this run or in one that was killed: the word of a person stays. Never throws: where a
 * namespace cannot be reached it says what is left to do.
 */
export async function putBack(kube: KubeClient, task: Task): Promise<void> {
  try {
    const { items } = await kube.list(kinds.Namespace);
    for (const { metadata } of items)
      if (metadata.annotations?.[mark] !== undefined) await back(kube, metadata.name, task);
  } catch (thrown) {
    task.say(`could not look where mass deletions are still released (${messageOf(thrown)}): run the command again`);
  }
}

async function back(kube: KubeClient, namespace: string, task: Task): Promise<void> {
  try {
    await annotate(kube, namespace, ({ metadata: { annotations } }) => {
      const before = annotations?.[mark];
      return before === undefined ? undefined : { [word]: before === "" ? null : before, [mark]: null };
    });
  } catch (thrown) {
    const by = `kubectl annotate namespace ${namespace} ${word}- ${mark}-`;
    task.say(`mass deletions are still released in namespace "${namespace}" (${messageOf(thrown)}): ${by}`);
  }
}

/** Annotates the namespace as it is now, read anew after a conflict; nothing where `decide` says nothing, or it is gone. */
async function annotate(
  kube: KubeClient,
  namespace: string,
  decide: (found: Stored) => Readonly<Record<string, string | null>> | undefined,
): Promise<void> {
  for (;;) {
    const found = await kube.find(kinds.Namespace, namespace);
    const annotations = found && decide(found);
    if (annotations === undefined) return;
    const { uid, resourceVersion } = found!.metadata;
    try {
      await kube.mergePatch(kinds.Namespace, namespace, undefined, { metadata: { uid, resourceVersion, annotations } });
      return;
    } catch (thrown) {
      if (statusOf(thrown) === 404) return;
      if (statusOf(thrown) !== 409) throw thrown;
    }
  }
}
