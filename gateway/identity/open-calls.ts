import type { Problem } from "../../lib/problem.ts";

/** Something that must end when its binding or run loses its authority. */
export interface OpenCall {
  readonly bindingUid: string;
  /** Absent for what belongs to a binding as a whole, such as a tool session. */
  readonly runId?: string;
  /** Called at most once. Must not throw. */
  cut(why: Problem): void;
}

/**
 * Everything open at this gateway by binding and run: claim streams, model streams, tool calls and tool sessions.
 * A call is here from before its permit until its record, so that no revocation can fall between the two.
 */
export class OpenCalls {
  readonly #byBinding = new Map<string, Set<OpenCall>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Until disposed, a revocation that covers it cuts it. */
  add(call: OpenCall): Disposable {
    const calls = this.#byBinding.get(call.bindingUid) ?? new Set();
    this.#byBinding.set(call.bindingUid, calls.add(call));
    this.#size += 1;
    return { [Symbol.dispose]: () => this.#drop(call) };
  }

  /** An abort signal with the life of `add`; its reason is the problem that cut it. */
  watch(owner: {
    readonly bindingUid: string;
    readonly runId?: string;
  }): Disposable & { readonly signal: AbortSignal } {
    const controller = new AbortController();
    const entry = this.add({ ...owner, cut: (why) => controller.abort(why) });
    return { signal: controller.signal, [Symbol.dispose]: () => entry[Symbol.dispose]() };
  }

  /** Cuts what a revocation covers: one run, or all of a binding. Returns how many. */
  cut(target: { readonly bindingUid?: string; readonly runId?: string }, why: Problem): number {
    const candidates =
      target.bindingUid === undefined ? [...this.#byBinding.values()] : [this.#byBinding.get(target.bindingUid) ?? []];
    let count = 0;
    for (const calls of candidates) {
      for (const call of [...calls]) {
        if (target.runId !== undefined && call.runId !== target.runId) continue;
        this.#drop(call);
        call.cut(why);
        count += 1;
      }
    }
    return count;
  }

  cutAll(why: Problem): number {
    return this.cut({}, why);
  }

  #drop(call: OpenCall): void {
    const calls = this.#byBinding.get(call.bindingUid);
    if (!calls?.delete(call)) return;
    this.#size -= 1;
    if (calls.size === 0) this.#byBinding.delete(call.bindingUid);
  }
}
