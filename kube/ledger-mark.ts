import { kinds } from "../api/kinds.ts";
import { problem } from "../api/reasons.ts";
import type { Resource, Stored } from "../api/resource.ts";
import { Problem } from "../lib/problem.ts";
import type { ClusterSays, Mark } from "../policy/pairing.ts";
import type { KubeClient } from "./client.ts";
import { statusOf } from "./connect.ts";

/** The ConfigMap in which the cluster remembers its ledger. */
export const ledgerMark = { namespace: "roster-system", name: "roster-ledger" } as const;

interface MarkObject extends Resource {
  readonly data?: Readonly<Record<string, string>>;
}

/** What the cluster says, and the object that it says it with. */
export interface ClusterAnswer extends ClusterSays {
  readonly object?: Stored<MarkObject>;
}

const fieldManager = "roster-controller";

/**
 * Asks who the cluster is and which ledger it knows. `confined`: this identity has Roles only, though the client does not know.
 * Throws what reading throws; Forbidden where the two can therefore not be compared.
 */
export async function askCluster(kube: KubeClient, confined = false): Promise<ClusterAnswer> {
  const cluster = await clusterId(kube, confined);
  const object = await kube.find<MarkObject>(kinds.ConfigMap, ledgerMark.name, ledgerMark.namespace);
  return { cluster, ...(object === undefined ? {} : { object, mark: toMark(object.data ?? {}) }) };
}

/**
 * The UID of kube-system; where there are Roles only, of our own namespace, which lives nearly as long. A right that is
 * missing elsewhere, perhaps for a moment, must not make this look like another cluster.
 */
async function clusterId(kube: KubeClient, confined: boolean): Promise<string> {
  try {
    return (await kube.get(kinds.Namespace, "kube-system")).metadata.uid;
  } catch (thrown) {
    if (statusOf(thrown) !== 403) throw thrown;
    if (!confined && !(thrown instanceof Problem && thrown.details.confined === true))
      throw problem("Forbidden", 'cannot tell which cluster this is: namespace "kube-system" may not be read', {
        cause: thrown,
        details: { status: 403 },
      });
  }
  return `${ledgerMark.namespace}/${(await kube.get(kinds.Namespace, ledgerMark.namespace)).metadata.uid}`;
}

/** A word that nobody can read is not that of our ledger. */
function toMark(data: Readonly<Record<string, string>>): Mark {
  const whole = (text: string | undefined) => (/^\d{1,15}$/.test(text ?? "") ? Number(text) : Number.NaN);
  const mark = { ledger: data.ledgerID ?? "", seq: whole(data.seq), hash: data.hash ?? "", epoch: whole(data.epoch) };
  return Number.isNaN(mark.seq) || Number.isNaN(mark.epoch) ? { ledger: "", seq: 0, hash: "", epoch: 0 } : mark;
}

/**
 * Tells the cluster how far the ledger is. Throws Conflict where somebody else told it meanwhile or the object is gone: then
 * the two are to be compared again. May run twice.
 */
export async function tellCluster(
  kube: KubeClient,
  mark: Mark,
  known: Stored | undefined,
): Promise<Stored<MarkObject>> {
  const data = { ledgerID: mark.ledger, seq: String(mark.seq), hash: mark.hash, epoch: String(mark.epoch) };
  if (known === undefined) {
    const object: MarkObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { ...ledgerMark, labels: { "app.kubernetes.io/part-of": "roster" } },
      data,
    };
    return kube.create(kinds.ConfigMap, object, { fieldManager });
  }
  const { uid, resourceVersion } = known.metadata;
  const patch = { metadata: { uid, resourceVersion }, data };
  return kube.mergePatch<MarkObject>(kinds.ConfigMap, ledgerMark.name, ledgerMark.namespace, patch, { fieldManager });
}
