import { kinds } from "../api/kinds.ts";
import type { KubeClient } from "../kube/client.ts";
import type { BindingState, Fence, Ledger } from "../ledger/ledger.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import type { Presence } from "./presence.ts";

export interface OrphanPorts {
  readonly kube: KubeClient;
  readonly ledger: Ledger;
  readonly presence: Presence;
  readonly log: Log;
  /** Told of each that was fired, so that whoever waited for its place is looked at again. */
  fired(binding: BindingState): void;
  /** Told of each namespace in which a stop was lifted, so that its agents say so. */
  lifted(namespace: string): void;
}

/**
 * Lifts stops whose objects vanished, and fires agents whose bindings vanished while nobody watched (a finalizer removed by
 * hand, a namespace forced away). Absence is proven, not assumed: by a complete list under an established definition, taken
 * after the ledger was asked.
 * Revoking too late is a hole, revoking by mistake a fleet without agents.
 */
export class Orphans {
  readonly #ports: OrphanPorts;

  constructor(ports: OrphanPorts) {
    this.#ports = ports;
  }

  /**
   * Looks once at everybody whom the ledger knows, as the leader of `fence`. Never throws; what could not be proven is left
   * for the next leader.
   */
  async look(fence: Fence): Promise<void> {
    const { ledger, log } = this.#ports;
    const tenants = await ledger.bindings.listTenants().catch((thrown: unknown) => {
      log.info("could not look for vanished bindings", { error: messageOf(thrown) });
      return [];
    });
    for (const { tenant, namespace } of tenants) {
      try {
        await this.#lookAt(tenant, namespace);
        await this.#liftStops(fence, tenant, namespace);
      } catch (thrown) {
        log.info("could not look for vanished bindings", { namespace, error: messageOf(thrown) });
      }
    }
  }

  async #lookAt(tenant: string, namespace: string): Promise<void> {
    const { kube, ledger, log, presence, fired } = this.#ports;
    // First the ledger: whoever is hired after this is not missing from the list below.
    const hired = await ledger.bindings.list(tenant);
    const found = await kube.find(kinds.Namespace, namespace);
    // A namespace of the same name is another one: nothing of the former is left in it.
    const isSame = found?.metadata.uid === tenant;
    const living = await presence.listUids(kinds.AgentBinding, namespace);
    if (living === undefined) return;
    for (const binding of hired) {
      if (living.has(binding.uid)) continue;
      const { uid, name } = binding;
      await ledger.bindings.fire(uid, { tenant, namespace, name, by: "controller" });
      log.warn(
        isSame ? "an agent whose binding had vanished was fired" : "an agent whose namespace had vanished was fired",
        { namespace, binding: name },
      );
      fired(binding);
    }
  }

  async #liftStops(fence: Fence, tenant: string, namespace: string): Promise<void> {
    const { ledger, log, presence, lifted } = this.#ports;
    const stops = await ledger.catalog.listStops(tenant);
    const standing = stops.length === 0 ? undefined : await presence.listUids(kinds.AgentStop, namespace);
    if (standing === undefined) return;
    for (const uid of stops) {
      if (standing.has(uid)) continue;
      await ledger.catalog.dropStop(fence, uid);
      log.info("a stop whose object had vanished was lifted", { namespace, uid });
      lifted(namespace);
    }
  }
}
