/** Milliseconds since the Unix epoch. Decisions take one as an argument; only a `Clock` makes one. */
export type Instant = number;

/** The only source of time and timers, so that a test owns both. */
export interface Clock {
  now(): Instant;
  /** Resolves after `ms`, or rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `act` once after `ms` unless disposed before. The timer does not keep the process alive. */
  after(ms: number, act: () => void): Disposable;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal?.addEventListener("abort", stop, { once: true });
    });
  },
  after(ms, act) {
    const timer = setTimeout(act, ms);
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** RFC 3339 in UTC with whole seconds, as Kubernetes writes `metav1.Time`. */
export function toRfc3339(at: Instant): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** RFC 3339 in UTC with microseconds, as Kubernetes writes `metav1.MicroTime`. */
export function toRfc3339Micro(at: Instant): string {
  return new Date(at).toISOString().replace(/Z$/, "000Z");
}
