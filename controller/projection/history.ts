import type { AgentRun } from "../../api/generated/agent-run.ts";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import { isFinished } from "../../api/run-life.ts";
import { type Cache, type Change, toKey } from "../../kube/cache.ts";
import type { KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import { type Again, Workqueue } from "../../kube/workqueue.ts";
import type { Fence, Ledger } from "../../ledger/ledger.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";
import type { Informers } from "../kit/informers.ts";
import { policyOf, toPrune, triggerLabel } from "./window.ts";

export interface HistoryPorts {
  readonly client: KubeClient;
  readonly ledger: Ledger;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Log;
  fence(): Fence | undefined;
}

/**
 * Keeps as many finished windows per binding and trigger as the trigger asks for. Windows go, rows never do. Looks at a
 * binding's windows when one of them is seen to have finished; requests are their makers' and are left alone.
 */
export class History implements AsyncDisposable {
  readonly #ports: HistoryPorts;
  readonly #windows: Cache<AgentRun>;
  readonly #queue: Workqueue;
  readonly #subscription: Disposable;

  constructor(ports: HistoryPorts) {
    this.#ports = ports;
    this.#windows = ports.informers.cache<AgentRun>(kinds.AgentRun);
    this.#queue = new Workqueue({
      clock: ports.clock,
      concurrency: 2,
      work: (group) => this.#work(group),
      failed: (group, thrown) => ports.log.info("windows are pruned later", { group, error: messageOf(thrown) }),
    });
    this.#subscription = this.#windows.subscribe((change) => this.#changed(change));
  }

  /** Looks at the windows of every binding: a new leader does. */
  enqueueAll(): void {
    for (const window of this.#windows.values()) this.#add(window);
  }

  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await this.#queue[Symbol.asyncDispose]();
  }

  #changed({ before, after }: Change<AgentRun>): void {
    if (after === undefined || before?.status?.phase === after.status?.phase) return;
    this.#add(after);
  }

  #add({ metadata, spec, status }: Stored<AgentRun>): void {
    if (spec.runID === undefined || status?.phase === undefined || !isFinished(status.phase)) return;
    this.#queue.add(`${toKey(metadata.namespace, spec.bindingRef.name)}|${metadata.labels?.[triggerLabel] ?? ""}`);
  }

  async #work(group: string): Promise<Again> {
    const { client, ledger, fence } = this.#ports;
    if (fence() === undefined) return { kind: "done" };
    const bar = group.indexOf("|");
    const trigger = group.slice(bar + 1);
    const windows = this.#windows
      .listBy("binding", group.slice(0, bar))
      .filter(({ spec, metadata }) => spec.runID !== undefined && (metadata.labels?.[triggerLabel] ?? "") === trigger);
    const newest = windows.toSorted((a, b) => (a.spec.runID! < b.spec.runID! ? 1 : -1))[0];
    const run = newest && (await ledger.runs.find(newest.spec.runID!));
    if (run === undefined) return { kind: "done" };
    for (const { metadata } of toPrune(windows, policyOf(run))) {
      try {
        await client.delete(kinds.AgentRun, metadata.name, metadata.namespace, { uid: metadata.uid });
      } catch (thrown) {
        if (![404, 409].includes(statusOf(thrown) ?? 0)) throw thrown;
      }
    }
    return { kind: "done" };
  }
}
