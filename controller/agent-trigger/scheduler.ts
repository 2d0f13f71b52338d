import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentTrigger } from "../../api/generated/agent-trigger.ts";
import { kinds } from "../../api/kinds.ts";
import { dispositionOf } from "../../api/reasons.ts";
import type { Stored } from "../../api/resource.ts";
import { type Cache, type Change, keyOf } from "../../kube/cache.ts";
import type { EventRecorder } from "../../kube/events.ts";
import { type Again, Workqueue } from "../../kube/workqueue.ts";
import type { Fence, Ledger } from "../../ledger/ledger.ts";
import { type Clock, type Instant, toRfc3339 } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";
import { compileSchedule, dueFire, jitterOf, type Schedule } from "../../policy/schedule.ts";
import type { Informers } from "../kit/informers.ts";
import type { Lookup } from "../kit/reconciler.ts";
import { toRequest } from "./request.ts";
import { isWorking, targetsOf, triggersOf } from "./targets.ts";

interface Armed {
  readonly epoch: number;
  readonly fingerprint: string;
  readonly armedAt: Instant;
  readonly lastFired: Instant | undefined;
  /** The last instant that was passed over as too late, so that it is told once. */
  readonly lastMissed?: Instant;
}

export interface SchedulerPorts {
  readonly informers: Informers;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  fence(): Fence | undefined;
}

const defaultDeadlineSeconds = 900;

/**
 * Fires schedules, one (trigger, binding) pair at a time. Level-triggered: a pair is looked at when its trigger or its
 * binding changed and when its next instant comes, and what is due is decided from the ledger's last fire alone. So a
 * leader that died at the instant is made up for by the next one, and looking twice fires once (the run's key names the
 * scheduled instant, which the ledger takes once).
 *
 * ```
 *   disarmed ──agent works, trigger active──► armed(fingerprint) ──instant──► admit ► fired ► armed
 *      ▲                                         │  cron, zone or hire changed: armed anew, from now on
 *      └──suspended, stopped, fired, deleted─────┘
 * ```
 */
export class Scheduler implements AsyncDisposable {
  readonly #ports: SchedulerPorts;
  readonly #queue: Workqueue;
  readonly #lookup: Lookup;
  readonly #triggers: Cache<AgentTrigger>;
  readonly #bindings: Cache<AgentBinding>;
  readonly #subscriptions: Disposable[] = [];
  readonly #armed = new Map<string, Armed>();
  readonly #schedules = new Map<string, Schedule>();

  constructor(ports: SchedulerPorts, options: { readonly concurrency: number }) {
    this.#ports = ports;
    this.#lookup = ports.informers.lookup();
    this.#triggers = ports.informers.cache<AgentTrigger>(kinds.AgentTrigger);
    this.#bindings = ports.informers.cache<AgentBinding>(kinds.AgentBinding);
    this.#queue = new Workqueue({
      clock: ports.clock,
      concurrency: options.concurrency,
      work: (pair) => this.#work(pair),
      failed: (pair, thrown) => this.#failed(pair, thrown),
    });
    this.#queue.pause();
    this.#subscriptions.push(
      this.#triggers.subscribe((change) => this.#triggerChanged(change)),
      this.#bindings.subscribe((change) => this.#bindingChanged(change)),
    );
  }

  start(): void {
    this.#queue.resume();
  }

  /** Looks at every pair: a new leader does. */
  enqueueAll(): void {
    for (const trigger of this.#triggers.values()) this.#addTargets(trigger, true);
  }

  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    await this.#queue[Symbol.asyncDispose]();
  }

  #triggerChanged({ before, after, initial }: Change<AgentTrigger>): void {
    if (
      before?.metadata.generation === after?.metadata.generation &&
      before?.metadata.uid === after?.metadata.uid &&
      isLeaving(before) === isLeaving(after)
    )
      return;
    if (before !== undefined) this.#addTargets(before, initial);
    if (after !== undefined) this.#addTargets(after, initial);
  }

  #bindingChanged({ before, after, initial }: Change<AgentBinding>): void {
    const matters = (binding: Stored<AgentBinding> | undefined) =>
      binding && `${binding.metadata.uid}/${binding.metadata.generation}/${isWorking(binding)}`;
    if (matters(before) === matters(after)) return;
    const binding = after ?? before!;
    for (const trigger of triggersOf(binding, this.#lookup))
      this.#queue.add(pairOf(trigger, binding), { low: initial });
  }

  #addTargets(trigger: Stored<AgentTrigger>, low: boolean): void {
    if (trigger.spec.type !== "Schedule") return;
    for (const binding of targetsOf(trigger, this.#lookup)) this.#queue.add(pairOf(trigger, binding), { low });
  }

  async #work(pair: string): Promise<Again> {
    const { clock, ledger, fence } = this.#ports;
    const leading = fence();
    if (leading === undefined) return { kind: "done" };
    const bar = pair.indexOf("|");
    const trigger = this.#triggers.find(pair.slice(0, bar));
    const binding = this.#bindings.find(pair.slice(bar + 1));
    const schedule = trigger && binding && this.#scheduleOf(trigger, binding);
    if (schedule === undefined) {
      await this.#disarm(pair, trigger, binding);
      return { kind: "done" };
    }
    const { spec } = schedule;
    const armed = await this.#arm(pair, trigger!, binding!, schedule.fingerprint, leading);
    const due = dueFire({
      schedule: schedule.compiled,
      now: clock.now(),
      armedAt: armed.armedAt,
      lastFired: armed.lastFired,
      startingDeadlineMs: (spec.startingDeadlineSeconds ?? defaultDeadlineSeconds) * 1000,
      jitterMs: jitterOf(trigger!.metadata.uid, binding!.metadata.uid, spec.jitterSeconds ?? 0),
    });
    if (due.fire !== undefined) {
      await ledger.runs.admit(leading, toRequest(trigger!, binding!, due.fire, this.#tenantOf(binding!)));
      await ledger.schedules.fired(leading, trigger!.metadata.uid, binding!.metadata.uid, due.fire);
      this.#armed.set(pair, { ...armed, lastFired: due.fire });
    }
    if (due.missed !== undefined && due.missed !== armed.lastMissed) {
      this.#tellMissed(trigger!, binding!, due.missed);
      this.#armed.set(pair, { ...armed, lastMissed: due.missed });
    }
    return due.next === undefined ? { kind: "done" } : { kind: "at", at: due.next.at };
  }

  /** The schedule of a pair that is to fire; undefined for one that is not (or cannot: the trigger's status says why). */
  #scheduleOf(trigger: Stored<AgentTrigger>, binding: Stored<AgentBinding>) {
    const { spec } = trigger;
    if (spec.type !== "Schedule" || spec.schedule === undefined || spec.state === "Suspended") return undefined;
    if (isLeaving(trigger) || !isWorking(binding)) return undefined;
    const { roleRef, bindingRef, team } = spec.target;
    const isTarget =
      bindingRef === undefined
        ? roleRef?.name === binding.spec.roleRef.name && (team === undefined || team === binding.spec.team)
        : bindingRef.name === binding.metadata.name;
    if (!isTarget) return undefined;
    const { cron, timeZoneFrom, timeZone } = spec.schedule;
    const zone = (timeZoneFrom === "Binding" ? binding.spec.timeZone : timeZone) ?? "UTC";
    const fingerprint = `${cron}|${zone}`;
    try {
      const compiled = this.#schedules.get(fingerprint) ?? compileSchedule(cron, zone);
      this.#schedules.set(fingerprint, compiled);
      return { compiled, fingerprint, spec: spec.schedule };
    } catch {
      return undefined;
    }
  }

  async #arm(
    pair: string,
    trigger: Stored<AgentTrigger>,
    binding: Stored<AgentBinding>,
    fingerprint: string,
    fence: Fence,
  ): Promise<Armed> {
    const full = `${fingerprint}|${trigger.metadata.uid}|${binding.metadata.uid}`;
    const known = this.#armed.get(pair);
    if (known?.fingerprint === full && known.epoch === fence.epoch) return known;
    const state = await this.#ports.ledger.schedules.arm(
      fence,
      trigger.metadata.uid,
      binding.metadata.uid,
      fingerprint,
    );
    const armed = { epoch: fence.epoch, fingerprint: full, armedAt: state.armedAt, lastFired: state.lastFired };
    this.#armed.set(pair, armed);
    return armed;
  }

  /** Forgets where a pair stood, so that resuming begins from then. */
  async #disarm(
    pair: string,
    trigger: Stored<AgentTrigger> | undefined,
    binding: Stored<AgentBinding> | undefined,
  ): Promise<void> {
    this.#armed.delete(pair);
    // A trigger that is gone disarmed all its pairs, and a binding that is gone was disarmed by its firing.
    if (trigger === undefined || binding === undefined) return;
    await this.#ports.ledger.schedules.disarm(trigger.metadata.uid, binding.metadata.uid);
  }

  #tellMissed(regarding: Stored<AgentTrigger>, binding: Stored<AgentBinding>, at: Instant): void {
    const note = `${binding.metadata.name}: the fire of ${toRfc3339(at)} is later than startingDeadlineSeconds allows`;
    this.#ports.events.record({ regarding, type: "Warning", reason: "MissedDeadline", action: "Fire", note });
  }

  #tenantOf(binding: Stored<AgentBinding>): string {
    return this.#lookup.find(kinds.Namespace, undefined, binding.metadata.namespace!)!.metadata.uid;
  }

  #failed(pair: string, thrown: unknown): void {
    const { log } = this.#ports;
    const facts = { pair, error: messageOf(thrown) };
    if (dispositionOf(thrown) === undefined)
      log.error("a schedule could not be looked at", { ...facts, stack: (thrown as Error).stack });
    else log.info("a schedule is looked at again", facts);
  }
}

function pairOf(trigger: Stored<AgentTrigger>, binding: Stored<AgentBinding>): string {
  return `${keyOf(trigger)}|${keyOf(binding)}`;
}

function isLeaving(object: Stored | undefined): boolean {
  return object === undefined || object.metadata.deletionTimestamp !== undefined;
}
