import { setImmediate as nextTurn } from "node:timers/promises";
import { copyJson } from "../../lib/json.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { controllerUser } from "../lifecycle/controller-user.ts";
import { WorkQueue } from "../lifecycle/work-queue.ts";
import type { Api } from "../rest/api.ts";
import { deleteObject } from "../rest/delete.ts";
import type { Propagation } from "../rest/delete-options.ts";
import { toServed } from "../rest/present.ts";
import { updateObject } from "../rest/update.ts";
import { type Change, type KubeObject, keyOf, type Owner, parse } from "../store/entry.ts";
import { idOf, isTerminating, OwnerIndex, ownersOf, type Place, placeOf } from "./owner-index.ts";

const user = controllerUser("generic-garbage-collector");
const foreground = "foregroundDeletion";
const orphan = "orphan";
// The event loop goes on after this many dependents.
const turnEvery = 250;

/**
 * Deletes what nobody owns any more, as Kubernetes' garbage collector does.
 *
 *   owner gone            → dependents without another owner are deleted, the others lose the reference
 *   finalizer foreground  → dependents are deleted first; the finalizer goes when none is left that blocks
 *   finalizer orphan      → dependents lose the reference; then the finalizer goes
 */
export class GarbageCollector implements AsyncDisposable {
  readonly #api: Api;
  readonly #index = new OwnerIndex();
  readonly #queue: WorkQueue;
  readonly #subscription: Disposable;

  constructor(api: Api) {
    this.#api = api;
    this.#queue = new WorkQueue({ work: (id) => this.#settle(placeOf(id)), clock: api.clock, log: api.log });
    for (const bucket of api.store.buckets()) {
      for (const entry of api.store.list(bucket)) {
        const owned = this.#index.put(entry, entry);
        if (owned || entry.bytes.includes('"deletionTimestamp"')) this.#queue.add(idOf(entry));
      }
    }
    this.#subscription = api.store.subscribe((change) => this.#see(change));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await this.#queue[Symbol.asyncDispose]();
  }

  #see(change: Change): void {
    const { entry, type, previous } = change;
    const owned = this.#index.put(entry, type === "DELETED" ? undefined : entry);
    if (type !== "DELETED") {
      if (owned || isTerminating(change)) this.#queue.add(idOf(entry));
    } else if (!this.#index.empty) {
      for (const place of this.#index.dependentsOf(parse(entry).metadata.uid ?? "")) this.#queue.add(idOf(place));
    }
    if (owned && previous) this.#wakeOwners(ownersOf(previous), entry.key);
  }

  /** An owner that waits can go on when the last dependent that held it has gone or let go. */
  #wakeOwners(owners: readonly Owner[], dependentKey: string): void {
    for (const owner of owners) {
      if (!owner.blockOwnerDeletion || this.#index.isBlocked(owner.uid)) continue;
      const found = this.#findOwner(owner, dependentKey);
      if (found?.object.metadata.deletionTimestamp) this.#queue.add(idOf(found.place));
    }
  }

  /** Brings one object to rest: as a dependent of its owners, and as an owner that is going. */
  async #settle(place: Place): Promise<void> {
    const kind = this.#api.registry.ofBucket(place.bucket);
    const entry = this.#api.store.find(place.bucket, place.key);
    if (!kind || !entry) return;
    const object = toServed(kind, entry);
    const finalizers = object.metadata.finalizers ?? [];
    if (object.metadata.deletionTimestamp) {
      if (finalizers.includes(orphan)) return this.#release(kind, object);
      if (finalizers.includes(foreground)) return this.#deleteDependents(kind, object);
      return;
    }
    if (object.metadata.ownerReferences) await this.#judge(kind, place, object);
  }

  async #judge(kind: ServedKind, place: Place, object: KubeObject): Promise<void> {
    const owners = (object.metadata.ownerReferences ?? []).map((owner) => ({
      owner,
      state: this.#stateOf(owner, place.key),
    }));
    // With another owner it need not go with those that are going, and they need not wait for it.
    const gone = owners.filter(({ state }) => state !== "solid");
    const solid = owners.filter(({ state }) => state === "solid");
    if (solid.length > 0) {
      if (gone.length > 0) await this.#dropOwners(kind, object, new Set(gone.map(({ owner }) => owner.uid)));
      return;
    }
    if (gone.length === 0 && !owners.some(({ state }) => state === "waiting")) return;
    const waits =
      owners.some(({ state }) => state === "waiting") && this.#index.hasDependents(object.metadata.uid ?? "");
    await this.#delete(kind, object, waits ? "Foreground" : policyOf(object));
  }

  async #deleteDependents(kind: ServedKind, owner: KubeObject): Promise<void> {
    const uid = owner.metadata.uid ?? "";
    // Each is judged while its owner still waits: one with another owner lets go of this one.
    for (const [index, place] of this.#index.dependentsOf(uid).entries()) {
      if (index % turnEvery === turnEvery - 1) await nextTurn();
      const kindOf = this.#api.registry.ofBucket(place.bucket);
      const entry = this.#api.store.find(place.bucket, place.key);
      const dependent = kindOf && entry && toServed(kindOf, entry);
      if (dependent && !dependent.metadata.deletionTimestamp) await this.#judge(kindOf, place, dependent);
      this.#queue.add(idOf(place));
    }
    if (this.#index.isBlocked(uid)) return;
    await this.#dropFinalizer(kind, owner, foreground);
  }

  async #release(kind: ServedKind, owner: KubeObject): Promise<void> {
    const uid = owner.metadata.uid ?? "";
    for (const [index, place] of this.#index.dependentsOf(uid).entries()) {
      if (index % turnEvery === turnEvery - 1) await nextTurn();
      const dependentKind = this.#api.registry.ofBucket(place.bucket);
      const entry = this.#api.store.find(place.bucket, place.key);
      if (dependentKind && entry) await this.#dropOwners(dependentKind, toServed(dependentKind, entry), new Set([uid]));
    }
    await this.#dropFinalizer(kind, owner, orphan);
  }

  /** solid: it is there · waiting: it is going and waits for its dependents · absent: there is none of that UID. */
  #stateOf(owner: Owner, dependentKey: string): "solid" | "waiting" | "absent" {
    // A kind that is not served here cannot be judged, so its objects are taken to exist.
    if (!this.#api.registry.findKind(owner.apiVersion, owner.kind)) return "solid";
    const found = this.#findOwner(owner, dependentKey);
    if (!found) return "absent";
    const { deletionTimestamp, finalizers } = found.object.metadata;
    return deletionTimestamp && finalizers?.includes(foreground) ? "waiting" : "solid";
  }

  #findOwner(owner: Owner, dependentKey: string): { readonly place: Place; readonly object: KubeObject } | undefined {
    const kind = this.#api.registry.findKind(owner.apiVersion, owner.kind);
    if (!kind) return undefined;
    const namespace = dependentKey.includes("/") ? dependentKey.slice(0, dependentKey.indexOf("/")) : "";
    const key = kind.namespaced ? keyOf(namespace, owner.name) : owner.name;
    const entry = this.#api.store.find(kind.bucket, key);
    const object = entry && parse(entry);
    return object?.metadata.uid === owner.uid && object ? { place: { bucket: kind.bucket, key }, object } : undefined;
  }

  async #delete(kind: ServedKind, object: KubeObject, propagation: Propagation): Promise<void> {
    const { namespace = "", name, uid } = object.metadata;
    const options = { dryRun: false, propagation, uid, resourceVersion: undefined };
    await ignoringLoss(() => deleteObject(this.#api, kind, kind.namespaced ? namespace : "", name, user, options));
  }

  async #dropOwners(kind: ServedKind, object: KubeObject, uids: ReadonlySet<string>): Promise<void> {
    await this.#change(kind, object, (live) => {
      const left = (live.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
      if (left.length > 0) live.metadata.ownerReferences = left;
      else delete live.metadata.ownerReferences;
    });
  }

  async #dropFinalizer(kind: ServedKind, object: KubeObject, finalizer: string): Promise<void> {
    await this.#change(kind, object, (live) => {
      const left = (live.metadata.finalizers ?? []).filter((name) => name !== finalizer);
      if (left.length > 0) live.metadata.finalizers = left;
      else delete live.metadata.finalizers;
    });
  }

  async #change(kind: ServedKind, object: KubeObject, edit: (live: KubeObject) => void): Promise<void> {
    const { namespace = "", name, uid } = object.metadata;
    const options = { dryRun: false, fieldManager: "generic-garbage-collector" };
    const context = {
      namespace,
      name,
      user,
      options,
      warnings: [],
      subresource: "",
      mayCreate: false,
      replaces: false,
    };
    await ignoringLoss(() =>
      updateObject(this.#api, kind, context, (live) => {
        const object = copyJson(live!);
        if (object.metadata.uid === uid) edit(object);
        return { object, tracked: false };
      }),
    );
  }
}

function policyOf(object: KubeObject): Propagation {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(orphan)) return "Orphan";
  return finalizers.includes(foreground) ? "Foreground" : "Background";
}

/** Somebody else deleted or replaced the object meanwhile: what was to be done is done. */
async function ignoringLoss(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const { reason } = error as { reason?: string };
    if (reason !== "NotFound" && reason !== "Conflict") throw error;
  }
}
