import { kinds } from "../api/kinds.ts";
import type { Resource, Stored } from "../api/resource.ts";
import { type Clock, type Instant, toRfc3339Micro } from "../lib/clock.ts";
import { sha256 } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import type { KubeClient } from "./client.ts";
import { statusOf } from "./connect.ts";

/** Something that happened to an object, in the past tense. `reason` is a key of api/reasons.ts. */
export interface Occurrence {
  readonly regarding: Stored;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  /** What was done: one CamelCase word, such as Reconciled. */
  readonly action: string;
  readonly note: string;
}

interface EventResource extends Resource {
  readonly [field: string]: unknown;
}

interface Sent {
  readonly name: string;
  readonly namespace: string;
  count: number;
  lastAt: Instant;
  sentAt: Instant;
}

// The same figures as client-go's recorder: one series lasts as long as it repeats within six minutes.
const seriesMs = 360_000;
const refreshMs = 60_000;
const maxQueued = 500;
// A fleet that is hired at once is no thousand stories: what people wait for comes before what they may read about it.
const burst = 100;
const perSecond = 25;
const maxRemembered = 5_000;
const noteBytes = 1_024;

/**
 * Records events.k8s.io/v1 events beside the objects they tell of. The same words on the same object are one event
 * with a count. Never blocks and never throws: events are told, not relied on; they are
 * sent at most twenty-five a second after a first hundred, and past 500 waiting ones those are dropped, and counted in the
 * log, that tell of nothing bad.
 */
export class EventRecorder implements AsyncDisposable {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #controller: string;
  readonly #instance: string;
  readonly #sent = new Map<string, Sent>();
  readonly #queue: Occurrence[] = [];
  #draining: Promise<void> | undefined;
  #dropped = 0;
  #stopped = false;
  #tokens = burst;
  #countedAt: Instant;
  readonly #stop = new AbortController();

  constructor(options: {
    readonly client: KubeClient;
    readonly clock: Clock;
    readonly log: Log;
    readonly controller: string;
    readonly instance: string;
  }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#controller = options.controller;
    this.#instance = options.instance.slice(0, 128);
    this.#countedAt = options.clock.now();
  }

  record(occurrence: Occurrence): void {
    if (this.#stopped) return;
    if (this.#queue.length >= maxQueued) {
      this.#dropped++;
      // A warning takes the place of something that went as it should.
      const least = occurrence.type === "Warning" ? this.#queue.findIndex(({ type }) => type === "Normal") : -1;
      if (least === -1) return;
      this.#queue.splice(least, 1);
    }
    this.#queue.push(occurrence);
    this.#draining ??= this.#drain();
  }

  /** Resolves when everything recorded so far was sent or given up. */
  async flush(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#stop.abort();
    await this.flush();
  }

  async #drain(): Promise<void> {
    // A turn of the loop first, so that a burst about one object is counted before it is sent.
    await Promise.resolve();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#pace();
        await this.#send(next);
      } catch (thrown) {
        this.#log.debug("could not record an event", { reason: next.reason, error: messageOf(thrown) });
      }
    }
    if (this.#dropped > 0) this.#log.warn("events dropped", { count: this.#dropped });
    this.#dropped = 0;
    this.#draining = undefined;
  }

  /** Waits for its turn; not at the end, when what is queued is what there is. */
  async #pace(): Promise<void> {
    const now = this.#clock.now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#countedAt) * perSecond) / 1_000);
    this.#countedAt = now;
    if (this.#tokens < 1 && !this.#stopped)
      await this.#clock.sleep(1_000 / perSecond, this.#stop.signal).catch(() => undefined);
    this.#tokens--;
  }

  async #send(occurrence: Occurrence): Promise<void> {
    const now = this.#clock.now();
    const note = occurrence.note.slice(0, noteBytes);
    const { metadata } = occurrence.regarding;
    const key = sha256([metadata.uid, occurrence.type, occurrence.reason, occurrence.action, note].join("\n"));
    const known = this.#sent.get(key);
    if (known !== undefined && now - known.lastAt < seriesMs) {
      known.count++;
      known.lastAt = now;
      if (known.count > 2 && now - known.sentAt < refreshMs) return;
      known.sentAt = now;
      await this.#client.mergePatch(kinds.Event, known.name, known.namespace, {
        series: { count: known.count, lastObservedTime: toRfc3339Micro(now) },
      });
      return;
    }
    const namespace = metadata.namespace ?? "default";
    // The instant makes a later series a new object; the digest makes two replicas' events two.
    const name = `${metadata.name.slice(0, 200)}.${sha256(`${key}${now}${this.#instance}`).slice(0, 16)}`;
    await this.#create(occurrence, name, namespace, note, now);
    this.#remember(key, { name, namespace, count: 1, lastAt: now, sentAt: now });
  }

  async #create(occurrence: Occurrence, name: string, namespace: string, note: string, now: Instant): Promise<void> {
    const { regarding } = occurrence;
    const event: EventResource = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace },
      eventTime: toRfc3339Micro(now),
      type: occurrence.type,
      reason: occurrence.reason,
      action: occurrence.action,
      note,
      reportingController: this.#controller,
      reportingInstance: this.#instance,
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        name: regarding.metadata.name,
        namespace: regarding.metadata.namespace ?? "",
        uid: regarding.metadata.uid,
        resourceVersion: regarding.metadata.resourceVersion,
      },
    };
    try {
      await this.#client.create(kinds.Event, event);
    } catch (thrown) {
      // 409: this very event is there. 403 and 404: the namespace goes away, and its story with it.
      const status = statusOf(thrown);
      if (status !== 409 && status !== 403 && status !== 404) throw thrown;
    }
  }

  #remember(key: string, sent: Sent): void {
    this.#sent.delete(key);
    this.#sent.set(key, sent);
    if (this.#sent.size <= maxRemembered) return;
    const oldest = this.#sent.keys().next().value;
    if (oldest !== undefined) this.#sent.delete(oldest);
  }
}
