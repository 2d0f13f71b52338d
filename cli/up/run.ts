import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { WriteStream } from "node:tty";
import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { SyncEvent } from "../../gitops/sync.ts";
import { resetPostgres } from "../../ledger/embedded/supervisor.ts";
import type { Clock } from "../../lib/clock.ts";
import { openLog } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";
import type { Checkout, Io } from "../io.ts";
import { canWork, requestFirstRun } from "./first-runs.ts";
import { clearHome, type Home, openHome } from "./home.ts";
import type { Settings } from "./settings.ts";
import { type Running, startFleet } from "./start.ts";
import { stopSignal } from "./stop-signal.ts";
import { type Fleet, followFleet } from "./view/fleet.ts";
import { bindingNews, type News, notReady, runNews, syncNews } from "./view/news.ts";
import { draw, type Facts } from "./view/screen.ts";
import { openTerminal, type Terminal } from "./view/terminal.ts";

const keptNews = 200;
const lastingMs = 2_000;
const largeLogBytes = 10_000_000;

/** Runs the fleet until it is asked to stop. Resolves when everything is down. Throws what `startFleet` throws. */
export async function runUp(
  settings: Settings,
  io: Io,
  checkout: Checkout,
  screen: WriteStream | undefined,
): Promise<void> {
  const { clock } = io;
  using home = openHome(settings.home);
  if (settings.reset) await reset(home, io);
  const log = openLog({ to: openLogFile(home), name: "up" });
  const signal = stopSignal(io, clock);
  const desk = new Desk(io);
  const say = (text: string): void => desk.tell({ text, tone: "plain" });
  if (home.killed !== undefined)
    say(`the previous \`roster up\` (process ${home.killed}) was killed; taking over its state`);

  const startedAt = clock.now();
  const starting = startFleet({ settings, home, clock, log, step: say, onSync: (event) => desk.onSync(event) });
  const running = await unlessStopped(starting, signal, clock);
  await using stack = new AsyncDisposableStack();
  stack.use(running);
  stack.defer(() => say("stopping"));
  let first: FirstRuns | undefined;
  let doubts: Doubts | undefined;
  const fleet = stack.use(
    await followFleet(
      running.admin,
      {
        onBinding(before, after) {
          desk.tell(bindingNews(before, after));
          if (after) first?.consider(after);
          if (after) doubts?.consider(after);
        },
        onRun: (before, after) => desk.tell(runNews(before, after)),
        onChange: () => desk.refresh(),
      },
      { clock, log: log.with({ part: "view" }) },
    ),
  );
  const applied = fleet.bindings().map(({ metadata }) => metadata.uid);
  first = new FirstRuns(home, running, applied, (news) => desk.tell(news));
  doubts = new Doubts(clock, fleet, (news) => desk.tell(news));
  for (const binding of fleet.bindings()) {
    first.consider(binding);
    doubts.consider(binding);
  }
  const facts = factsOf(settings, running, io, checkout);
  if (facts.rehearsal)
    say("rehearsal: the offline model plays its script, no key is used; set ROSTER_MODEL_URL for a real one");
  say(`API ${facts.apiUrl}, gateway ${facts.gatewayUrl}, kubeconfig ${facts.kubeconfig}`);
  say(`up after ${((clock.now() - startedAt) / 1000).toFixed(1)} s`);
  desk.ready(screen, facts, fleet);
  stack.defer(() => desk.closeScreen());
  await signal;
}

/** The fleet, once it runs. Asked to stop before that, it is given a moment to finish and is then left to end with us. */
async function unlessStopped(starting: Promise<Running>, signal: Promise<void>, clock: Clock): Promise<Running> {
  const asked = signal.then(async () => {
    await Promise.race([starting.catch(() => {}), clock.sleep(lastingMs)]);
    return undefined;
  });
  const first = await Promise.race([starting, asked]);
  return first ?? (await Promise.race([starting, clock.sleep(0).then(() => process.exit(130))]));
}

/** Everything that is told to the person: as lines, or once there is a screen, as part of its picture. */
class Desk {
  readonly #io: Io;
  readonly #news: (News & { readonly at: string })[] = [];
  #terminal: Terminal | undefined;

  constructor(io: Io) {
    this.#io = io;
  }

  tell(news: News | undefined): void {
    if (!news) return;
    const at = this.#time();
    this.#news.push({ ...news, at });
    if (this.#news.length > keptNews) this.#news.shift();
    if (this.#terminal) this.#terminal.refresh();
    else this.#io.out(`${at} ${news.text}\n`);
  }

  onSync(event: SyncEvent): void {
    for (const news of syncNews(event)) this.tell(news);
  }

  refresh(): void {
    this.#terminal?.refresh();
  }

  /** From here on there is something to see. Without a terminal: the line `ready`, which scripts wait for. */
  ready(screen: WriteStream | undefined, facts: Facts, fleet: Fleet): void {
    if (!screen) {
      this.#io.out("ready\n");
      return;
    }
    const colours = this.#io.env.NO_COLOR === undefined;
    const picture = () => ({
      facts,
      bindings: fleet.bindings(),
      triggers: fleet.triggers(),
      runs: fleet.runs(),
      news: this.#news,
      clock: this.#time(),
      now: this.#io.clock.now(),
    });
    this.#terminal = openTerminal(screen, (size) => draw(picture(), size, colours), this.#io.clock);
  }

  closeScreen(): void {
    this.#terminal?.[Symbol.dispose]();
    this.#terminal = undefined;
  }

  #time(): string {
    return new Date(this.#io.clock.now()).toTimeString().slice(0, 8);
  }
}

/** Tells who is not hired, and why, once that has lasted: what is only on its way is no news. */
class Doubts {
  readonly #clock: Clock;
  readonly #fleet: Fleet;
  readonly #tell: (news: News | undefined) => void;
  readonly #told = new Map<string, string>();

  constructor(clock: Clock, fleet: Fleet, tell: (news: News | undefined) => void) {
    this.#clock = clock;
    this.#fleet = fleet;
    this.#tell = tell;
  }

  consider(binding: AgentBinding): void {
    const { uid } = binding.metadata;
    if (uid === undefined) return;
    const news = notReady(binding);
    if (!news) this.#told.delete(uid);
    if (!news || this.#told.get(uid) === news.text) return;
    this.#clock.after(lastingMs, () => {
      const now = notReady(this.#fleet.bindings().find((one) => one.metadata.uid === uid));
      if (now?.text !== news.text || this.#told.get(uid) === news.text) return;
      this.#told.set(uid, news.text);
      this.#tell(news);
    });
  }
}

/**
 * At the very first start, one run for each person of this machine who has an agent by then, so that there is something
 * to see. Who is hired later is put to work by people.
 */
class FirstRuns {
  readonly #marker: string;
  readonly #running: Running;
  readonly #tell: (news: News) => void;
  readonly #applied: ReadonlySet<string | undefined>;
  readonly #asked = new Set<string>();
  #open: boolean;

  constructor(home: Home, running: Running, applied: readonly (string | undefined)[], tell: (news: News) => void) {
    this.#applied = new Set(applied);
    this.#marker = home.file("first-runs");
    this.#open = !existsSync(this.#marker);
    this.#running = running;
    this.#tell = tell;
  }

  consider(binding: AgentBinding): void {
    const { name, uid } = binding.metadata;
    if (!this.#open || !this.#applied.has(uid) || this.#asked.has(name) || !canWork(binding)) return;
    this.#asked.add(name);
    void this.#ask(binding).catch((thrown: unknown) => {
      this.#tell({ text: `first run of ${name} was not admitted: ${messageOf(thrown)}`, tone: "bad" });
    });
  }

  async #ask(binding: AgentBinding): Promise<void> {
    const person = await this.#running.as(binding.spec.subject.name);
    if (!person) return;
    await requestFirstRun(person, binding);
    writeFileSync(this.#marker, "", { mode: 0o600 });
  }
}

async function reset(home: Home, io: Io): Promise<void> {
  io.out(`resetting: deleting ${home.folder} and its database\n`);
  const log = openLog({ level: "error" });
  await resetPostgres(home.folder, { log, clock: io.clock });
  clearHome(home, readdirSync(home.folder));
}

function openLogFile(home: Home): string {
  const folder = home.file("log");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder).filter((one) => one.endsWith(".log"))) {
    const file = path.join(folder, name);
    if (statSync(file).size > largeLogBytes) renameSync(file, `${file}.1`);
  }
  return path.join(folder, "up.log");
}

function factsOf(settings: Settings, running: Running, io: Io, checkout: Checkout): Facts {
  const { model } = settings;
  const relative = path.relative(io.cwd, running.kubeconfig);
  return {
    version: checkout.version,
    rehearsal: model === undefined,
    model: model
      ? `${model.model ?? "as the tiers say"} at ${new URL(model.baseURL).host}`
      : "offline model, written script, no key",
    apiUrl: running.apiUrl,
    gatewayUrl: running.gatewayUrl,
    kubeconfig: relative.startsWith("..") ? running.kubeconfig : relative,
  };
}
