import type { KindRef } from "../../api/kinds.ts";
import { problem, type Reason, reasons } from "../../api/reasons.ts";
import type { Condition, Stored } from "../../api/resource.ts";
import type { JsonPatchOperation, KubeClient } from "../../kube/client.ts";
import { statusOf } from "../../kube/connect.ts";
import type { EventRecorder } from "../../kube/events.ts";
import type { Clock } from "../../lib/clock.ts";
import { fieldManager } from "./commit.ts";
import type { Informers } from "./informers.ts";
import { matters } from "./matters.ts";
import type { Mark } from "./reconciler.ts";
import { type Ownership, statusChange } from "./status.ts";

/** One write, made so that it fails on any newer version, and made so that it fails only where a test does. */
interface Sending {
  readonly versioned: (resourceVersion: string) => Promise<Stored>;
  readonly tested: (tests: readonly JsonPatchOperation[]) => Promise<Stored>;
}

export interface WriterPorts {
  readonly client: KubeClient;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly events: EventRecorder;
}

// Whoever writes all the time is always a version ahead of us: then what matters is named instead of the version.
const versionedAttempts = 3;
const newerMs = 250;

/**
 * Writes status and finalizers of the objects of one kind. Every write carries uid and resourceVersion; one that lost to a
 * change that does not matter is repeated on the newer version, and at last as a JSON patch that tests all that matters.
 * One that lost to anything else throws Conflict.
 */
export class Writer {
  readonly #kind: KindRef;
  readonly #ownership: Ownership;
  readonly #ports: WriterPorts;
  /** Keys whose own write is under way, with the last version of note that the watch brought meanwhile. */
  readonly #writing = new Map<string, string | undefined>();
  readonly #awaited = new Map<string, () => void>();

  constructor(kind: KindRef, ownership: Ownership, ports: WriterPorts) {
    this.#kind = kind;
    this.#ownership = ownership;
    this.#ports = ports;
  }

  /** Told of each version that a watch brought. True while an own write is under way, which then is answered for by it. */
  saw(key: string, version: string, isOfNote: boolean): boolean {
    this.#awaited.get(key)?.();
    if (!this.#writing.has(key)) return false;
    if (isOfNote) this.#writing.set(key, version);
    return true;
  }

  /** The one status patch, and one event for each condition that changed. Nothing is sent where status says so already. */
  async show(
    key: string,
    object: Stored,
    marks: readonly Mark[],
    fields: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly object: Stored; readonly overtaken: boolean }> {
    const { client, clock } = this.#ports;
    const change = statusChange(object, marks, fields, this.#ownership, clock.now());
    if (change === undefined) return { object, overtaken: false };
    const { name, namespace, uid } = object.metadata;
    const options = { subresource: "status", fieldManager } as const;
    const before = (object as { readonly status?: unknown }).status;
    const written = await this.#write(key, object, {
      versioned: (resourceVersion) =>
        client.mergePatch(
          this.#kind,
          name,
          namespace,
          { metadata: { uid, resourceVersion }, status: change.patch },
          options,
        ),
      tested: (tests) => {
        const unchanged = before === undefined ? [] : [{ op: "test", path: "/status", value: before } as const];
        const set = { op: "add", path: "/status", value: change.status } as const;
        return client.jsonPatch(this.#kind, name, namespace, [...tests, ...unchanged, set], options);
      },
    });
    for (const condition of change.transitions) this.#tell(written.object, condition);
    return written;
  }

  async setFinalizers(
    key: string,
    object: Stored,
    finalizers: readonly string[],
  ): Promise<{ readonly object: Stored; readonly overtaken: boolean }> {
    const { name, namespace, uid, finalizers: before = [] } = object.metadata;
    const { client } = this.#ports;
    return this.#write(key, object, {
      versioned: (resourceVersion) =>
        client.mergePatch(
          this.#kind,
          name,
          namespace,
          { metadata: { uid, resourceVersion, finalizers } },
          { fieldManager },
        ),
      tested: (tests) => {
        const path = "/metadata/finalizers";
        // A test for null passes where there is no list.
        const unchanged = { op: "test", path, value: before.length === 0 ? null : before } as const;
        const set = { op: "add", path, value: finalizers } as const;
        return client.jsonPatch(this.#kind, name, namespace, [...tests, unchanged, set], { fieldManager });
      },
    });
  }

  /** `overtaken`: somebody else changed the object while our write was under way, and it has to be looked at again. */
  async #write(
    key: string,
    object: Stored,
    send: Sending,
  ): Promise<{ readonly object: Stored; readonly overtaken: boolean }> {
    this.#writing.set(key, undefined);
    try {
      const stored = await this.#send(key, object, send);
      this.#ports.informers.assume(this.#kind, stored);
      const seen = this.#writing.get(key);
      return { object: stored, overtaken: seen !== undefined && seen !== stored.metadata.resourceVersion };
    } finally {
      this.#writing.delete(key);
    }
  }

  async #send(key: string, object: Stored, { versioned, tested }: Sending): Promise<Stored> {
    let current = object;
    for (let attempt = 1; ; attempt++) {
      try {
        if (attempt <= versionedAttempts) return await versioned(current.metadata.resourceVersion);
        const { uid, generation } = object.metadata;
        const isCounted =
          generation === undefined ? [] : [{ op: "test", path: "/metadata/generation", value: generation } as const];
        return await tested([{ op: "test", path: "/metadata/uid", value: uid }, ...isCounted]);
      } catch (thrown) {
        if (attempt > versionedAttempts && statusOf(thrown) === 422)
          throw problem("Conflict", `${this.#kind.kind} "${key}" was changed meanwhile`, { details: { status: 409 } });
        const newer =
          statusOf(thrown) === 409 && attempt <= versionedAttempts ? await this.#newer(key, current) : undefined;
        if (newer === undefined || matters(object, newer)) throw thrown;
        current = newer;
      }
    }
  }

  /** The version after `known`, which the watch has brought or soon brings; undefined where it does not. */
  async #newer(key: string, known: Stored): Promise<Stored | undefined> {
    const cache = this.#ports.informers.cache<Stored>(this.#kind);
    const isNewer = () => cache.find(key)?.metadata.resourceVersion !== known.metadata.resourceVersion;
    if (!isNewer()) {
      await new Promise<void>((resolve) => {
        const timer = this.#ports.clock.after(newerMs, resolve);
        this.#awaited.set(key, () => {
          timer[Symbol.dispose]();
          resolve();
        });
      });
      this.#awaited.delete(key);
    }
    return isNewer() ? cache.find(key) : undefined;
  }

  #tell(regarding: Stored, condition: Condition): void {
    // Reconciling and Stalled repeat what Ready says, and Finished what Succeeded says.
    if (["Reconciling", "Stalled", "Finished"].includes(condition.type) || condition.message === "") return;
    const bad = condition.status === "False" && reasons[condition.reason as Reason].disposition !== "fine";
    this.#ports.events.record({
      regarding,
      type: bad ? "Warning" : "Normal",
      reason: condition.reason,
      action: condition.type,
      note: condition.message,
    });
  }
}
