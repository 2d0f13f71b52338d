import { dispositionOf, problem } from "../../api/reasons.ts";
import type { BindingState, Ledger, ToolServerRecord } from "../../ledger/ledger.ts";
import type { Clock } from "../../lib/clock.ts";
import { digest } from "../../lib/json.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import type { OpenCalls } from "../identity/open-calls.ts";
import { ArgumentChecks } from "./arguments.ts";
import { aim, type ConnectPorts, toTransport } from "./connect.ts";
import { failureOfCall } from "./failure.ts";
import { PolicyCache } from "./policies.ts";
import { ToolSession } from "./session.ts";

interface Slot {
  readonly fingerprint: string;
  readonly session: Promise<ToolSession>;
  readonly revocation: Disposable;
}

const idleMs = 300_000;
const maxSessions = 500;

/**
 * The sessions with tool servers, one per server and binding. A session ends when it is idle for five minutes, when the
 * server's definition or the binding's Secret changes, when the binding is fired or stopped, or with the toolbox.
 */
export class Toolbox {
  readonly checks = new ArgumentChecks();
  readonly policies = new PolicyCache();
  readonly #slots = new Map<string, Slot>();
  readonly #ports: ToolboxPorts;
  #sweep: Disposable | undefined;
  #closed = false;

  constructor(ports: ToolboxPorts) {
    this.#ports = ports;
    this.#armSweep();
  }

  /**
   * A live session for this binding with this server. The credential is checked before each use, also of a session that
   * is open. Throws ToolUnavailable when the server cannot be reached, and whatever the credential's checks throw.
   */
  async session(server: ToolServerRecord, binding: BindingState): Promise<ToolSession> {
    if (this.#closed) throw problem("ToolUnavailable", "the gateway is stopping");
    const target = await aim(server, binding, this.#ports);
    const key = `${server.uid}/${binding.uid}`;
    const fingerprint = digest({ spec: server.spec, credential: target.credential?.version ?? null });
    const found = this.#slots.get(key);
    if (found?.fingerprint === fingerprint) {
      const session = await found.session;
      if (!session.closed) return session;
    }
    if (found) this.#drop(key, found);
    await this.#makeRoom();
    const slot: Slot = {
      fingerprint,
      session: this.#open(key, server, () => toTransport(target, this.#ports)),
      revocation: this.#ports.open.add({
        bindingUid: binding.uid,
        cut: () => {
          const open = this.#slots.get(key);
          if (open) this.#drop(key, open, (session) => session.cut());
        },
      }),
    };
    this.#slots.set(key, slot);
    try {
      return await slot.session;
    } catch (thrown) {
      this.#drop(key, slot);
      throw thrown;
    }
  }

  /** Ends a session that turned out to be of no use. */
  discard(server: ToolServerRecord, binding: BindingState): void {
    const key = `${server.uid}/${binding.uid}`;
    const slot = this.#slots.get(key);
    if (slot) this.#drop(key, slot);
  }

  async #open(
    key: string,
    server: ToolServerRecord,
    transport: () => ReturnType<typeof toTransport>,
  ): Promise<ToolSession> {
    try {
      return await ToolSession.open(transport(), server, {
        clock: this.#ports.clock,
        catalog: this.#ports.ledger.catalog,
        onClose: (session) => void this.#forget(key, session),
      });
    } catch (thrown) {
      const { why } = failureOfCall(thrown);
      this.#ports.log.info("cannot open a session with a tool server", { server: server.name, error: messageOf(why) });
      throw dispositionOf(why) === "denied" && why.reason !== "OriginRefused"
        ? problem("ToolUnavailable", `ToolServer "${server.name}": ${why.message}`, { cause: why })
        : why;
    }
  }

  async #forget(key: string, session: ToolSession): Promise<void> {
    const slot = this.#slots.get(key);
    if (slot && (await slot.session.catch(() => undefined)) === session) this.#drop(key, slot);
  }

  #drop(key: string, slot: Slot, end = (session: ToolSession) => session.close()): void {
    if (this.#slots.get(key) === slot) this.#slots.delete(key);
    slot.revocation[Symbol.dispose]();
    void slot.session.then(end).catch((thrown: unknown) => {
      this.#ports.log.debug("a tool session did not end well", { error: messageOf(thrown) });
    });
  }

  async #makeRoom(): Promise<void> {
    if (this.#slots.size < maxSessions) return;
    const open = await this.#settled();
    const oldest = open.sort((a, b) => a.usedAt - b.usedAt)[0];
    if (oldest) this.#drop(oldest.key, oldest.slot);
  }

  async #settled(): Promise<{ key: string; slot: Slot; usedAt: number }[]> {
    const open = await Promise.all(
      [...this.#slots].map(async ([key, slot]) => {
        const session = await slot.session.catch(() => undefined);
        return session ? [{ key, slot, usedAt: session.usedAt }] : [];
      }),
    );
    return open.flat();
  }

  #armSweep(): void {
    this.#sweep = this.#ports.clock.after(60_000, () => {
      void this.#settled().then((open) => {
        const before = this.#ports.clock.now() - idleMs;
        for (const { key, slot, usedAt } of open) if (usedAt < before) this.#drop(key, slot);
        if (!this.#closed) this.#armSweep();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#sweep?.[Symbol.dispose]();
    const open = [...this.#slots];
    for (const [key, slot] of open) this.#drop(key, slot);
    await Promise.allSettled(open.map(async ([, slot]) => (await slot.session).close()));
  }
}

export interface ToolboxPorts extends ConnectPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly open: OpenCalls;
}

/** Whether a problem may be gone on the next attempt. */
export function isTransient(thrown: unknown): boolean {
  return thrown instanceof Problem && dispositionOf(thrown) === "transient";
}
