import { type KindRef, kinds } from "../api/kinds.ts";
import type { Condition, Resource, Stored } from "../api/resource.ts";
import type { KubeClient } from "../kube/client.ts";
import { statusOf } from "../kube/connect.ts";

interface Definition extends Resource {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** How the definition of a kind stands. `unknown`: we may not ask, where there are only Roles. */
export type Standing = "established" | "terminating" | "missing" | "unknown";

const rosterGroup = "roster.dev";

/** The name of the CustomResourceDefinition of a kind. */
export function definitionOf(kind: KindRef): string {
  return `${kind.plural}.${kind.group}`;
}

/**
 * Asks the API server itself whether something is there, where a cache that lacks it proves nothing: a list may be empty
 * because the definition is being replaced, and firing a fleet by mistake leaves nobody at work. Never answers from memory.
 */
export class Presence {
  readonly #kube: KubeClient;
  readonly #definitions: boolean;
  readonly #asking = new Map<string, Promise<Standing>>();
  readonly #waiting = new Map<string, Promise<Standing>>();

  /** `definitions`: whether we may read them. */
  constructor(kube: KubeClient, options: { readonly definitions: boolean }) {
    this.#kube = kube;
    this.#definitions = options.definitions;
  }

  /** How the definition stands now. Callers that come while another asks share the next question. */
  standingOf(kind: KindRef): Promise<Standing> {
    if (!this.#definitions) return Promise.resolve("unknown");
    const name = definitionOf(kind);
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) return waiting;
    const next = this.#askNext(name);
    this.#waiting.set(name, next);
    return next;
  }

  /** True for an object that is surely no more: the definition is in force and the name is free or another's. */
  async isGone(kind: KindRef, { metadata }: Stored): Promise<boolean> {
    const found = await this.#kube.find(kind, metadata.name, metadata.namespace);
    if (found !== undefined) return found.metadata.uid !== metadata.uid;
    return this.#vouches(kind, metadata.namespace);
  }

  /** UIDs of all objects of a kind in a namespace; undefined where what is missing there proves nothing. */
  async listUids(kind: KindRef, namespace: string): Promise<ReadonlySet<string> | undefined> {
    const { items } = await this.#kube.list(kind, { namespace });
    if (items.length === 0 && !(await this.#vouches(kind, namespace))) return undefined;
    return new Set(items.map(({ metadata }) => metadata.uid));
  }

  /** True where an object that the server does not find does not exist. */
  async #vouches(kind: KindRef, namespace: string | undefined): Promise<boolean> {
    if (kind.group !== rosterGroup) return true;
    const standing = await this.standingOf(kind);
    if (standing !== "unknown") return standing === "established";
    // Without the right to ask, others of the kind show that it is served.
    const { items } = await this.#kube.list(kind, { pageSize: 1, ...(namespace === undefined ? {} : { namespace }) });
    return items.length > 0;
  }

  async #askNext(name: string): Promise<Standing> {
    // A question that is under way may have been answered before its caller saw what it asks about.
    await this.#asking.get(name)?.catch(() => undefined);
    this.#waiting.delete(name);
    const asking = this.#ask(name);
    this.#asking.set(name, asking);
    return asking;
  }

  async #ask(name: string): Promise<Standing> {
    try {
      const found = await this.#kube.find<Definition>(kinds.CustomResourceDefinition, name);
      if (found === undefined) return "missing";
      if (found.metadata.deletionTimestamp !== undefined) return "terminating";
      const established = found.status?.conditions?.some(
        ({ type, status }) => type === "Established" && status === "True",
      );
      return established ? "established" : "missing";
    } catch (thrown) {
      if (statusOf(thrown) === 403) return "unknown";
      throw thrown;
    }
  }
}
