import type { AgentBinding } from "../api/generated/agent-binding.ts";
import { kinds } from "../api/kinds.ts";
import { toKey } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import type { Informers } from "./kit/informers.ts";

export interface OrphanPorts {
  readonly kube: KubeClient;
  readonly ledger: Ledger;
  readonly informers: Informers;
  readonly log: Log;
}

/**
 * Fires agents whose bindings vanished while nobody watched (a finalizer removed by hand). Absence is proven, not
 * assumed: the list must be complete and not empty, the namespace must still be the same one, and the server must say
 * 404 for that very name. Revoking too late is a hole, revoking by mistake a fleet without agents.
 */
export class Orphans {
  readonly #ports: OrphanPorts;

  constructor(ports: OrphanPorts) {
    this.#ports = ports;
  }

  /** Looks once over all namespaces. Never throws; what could not be proven is left for the next leader. */
  async look(): Promise<void> {
    const { ledger, informers, log } = this.#ports;
    const bindings = informers.cache<AgentBinding>(kinds.AgentBinding);
    if (!bindings.synced || bindings.size === 0) return;
    for (const namespace of [...informers.cache(kinds.Namespace).values()]) {
      try {
        for (const known of await ledger.bindings.list(namespace.metadata.uid)) {
          if (bindings.find(toKey(known.namespace, known.name))?.metadata.uid === known.uid) continue;
          if (await this.#isGone(known.namespace, known.name, known.uid)) {
            await ledger.bindings.fire(known.uid, {
              tenant: known.tenant,
              namespace: known.namespace,
              name: known.name,
              by: "controller",
            });
            log.warn("an agent whose binding had vanished was fired", {
              namespace: known.namespace,
              binding: known.name,
            });
          }
        }
      } catch (thrown) {
        log.info("could not look for vanished bindings", {
          namespace: namespace.metadata.name,
          error: messageOf(thrown),
        });
      }
    }
  }

  async #isGone(namespace: string, name: string, uid: string): Promise<boolean> {
    const object = await this.#ports.kube.find(kinds.AgentBinding, name, namespace);
    if (object !== undefined) return object.metadata.uid !== uid;
    // 404 for the object may also mean that the whole kind is not served (a CRD being replaced).
    const list = await this.#ports.kube.list(kinds.AgentBinding, { namespace, pageSize: 1 });
    return list.items.length > 0;
  }
}
