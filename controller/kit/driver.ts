import type { KindRef } from "../../api/kinds.ts";
import { dispositionOf } from "../../api/reasons.ts";
import type { Condition, Resource, Stored } from "../../api/resource.ts";
import { type Change, keyOf } from "../../kube/cache.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { type Again, Workqueue } from "../../kube/workqueue.ts";
import type { Fence } from "../../ledger/ledger.ts";
import type { Clock, Instant } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf, type Problem } from "../../lib/problem.ts";
import type { Presence } from "../presence.ts";
import { againAfter, conflictMs, isStale, outageMs } from "./again.ts";
import { type CommitPorts, commit } from "./commit.ts";
import { perform } from "./effects.ts";
import { isInForce, matters } from "./matters.ts";
import type { AnyReconciler, Lookup, Mark, Plan, Reader } from "./reconciler.ts";
import { bugId, conditionsOf, conditionsOfThrow, type Ownership, stackOf } from "./status.ts";
import { Writer } from "./writer.ts";

export interface DriverPorts extends CommitPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly reader: Reader;
  readonly presence: Pick<Presence, "isGone">;
  /** The leader's fence while this process leads. */
  fence(): Fence | undefined;
  /** Told of an object that is no more, once the ledger knows too: whom it concerns is looked at. */
  ended(kind: KindRef, object: Stored): void;
}

// What concerns more than these is looked at after what somebody has just changed and waits for.
const fewKeys = 32;
// A plan that asks to be read again five times in a row does not converge: that is a bug, and it waits like one.
const maxAgains = 5;

interface Vanished {
  readonly object: Stored;
  /** Not seen being deleted: only a list lacked it. */
  readonly missed: boolean;
}

/**
 * Drives one reconciler: read · finalizer · gather · decide or release · writes · one status patch · events · drop the
 * finalizer · when again. Only keys are queued, the object is read anew each time, and one key is never worked on twice
 * at once. Without leadership only `narrow` is performed.
 */
export class Driver implements AsyncDisposable {
  readonly kind: KindRef;
  readonly #reconciler: AnyReconciler;
  readonly #ports: DriverPorts;
  readonly #queue: Workqueue;
  readonly #ownership: Ownership;
  readonly #subscriptions: Disposable[] = [];
  /** What was narrowed already: UID → generation and whether it goes; kept until the object is gone. */
  readonly #narrowed = new Map<string, string>();
  /** Objects that are no more and whose end was not yet dealt with, by key. */
  readonly #vanished = new Map<string, readonly Vanished[]>();
  readonly #agains = new Map<string, number>();
  readonly #writer: Writer;

  constructor(reconciler: AnyReconciler, ports: DriverPorts, options: { readonly concurrency: number }) {
    this.kind = reconciler.kind;
    this.#reconciler = reconciler;
    this.#ports = { ...ports, log: ports.log.with({ kind: reconciler.kind.kind }) };
    this.#ownership = { owns: reconciler.owns, ready: reconciler.ready !== false };
    this.#writer = new Writer(reconciler.kind, this.#ownership, ports);
    this.#queue = new Workqueue({
      clock: ports.clock,
      concurrency: options.concurrency,
      // A fleet is looked at anew in the background of what people have just changed; of other kinds there are few.
      lowConcurrency: Math.max(8, Math.ceil(options.concurrency / 8)),
      work: (key) => this.#work(key),
      failed: (key, thrown) =>
        this.#ports.log.error("reconciling failed", { key, error: messageOf(thrown), stack: stackOf(thrown) }),
    });
    this.#queue.pause();
    this.#listen();
  }

  /** Begins to work on what was queued since construction. */
  start(): void {
    this.#queue.resume();
  }

  /** Looks at a key soon, or at a time. */
  enqueue(key: string, at?: Instant): void {
    if (at === undefined) this.#queue.add(key);
    else this.#queue.addAt(key, at);
  }

  /** Looks at those whom an object of `kind` concerns. */
  enqueueConcerned(kind: KindRef, object: Stored): void {
    const lookup = this.#ports.informers.lookup();
    for (const watch of this.#reconciler.watches) {
      if (watch.kind !== kind) continue;
      const keys = watch.keys(object, lookup);
      for (const key of keys) this.#queue.add(key, { low: keys.length > fewKeys });
    }
  }

  /** Looks at every object again (a new leader does): first at those that nobody has brought into force yet. */
  enqueueAll(): void {
    for (const object of this.#ports.informers.cache(this.kind).values())
      this.#queue.add(keyOf(object), { low: isInForce(object) });
  }

  /** Resolves when nothing waits but for a time. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    await this.#queue[Symbol.asyncDispose]();
  }

  #listen(): void {
    const { informers, ledger } = this.#ports;
    const lookup: Lookup = informers.lookup();
    this.#subscriptions.push(informers.cache(this.kind).subscribe((change) => this.#own(change)));
    for (const watch of this.#reconciler.watches) {
      const subscription = informers.cache(watch.kind).subscribe(({ before, after, initial }) => {
        if (watch.relevant !== undefined && !watch.relevant(before, after)) return;
        const keys = new Set<string>();
        if (before !== undefined) for (const key of watch.keys(before, lookup)) keys.add(key);
        if (after !== undefined) for (const key of watch.keys(after, lookup)) keys.add(key);
        const low = initial || (keys.size > fewKeys && watch.urgent !== true);
        for (const key of keys) this.#queue.add(key, { low });
      });
      this.#subscriptions.push(subscription);
    }
    for (const { channel, keys } of this.#reconciler.channels ?? []) {
      this.#subscriptions.push(
        ledger.feed.subscribe(channel, () => {
          for (const key of keys(lookup)) this.#queue.add(key);
        }),
      );
    }
  }

  #own({ key, before, after, own, initial, missed }: Change<Resource>): void {
    if (before !== undefined && before.metadata.uid !== after?.metadata.uid)
      this.#vanished.set(key, [...(this.#vanished.get(key) ?? []), { object: before, missed }]);
    if (own) return;
    const isOfNote = matters(before, after);
    if (after !== undefined && this.#writer.saw(key, after.metadata.resourceVersion, isOfNote)) return;
    if (isOfNote) this.#queue.add(key, { low: initial });
  }

  async #work(key: string): Promise<Again> {
    const { log, informers } = this.#ports;
    const buried = await this.#buryAll(key).catch((thrown: unknown) => {
      if (dispositionOf(thrown) === undefined) throw thrown;
      log.info("what is gone is dealt with later", { key, error: messageOf(thrown) });
      return false;
    });
    const object = informers.cache<Stored>(this.kind).find(key);
    const again: Again = object === undefined ? { kind: "done" } : await this.#live(key, object);
    // Whoever bears the name now is in force: that ends nothing of its predecessor.
    return buried || again.kind === "now" ? again : { kind: "backoff", capMs: outageMs };
  }

  async #live(key: string, object: Stored): Promise<Again> {
    try {
      const again = await this.#reconcile(key, object);
      if (again.kind !== "now") this.#agains.delete(key);
      return again;
    } catch (thrown) {
      return await this.#fail(key, object, thrown, this.#ports.log.with({ key }));
    }
  }

  /** What any replica does for objects that are gone, however they went. False where one's end is not yet certain. */
  async #buryAll(key: string): Promise<boolean> {
    const { presence, informers } = this.#ports;
    const isCertain = async ({ object, missed }: Vanished) =>
      !missed || this.#reconciler.narrow === undefined || (await presence.isGone(this.kind, object));
    for (const vanished of this.#vanished.get(key) ?? []) {
      const { object } = vanished;
      const isBack = () => informers.cache(this.kind).find(key)?.metadata.uid === object.metadata.uid;
      if (!isBack() && !(await isCertain(vanished))) return false;
      if (!isBack()) await this.#bury(object);
      const others = (this.#vanished.get(key) ?? []).filter((one) => one !== vanished);
      if (others.length === 0) this.#vanished.delete(key);
      else this.#vanished.set(key, others);
    }
    return true;
  }

  async #bury(object: Stored): Promise<void> {
    await this.#narrow(object, true);
    const { ledger, fence } = this.#ports;
    const leading = fence();
    // A later leader asks the ledger what it still holds: see Orphans.
    if (leading !== undefined)
      for (const effect of this.#reconciler.ended?.(object) ?? []) await perform(ledger, leading, effect);
    this.#narrowed.delete(object.metadata.uid);
    // Whoever waits for its end may have asked before the ledger knew of it.
    this.#ports.ended(this.kind, object);
  }

  async #narrow(object: Stored, gone: boolean): Promise<void> {
    const { ledger, fence, reader } = this.#ports;
    const { uid, generation } = object.metadata;
    const version = `${generation}/${gone}`;
    if (this.#reconciler.narrow === undefined || this.#narrowed.get(uid) === version) return;
    const effects = this.#reconciler.narrow(object, gone, reader);
    for (const effect of effects) await perform(ledger, fence(), effect);
    if (effects.length > 0) this.#narrowed.set(uid, version);
  }

  async #reconcile(key: string, object: Stored): Promise<Again> {
    const reconciler = this.#reconciler;
    const { clock, log, reader, fence } = this.#ports;
    const deleting =
      object.metadata.deletionTimestamp !== undefined || (reconciler.isDoomed?.(object, reader) ?? false);
    await this.#narrow(object, deleting);
    const leading = fence();
    if (leading === undefined) return { kind: "done" };
    const finalizer = reconciler.finalizer;
    const held = finalizer !== undefined && (object.metadata.finalizers ?? []).includes(finalizer);
    if (deleting && !held) return { kind: "done" };
    if (!deleting && finalizer !== undefined && !held) {
      // Finalizer before the first effect: a delete between the two would leak what the effect made.
      await this.#setFinalizers(key, object, [...(object.metadata.finalizers ?? []), finalizer]);
      return { kind: "now" };
    }
    const snapshot: unknown = await reconciler.gather(object, reader);
    const plan: Plan<Resource> = deleting
      ? reconciler.release!(snapshot, clock.now())
      : reconciler.decide(snapshot, clock.now());
    const { object: current, effective } = await commit(this.kind, object, plan.writes, leading, this.#ports);
    log.debug("reconciled", { key, writes: effective.length, next: plan.next.kind });
    if (plan.next.kind === "again" || (plan.rereads && effective.length > 0)) return this.#onceMore(key);
    const shown = await this.#show(
      key,
      current,
      conditionsOf(plan, this.#ownership),
      plan.status as Record<string, unknown>,
    );
    if (plan.next.kind === "recheck") return { kind: "at", at: plan.next.at };
    if (deleting) {
      await this.#setFinalizers(
        key,
        shown,
        (shown.metadata.finalizers ?? []).filter((name) => name !== finalizer),
      );
    }
    return { kind: "done" };
  }

  #onceMore(key: string): Again {
    const agains = (this.#agains.get(key) ?? 0) + 1;
    this.#agains.set(key, agains);
    return agains > maxAgains ? { kind: "backoff" } : { kind: "now" };
  }

  async #show(
    key: string,
    object: Stored,
    marks: readonly Mark[],
    fields: Readonly<Record<string, unknown>>,
  ): Promise<Stored> {
    const written = await this.#writer.show(key, object, marks, fields);
    if (written.overtaken) this.#queue.add(key);
    return written.object;
  }

  async #setFinalizers(key: string, object: Stored, finalizers: readonly string[]): Promise<void> {
    const written = await this.#writer.setFinalizers(key, object, finalizers);
    if (written.overtaken) this.#queue.add(key);
  }

  async #fail(key: string, object: Stored, thrown: unknown, log: Log): Promise<Again> {
    const { clock, fence } = this.#ports;
    // The watch brings what we did not know; the timer is for a change that it brought before we began.
    if (isStale(thrown)) return { kind: "at", at: clock.now() + conflictMs };
    const failures = this.#queue.failuresOf(key) + 1;
    const disposition = dispositionOf(thrown);
    if (disposition === undefined) {
      log.error("a bug", { id: bugId(thrown), error: messageOf(thrown), stack: stackOf(thrown) });
    } else {
      log.info("not yet in force", { reason: (thrown as Problem).reason, error: messageOf(thrown), failures });
    }
    const current = (object as { status?: { conditions?: readonly Condition[] } }).status?.conditions ?? [];
    const marks = conditionsOfThrow(thrown, this.#ownership, current, failures);
    if (marks !== undefined && fence() !== undefined) {
      await this.#show(key, object, marks, {}).catch((second: unknown) => {
        log.debug("could not show why", { error: messageOf(second) });
      });
    }
    return againAfter(thrown, clock.now());
  }
}
