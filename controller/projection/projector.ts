import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import { isFinished } from "../../api/run-life.ts";
import { type Cache, toKey } from "../../kube/cache.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import type { Fence, Ledger, RunRecord } from "../../ledger/ledger.ts";
import type { Clock, Instant } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";
import { fieldManager } from "../kit/commit.ts";
import type { Driver } from "../kit/driver.ts";
import type { Informers } from "../kit/informers.ts";
import type { Pulse } from "./pulse.ts";
import { Throttle } from "./throttle.ts";
import { needsAttention, policyOf, toWindow } from "./window.ts";

export interface ProjectorPorts {
  readonly client: KubeClient;
  readonly ledger: Ledger;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Log;
  /** The driver of AgentRun, which shows what the projector points it to. */
  readonly runs: Driver;
  readonly pulse: Pulse;
  fence(): Fence | undefined;
}

const cursorName = "projector";
const pageSize = 500;
// A run that starts and ends within this costs one status write instead of three.
const coalesceMs = 150;
// The feed serves speed; this makes sure.
const pollMs = 5_000;
const saveMs = 2_000;
// A refused window is tried again for so long: a right that is granted again, caches that are cold, a full quota.
const refusedMs = 300_000;
const maxRefused = 1_000;

/**
 * Follows the ledger's runs in commit order and makes them seen: a window for each run that nobody asked for by an
 * object, a nudge for the object that shows it, and a pulse for the sums. Deleting a window never brings it back.
 */
export class Projector implements AsyncDisposable {
  readonly #ports: ProjectorPorts;
  readonly #windows: Cache<AgentRun>;
  readonly #throttle: Throttle;
  readonly #subscription: Disposable;
  /** Runs whose window the API server refused: when to try again, and until when. */
  readonly #refused = new Map<string, { readonly at: Instant; readonly until: Instant }>();
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #position: { readonly epoch: number; cursor: number; savedAt: number; saved: number } | undefined;

  constructor(ports: ProjectorPorts) {
    this.#ports = ports;
    this.#windows = ports.informers.cache<AgentRun>(kinds.AgentRun);
    this.#throttle = new Throttle(ports.clock, { perSecond: 5, burst: 50 });
    this.#subscription = ports.ledger.feed.subscribe("runs", () => this.wake());
    this.#arm();
  }

  /** Looks for changes now. Calls while it looks are made up for afterwards. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#running !== undefined) {
      this.#again = true;
      return;
    }
    this.#running = this.#follow().finally(() => {
      this.#running = undefined;
      if (this.#again) {
        this.#again = false;
        this.wake();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#subscription[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  #arm(): void {
    this.#timer = this.#ports.clock.after(pollMs, () => {
      this.wake();
      this.#arm();
    });
  }

  async #follow(): Promise<void> {
    const { ledger, clock, log, fence } = this.#ports;
    const leading = fence();
    if (leading === undefined) return;
    try {
      if (this.#position?.epoch !== leading.epoch) {
        const cursor = await ledger.runs.cursor(cursorName);
        this.#position = { epoch: leading.epoch, cursor, savedAt: clock.now(), saved: cursor };
        await this.#sweepDeleted();
      }
      const position = this.#position;
      for (;;) {
        const page = await ledger.runs.changedSince(position.cursor, pageSize);
        for (const run of page) await this.#project(run);
        const last = page.at(-1);
        if (last !== undefined) position.cursor = last.changeSeq;
        if (page.length < pageSize || this.#stopped) break;
      }
      await this.#openRefused();
      if (position.cursor > position.saved && clock.now() - position.savedAt >= saveMs) {
        await ledger.runs.saveCursor(leading, cursorName, position.cursor);
        position.saved = position.cursor;
        position.savedAt = clock.now();
      }
    } catch (thrown) {
      // Whatever it was, the cursor stands before it, and the poll tries again.
      log.info("projection is behind", { error: messageOf(thrown) });
    }
  }

  async #project(run: RunRecord): Promise<void> {
    const { clock, runs, pulse } = this.#ports;
    const key = toKey(run.namespace, run.objectName);
    pulse.runChanged(run.namespace, run.bindingName, run.triggerUid);
    if (run.objectUid === undefined && run.windowState === undefined) await this.#open(run);
    runs.enqueue(key, isFinished(run.phase) ? undefined : clock.now() + coalesceMs);
  }

  /** Makes the window, unless nobody wants it or the namespace has so many that only what needs attention is shown. */
  async #open(run: RunRecord): Promise<void> {
    const { client, ledger, informers } = this.#ports;
    const policy = policyOf(run);
    if (policy.show === "Attention" && !needsAttention(run)) return;
    const binding = informers.cache(kinds.AgentBinding).find(toKey(run.namespace, run.bindingName));
    // Of a fired agent nothing is shown any more: its windows went with it.
    if (binding?.metadata.uid !== run.bindingUid || binding.metadata.deletionTimestamp !== undefined) return;
    if (!needsAttention(run) && !this.#throttle.take(run.namespace)) return;
    try {
      informers.assume(kinds.AgentRun, await client.create(kinds.AgentRun, toWindow(run, binding), { fieldManager }));
    } catch (thrown) {
      const status = statusOf(thrown);
      const leaving = informers.cache(kinds.Namespace).find(run.namespace)?.metadata.deletionTimestamp !== undefined;
      if (status === 403 && !leaving && this.#postpone(run)) return;
      // 409: made before a crash. 403, 404: the namespace goes away.
      if (![403, 404, 409].includes(status ?? 0)) throw thrown;
    }
    this.#refused.delete(run.id);
    await ledger.runs.markWindow(run.id, "shown");
  }

  /** Remembers a refused window for later; false when it was tried long enough. Others are not kept waiting by it. */
  #postpone({ id }: RunRecord): boolean {
    const now = this.#ports.clock.now();
    const until = this.#refused.get(id)?.until ?? now + refusedMs;
    this.#refused.delete(id);
    if (now >= until || this.#refused.size >= maxRefused) return false;
    this.#refused.set(id, { at: now + pollMs, until });
    return true;
  }

  async #openRefused(): Promise<void> {
    const { clock, ledger } = this.#ports;
    for (const [id, { at }] of this.#refused) {
      if (at > clock.now()) continue;
      const run = await ledger.runs.find(id);
      if (run?.windowState === undefined && run !== undefined) await this.#project(run);
      else this.#refused.delete(id);
    }
  }

  /** Windows of unfinished runs that were deleted while nobody watched: deleting one cancels its run. */
  async #sweepDeleted(): Promise<void> {
    const { ledger } = this.#ports;
    const open = await ledger.runs.list({ phases: ["Queued", "Running", "Waiting"], limit: 10_000 });
    for (const run of open) {
      if (run.windowState !== "shown" && run.objectUid === undefined) continue;
      const object = this.#windows.find(toKey(run.namespace, run.objectName));
      const there = run.objectUid === undefined ? object !== undefined : object?.metadata.uid === run.objectUid;
      // An empty cache of windows proves nothing; a single missing one beside others does.
      if (there || this.#windows.size === 0) continue;
      await ledger.runs.cancel(run.id, "kubernetes-api", "the AgentRun was deleted");
      if (run.objectUid === undefined) await ledger.runs.markWindow(run.id, "gone");
    }
  }
}
