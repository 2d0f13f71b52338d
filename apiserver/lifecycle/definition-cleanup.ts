import { isDeepStrictEqual } from "node:util";
import { toRfc3339 } from "../../lib/clock.ts";
import { bucketOf, specOf } from "../kinds/custom.ts";
import { deletion, isTrue, type Mark, withMark } from "../kinds/definition-conditions.ts";
import { cleanupFinalizer, crdBucket } from "../kinds/definition-names.ts";
import type { Api } from "../rest/api.ts";
import { deleteObject } from "../rest/delete.ts";
import { trackFields } from "../rest/fields.ts";
import { type Change, type KubeObject, parse } from "../store/entry.ts";
import { controllerUser } from "./controller-user.ts";
import { WorkQueue } from "./work-queue.ts";

const user = controllerUser("customresourcedefinition-finalizer");
const plainDeletion = { dryRun: false, propagation: undefined, uid: undefined, resourceVersion: undefined } as const;

/** Deletes the objects of a CustomResourceDefinition that is being deleted, and lets it go when none is left. */
export class DefinitionCleanup implements AsyncDisposable {
  readonly #api: Api;
  readonly #queue: WorkQueue;
  readonly #subscription: Disposable;
  readonly #terminating = new Map<string, string>();

  constructor(api: Api) {
    this.#api = api;
    this.#queue = new WorkQueue({ work: (name) => this.#settle(name), clock: api.clock, log: api.log });
    for (const entry of api.store.list(crdBucket)) this.#queue.add(entry.key);
    this.#subscription = api.store.subscribe((change) => this.#see(change));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await this.#queue[Symbol.asyncDispose]();
  }

  #see({ entry, type }: Change): void {
    if (entry.bucket === crdBucket && type !== "DELETED") this.#queue.add(entry.key);
    const waiting = this.#terminating.get(entry.bucket);
    if (waiting && type === "DELETED") this.#queue.add(waiting);
  }

  async #settle(name: string): Promise<void> {
    const entry = this.#api.store.find(crdBucket, name);
    const crd = entry && parse(entry);
    if (!crd?.metadata.deletionTimestamp || !crd.metadata.finalizers?.includes(cleanupFinalizer)) return;
    await this.#write(name, (live, now) => withMark(live, deletion.inProgress, now));
    if (!isTrue(crd, "Established")) return this.#release(name, deletion.neverEstablished);
    const bucket = bucketOf(specOf(crd));
    const kind = this.#api.registry.ofBucket(bucket);
    this.#terminating.set(bucket, name);
    for (const one of kind ? this.#api.store.list(bucket) : []) {
      const { name: object, namespace = "", deletionTimestamp } = parse(one).metadata;
      if (!deletionTimestamp && kind) await deleteObject(this.#api, kind, namespace, object, user, plainDeletion);
    }
    if (this.#api.store.count(bucket) > 0) return;
    this.#terminating.delete(bucket);
    return this.#release(name, deletion.completed);
  }

  /** Says how it ended and lets the definition go. */
  #release(name: string, end: Mark): Promise<void> {
    return this.#write(name, (live, now) => {
      const left = (live.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer);
      const { finalizers: _old, ...metadata } = live.metadata;
      if (left.length === 0) return undefined;
      return withMark({ ...live, metadata: { ...metadata, finalizers: left } }, end, now);
    });
  }

  /** Writes the status of a definition that is being deleted, or removes it. */
  async #write(name: string, change: (live: KubeObject, now: string) => KubeObject | undefined): Promise<void> {
    await this.#api.store.write<KubeObject | undefined>(crdBucket, name, (live) => {
      if (!live?.metadata.deletionTimestamp || !live.metadata.finalizers?.includes(cleanupFinalizer))
        return { keep: live };
      const now = toRfc3339(this.#api.clock.now());
      const next = change(structuredClone(live), now);
      if (!next) return { remove: live };
      if (isDeepStrictEqual(next, live)) return { keep: live };
      const kind = this.#api.registry.ofBucket(crdBucket);
      if (kind) trackFields(kind, live, next, { manager: "kube-apiserver", subresource: "status", now });
      return { put: next };
    });
  }
}
