import { systemClock } from "../../../lib/clock.ts";
import type { ApiAnswer } from "../kit/api-client.ts";
import type { Supervised } from "../kit/supervised.ts";
import { recorder } from "./history.ts";
import type { Journal } from "./journal.ts";
import { shapes } from "./objects.ts";
import { runWatcher, type Watched, type WatcherOptions } from "./watcher.ts";
import { runWriter } from "./writer.ts";

/** A watcher as a test describes it; the rest is the workload's own. */
export type WatcherPlan = Pick<WatcherOptions, "name" | "scope"> &
  Partial<Pick<WatcherOptions, "bookmarks" | "streaming" | "reopenAfter" | "back" | "pause">>;

export interface WorkloadOptions {
  readonly server: Supervised;
  readonly journal: Journal;
  readonly seed: number;
  readonly writers: number;
  readonly watchers: readonly WatcherPlan[];
  /** False when enough was written. */
  more(made: number): boolean;
  /** Called with the number of each write before it is sent. */
  writing?(made: number): void;
  failed?(answer: ApiAnswer): boolean;
}

/** One watcher of each kind that sees everything, whose account all others are held against. */
export const recorders: readonly WatcherPlan[] = Object.keys(shapes).map((kind) => ({
  name: recorder,
  scope: { kind },
}));

const namespaces = ["alpha", "beta"];

/**
 * Lets writers and watchers work on a server, however often it ends, until enough is written and every watcher has
 * seen the end. Everything that they saw is in the journal.
 */
export async function runWorkload(options: WorkloadOptions): Promise<readonly Watched[]> {
  const { server, journal, seed } = options;
  const call = async (method: string, at: string, body?: unknown, type?: string) =>
    (await server.client).call(method, at, body, type);
  for (const name of namespaces) {
    await insist(server, () =>
      call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } }),
    );
  }
  let made = 0;
  let over = false;
  const sleepers = new Set<{ readonly until: number; wake(): void }>();
  const wake = () => {
    for (const sleeper of sleepers) if (over || made >= sleeper.until) sleeper.wake();
  };
  const written = (amount: number) =>
    new Promise<void>((resolve) => {
      const sleeper = { until: made + amount, wake: () => sleepers.delete(sleeper) && resolve() };
      sleepers.add(sleeper);
      wake();
    });
  // The account begins before the first write, or it has no beginning.
  const open = options.watchers.map(() => Promise.withResolvers<void>());
  const watching = options.watchers.map((plan, index) =>
    runWatcher({
      ...plan,
      seed: seed * 100 + index,
      journal,
      server: () => server.client,
      sleep: systemClock.sleep,
      written,
      opened: () => open[index]!.resolve(),
      last: `${plan.scope.namespace ?? "alpha"}/zz-last`,
    }),
  );
  await Promise.all(open.map(({ promise }) => promise));
  const next = () => {
    made++;
    wake();
    options.writing?.(made);
    return made;
  };
  const writing = Array.from({ length: options.writers }, (_, id) =>
    runWriter({
      id,
      seed,
      journal,
      namespaces,
      call,
      next,
      available: async () => void (await server.client),
      more: () => options.more(made),
      ...(options.failed ? { failed: options.failed } : {}),
    }),
  );
  await Promise.all(writing);
  over = true;
  wake();
  for (const shape of Object.values(shapes)) {
    // The recorder ends with the one in alpha, so that comes last.
    for (const namespace of namespaces.toReversed()) {
      const content = { n: ++made, team: "red", colour: "blue" };
      await insist(server, () => call("POST", shape.path(namespace), shape.make("zz-last", content)));
    }
  }
  return Promise.all(watching);
}

/** Repeats a creation until the object is there. Throws when no server can be started. */
async function insist(server: Supervised, create: () => Promise<ApiAnswer>): Promise<void> {
  for (;;) {
    await server.client;
    const code = await create().then(
      (answer) => answer.code,
      () => 0,
    );
    if (code === 201 || code === 409) return;
    await systemClock.sleep(50);
  }
}
