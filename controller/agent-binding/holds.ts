import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { Cache } from "../../kube/cache.ts";
import type { Presence } from "../presence.ts";
import type { Departures } from "./departures.ts";
import { type Hold, releaseAnnotation } from "./snapshot.ts";

export interface HoldPorts {
  readonly departures: Pick<Departures, "holdOn">;
  readonly presence: Pick<Presence, "standingOf">;
  readonly namespaces: Cache<Stored>;
  readonly bindings: Pick<Cache<AgentBinding>, "countBy">;
}

/**
 * Says where offboarding waits for a person's word: many agents of a namespace went at once, or the namespace or the
 * definition of the kind goes. The word is an annotation on the namespace.
 */
export class Holds {
  readonly #ports: HoldPorts;

  constructor(ports: HoldPorts) {
    this.#ports = ports;
  }

  /** What holds a namespace now, where somebody leaves it. */
  async on(namespace: string): Promise<Hold | undefined> {
    const { presence } = this.#ports;
    if (this.#isReleased(namespace)) return undefined;
    const known = this.#known(namespace);
    if (known !== undefined) return known;
    // Asked, not watched: by the time that a binding goes, its definition does or does not.
    return (await presence.standingOf(kinds.AgentBinding)) === "terminating" ? { kind: "definition" } : undefined;
  }

  /** Every namespace that is held now. */
  async list(): Promise<readonly string[]> {
    const { namespaces, bindings, presence } = this.#ports;
    const names = [...namespaces.keys()].filter((name) => !this.#isReleased(name));
    const isLeft = names.some((name) => bindings.countBy("deleting", name) > 0);
    if (isLeft && (await presence.standingOf(kinds.AgentBinding)) === "terminating") return names;
    return names.filter((name) => this.#known(name) !== undefined);
  }

  #isReleased(namespace: string): boolean {
    return this.#ports.namespaces.find(namespace)?.metadata.annotations?.[releaseAnnotation] === "true";
  }

  #known(namespace: string): Hold | undefined {
    const { departures, namespaces } = this.#ports;
    if (namespaces.find(namespace)?.metadata.deletionTimestamp !== undefined) return { kind: "namespace" };
    return departures.holdOn(namespace);
  }
}
