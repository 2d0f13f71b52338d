import path from "node:path";
import { watch } from "chokidar";
import type { KubeClient } from "../kube/client.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import type { ApplySetParent } from "./apply-set.ts";
import { readCrdSchemas } from "./crd-schemas.ts";
import { shippedCrds } from "./render.ts";
import { Round, type RoundReport } from "./round.ts";
import type { SyncPath } from "./units.ts";

/** What a sync did or found, for people. */
export type SyncEvent =
  | { readonly kind: "applied" | "removed"; readonly object: string; readonly unit: string }
  | { readonly kind: "invalid"; readonly unit: string; readonly findings: readonly string[] }
  | { readonly kind: "valid"; readonly unit: string }
  | { readonly kind: "kept"; readonly object: string; readonly why: string }
  | { readonly kind: "failed"; readonly object: string; readonly message: string };

export interface SyncOptions {
  readonly kube: KubeClient;
  readonly paths: readonly SyncPath[];
  readonly log: Log;
  readonly clock: Clock;
  readonly onChange?: (event: SyncEvent) => void;
  /** Folder that file names are shown relative to. */
  readonly base: string;
  /** Where to remember what was applied; without it a restart applies everything again, deleted by hand or not. */
  readonly stateFile?: string;
  readonly parent?: ApplySetParent;
  readonly crdsFolder?: string;
}

export interface FolderSync extends AsyncDisposable {
  /** What the first complete pass did. Rejects never: while the API cannot be reached it is tried again. */
  readonly first: Promise<RoundReport>;
}

// An editor saves in several steps (truncate, write, rename): act once the folder has been quiet this long.
const quietMs = 150;
// A folder that never gets quiet is read all the same.
const patienceMs = 700;
const retryMs = { first: 500, cap: 30_000 };

/**
 * Keeps what folders declare and what the API holds the same, for as long as it lives: an edit acts within a second, a
 * deleted file deletes what it declared. A file that is not valid changes nothing: its objects stay as last applied and
 * the complaint names file and line. An empty or unreadable folder deletes nothing. An object that somebody deleted from
 * the API stays deleted until its file changes. Failures to reach the API are retried for ever, with backoff.
 */
export async function startSync(options: SyncOptions): Promise<FolderSync> {
  const schemas = await readCrdSchemas(options.crdsFolder ?? shippedCrds);
  const paths = options.paths.map((one) => ({ ...one, folder: path.resolve(options.base, one.folder) }));
  const round = new Round({
    ...options,
    paths,
    schemas,
    parent: options.parent ?? { name: "roster-sync", namespace: "roster-system" },
    onChange: options.onChange ?? (() => {}),
  });
  const first = Promise.withResolvers<RoundReport>();
  const stop = new AbortController();
  const changes = new Changes(options.clock);

  const watcher = watch(
    paths.map((one) => one.folder),
    { ignoreInitial: true, ignorePermissionErrors: true },
  );
  watcher.on("all", () => changes.note());
  watcher.on("error", (error) => options.log.warn("cannot watch a synced folder", { error: messageOf(error) }));
  await Promise.race([
    new Promise<void>((resolve) => watcher.once("ready", () => resolve())),
    options.clock.sleep(2_000),
  ]);

  const ended = (async () => {
    let failures = 0;
    while (!stop.signal.aborted) {
      let report: RoundReport | undefined;
      try {
        report = await round.run();
        first.resolve(report);
      } catch (thrown) {
        options.log.warn("sync: the folders could not be applied; trying again", { error: messageOf(thrown) });
      }
      failures = report && report.failed === 0 ? 0 : failures + 1;
      const retry = failures === 0 ? undefined : Math.min(retryMs.first * 2 ** (failures - 1), retryMs.cap);
      await changes.next(retry, stop.signal);
    }
  })();

  return {
    first: first.promise,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watcher.close();
      await ended;
    },
  };
}

/** Turns bursts of file events into one wake-up after the burst. */
class Changes {
  readonly #clock: Clock;
  #noted = 0;
  #seen = 0;
  #wake = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(): void {
    this.#noted++;
    this.#wake.resolve();
  }

  /** Resolves after the next burst, after `timeoutMs`, or when stopped. */
  async next(timeoutMs: number | undefined, signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    if (signal.aborted) return;
    const timer = timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, () => this.#wake.resolve());
    await Promise.race([this.#wake.promise, stopped]);
    timer?.[Symbol.dispose]();
    const deadline = this.#clock.now() + patienceMs;
    while (this.#seen !== this.#noted && !signal.aborted && this.#clock.now() < deadline) {
      this.#seen = this.#noted;
      await Promise.race([this.#clock.sleep(quietMs), stopped]);
    }
    this.#seen = this.#noted;
    this.#wake = Promise.withResolvers();
  }
}
