import { apiVersionOf, type KindRef, kinds } from "../api/kinds.ts";
import { problem } from "../api/reasons.ts";
import type { KubeClient } from "../kube/client.ts";
import { statusOf } from "../kube/connect.ts";
import { groupOf } from "./object-key.ts";

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** Finds out how a server addresses a kind. Asks discovery once per group and version; a kind that is missing is asked for again. */
export class KindResolver {
  readonly #kube: KubeClient;
  readonly #lists = new Map<string, ResourceList>();

  constructor(kube: KubeClient) {
    this.#kube = kube;
  }

  /** Throws NotFound where the server does not serve the kind. */
  async resolve(apiVersion: string, kind: string): Promise<KindRef> {
    const known = Object.values(kinds).find((ref) => ref.kind === kind && apiVersionOf(ref) === apiVersion);
    if (known) return known;
    const cached = this.#lists.get(apiVersion);
    const found = this.#pick(cached, kind) ?? this.#pick(await this.#ask(apiVersion), kind);
    if (!found) throw problem("NotFound", `the server has no kind "${kind}" in ${apiVersion}`);
    const group = groupOf(apiVersion);
    const version = group === "" ? apiVersion : apiVersion.slice(group.length + 1);
    return { group, version, kind, plural: found.name, namespaced: found.namespaced };
  }

  /** For a kind known by its group only: in the version that the server prefers. */
  async resolveGroupKind(group: string, kind: string): Promise<KindRef> {
    const known = Object.values(kinds).find((ref) => ref.kind === kind && ref.group === group);
    if (known) return known;
    if (group === "") return this.resolve("v1", kind);
    const { preferredVersion } = await this.#kube.raw<{ preferredVersion: { groupVersion: string } }>(
      "GET",
      `/apis/${group}`,
    );
    return this.resolve(preferredVersion.groupVersion, kind);
  }

  #pick(list: ResourceList | undefined, kind: string) {
    // Subresources are listed beside their kind as `name/status`.
    return list?.resources?.find((resource) => resource.kind === kind && !resource.name.includes("/"));
  }

  async #ask(apiVersion: string): Promise<ResourceList> {
    try {
      const list = await this.#kube.raw<ResourceList>(
        "GET",
        apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`,
      );
      this.#lists.set(apiVersion, list);
      return list;
    } catch (thrown) {
      if (statusOf(thrown) === 404) return {};
      throw thrown;
    }
  }
}
