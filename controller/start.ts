import { setImmediate as nextTurn } from "node:timers/promises";
import type { AgentBinding } from "../api/generated/agent-binding.ts";
import type { AgentRole } from "../api/generated/agent-role.ts";
import { type KindRef, kinds } from "../api/kinds.ts";
import type { Stored } from "../api/resource.ts";
import { toKey } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import { EventRecorder } from "../kube/events.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { beforeAborted } from "../lib/abort.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { Departures } from "./agent-binding/departures.ts";
import { Holds } from "./agent-binding/holds.ts";
import { subjectKey } from "./agent-binding/reconciler.ts";
import { outdatedRoles } from "./agent-role/offboardings.ts";
import { Scheduler } from "./agent-trigger/scheduler.ts";
import { AdmissionProbe } from "./enforcement/probe.ts";
import { Performed } from "./kit/commit.ts";
import { Driver } from "./kit/driver.ts";
import { Informers } from "./kit/informers.ts";
import { Leader } from "./leader.ts";
import { startLoop } from "./loop.ts";
import { metricsText } from "./metrics.ts";
import { withdrawOthers } from "./model-tier/withdraw.ts";
import { Orphans } from "./orphans.ts";
import { Pairer } from "./pairing.ts";
import { Presence } from "./presence.ts";
import { History } from "./projection/history.ts";
import { Projector } from "./projection/projector.ts";
import { Pulse } from "./projection/pulse.ts";
import { reconcilers } from "./reconcilers.ts";
import { revokeDownstream } from "./revoker.ts";
import { watched } from "./watched.ts";

export interface ControllerOptions {
  readonly kube: KubeClient;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  /** Unique per replica; shown as the holder of the Lease. */
  readonly identity: string;
  readonly concurrency?: number;
  /** Where there are only Roles: the namespaces that are followed, one by one. Absent: all of them. */
  readonly namespaces?: readonly string[];
  /** Aborts when the process is asked to end: a start under way is given up then. */
  readonly asked?: AbortSignal;
  /** Given, before anything is listed, what names the kinds that were never listed: a start without a right waits for it. */
  listing?(unlisted: () => readonly string[]): void;
}

/** A running controller. */
export interface Controller extends AsyncDisposable {
  /** Resolves when nothing waits but for a time. For tests and orderly shutdowns. */
  idle(): Promise<void>;
  readonly leading: boolean;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
}

// Many bindings at once share the ledger's round trips: 10,000 came into force some 5 % sooner with 512 than with 256. Of
// everything else there are few.
const concurrencyOf = (kind: string) => (kind === kinds.AgentBinding.kind ? 512 : 16);
const fewLeaving = 32;
const gatherMs = 1_000;
// Roles are few and take milliseconds; where one takes longer, nobody else waits for it.
const rolesMs = 2_000;
const sweepMs = 5_000;
const sealMs = 500;
const revokeMs = 1_000;
const probeMs = 5_000;

/**
 * Starts the authority: reconcilers, schedules, projection and the ledger's housekeeping. Resolves when every kind was
 * listed once, which standbys do too. Any number may run; one leads, the others revoke. Disposal finishes what is under way
 * and resigns. Throws the reason of `asked` when that aborts before, having resigned.
 */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { kube, ledger, clock, log, identity } = options;
  await using stack = new AsyncDisposableStack();
  const aborted = new AbortController();
  const { namespaces, asked = aborted.signal } = options;
  const informers = stack.use(new Informers(kube, { clock, log, namespaces }, watched));
  const events = stack.use(
    new EventRecorder({ client: kube, clock, log, controller: "roster.dev/controller", instance: identity }),
  );
  const bindings = informers.cache<AgentBinding>(kinds.AgentBinding);
  const departures = stack.use(new Departures(bindings, clock));
  const presence = new Presence(kube, { definitions: namespaces === undefined });
  const holds = new Holds({ departures, presence, bindings, namespaces: informers.cache(kinds.Namespace) });

  let leader: Leader | undefined;
  const fence = () => leader?.fence;
  const reader = informers.reader(ledger);
  const performed = new Performed();
  const ended = (kind: KindRef, object: Stored) => {
    for (const driver of drivers) driver.enqueueConcerned(kind, object);
  };
  const ports = { client: kube, ledger, informers, performed, presence, clock, log, events, reader, fence, ended };
  const drivers: readonly Driver[] = reconcilers(holds).map((reconciler) =>
    stack.use(
      new Driver(reconciler, ports, { concurrency: options.concurrency ?? concurrencyOf(reconciler.kind.kind) }),
    ),
  );
  const driverOf = (kind: string) => drivers.find((driver) => driver.kind.kind === kind)!;
  const holders = driverOf("AgentBinding");
  /** Whoever holds a role is looked at when roles are in force: before, each would be shown to have none. */
  const afterRoles = (look: () => void) =>
    void Promise.race([driverOf("AgentRole").idle(), clock.sleep(rolesMs, aborted.signal)]).then(look, () => {});
  const scheduler = stack.use(
    new Scheduler({ informers, ledger, clock, log, events, fence }, { concurrency: options.concurrency ?? 16 }),
  );
  const pulse = stack.use(new Pulse(informers, clock, drivers));
  const history = stack.use(new History({ client: kube, ledger, informers, clock, log, fence }));
  // Before anything is followed: on the wrong ledger, not even a firing may be written down.
  stack.use(await beforeAborted(asked, () => Pairer.start({ kube, ledger, clock, log, events, fence })));

  // Stands before anything is listed: a process that leads at once does not list a whole fleet twice.
  const followed = Promise.withResolvers<void>();
  let following = false;
  leader = stack.use(
    new Leader({
      ledger,
      kube,
      clock,
      log,
      identity,
      read: followed.promise,
      async prepare() {
        const again = following;
        await followed.promise;
        if (again) await informers.refresh(aborted.signal);
      },
      elected(fence) {
        if (namespaces) void withdrawOthers([...informers.cache(kinds.ModelTier).keys()], { ledger, fence, log });
        for (const driver of drivers) if (driver !== holders) driver.enqueueAll();
        afterRoles(() => holders.enqueueAll());
        scheduler.enqueueAll();
        history.enqueueAll();
        projector.wake();
        void orphans.look(fence);
      },
    }),
  );
  await leader.stood;
  following = true;
  options.listing?.(() => informers.unlisted());
  await informers.start(asked);
  asked.throwIfAborted();

  const projector = stack.use(
    new Projector({ client: kube, ledger, informers, clock, log, runs: driverOf("AgentRun"), pulse, fence }),
  );
  const orphans = new Orphans({
    kube,
    ledger,
    presence,
    log,
    fired({ namespace, roleName, subject, name }) {
      // Whoever was refused because of it may be hired now.
      const place = subjectKey(namespace, roleName, subject);
      for (const key of [...bindings.keysBy("subject", place), toKey(namespace, name)]) holders.enqueue(key);
    },
    lifted(namespace) {
      for (const key of bindings.keysBy("namespace", namespace)) holders.enqueue(key);
    },
  });
  followed.resolve();

  const loop = (name: string, everyMs: number, act: () => Promise<unknown>) =>
    stack.use(startLoop(name, everyMs, { clock, log }, async () => fence() !== undefined && (await act())));
  const revoker = loop("telling issuers", revokeMs, () =>
    revokeDownstream({ ledger, kube, log, identity, held: () => holds.list() }),
  );
  loop("sweeping holds", sweepMs, () => ledger.money.sweep());
  loop("sweeping leases", sweepMs, () => ledger.runs.sweepLeases());
  loop("sealing the audit", sealMs, () => ledger.audit.seal());
  loop("showing what issuers were not told", sweepMs, async () => {
    const roles = informers.cache<AgentRole>(kinds.AgentRole).values();
    const tenantOf = (namespace: string) => informers.cache(kinds.Namespace).find(namespace)?.metadata.uid;
    for (const key of outdatedRoles(roles, tenantOf, await ledger.offboardings.counts()))
      driverOf("AgentRole").enqueue(key);
  });
  const probe = new AdmissionProbe({ kube, log, events, namespace: namespaces?.[0] ?? "roster-system" });
  loop("probing admission", probeMs, () => probe.look()).wake();
  // A gateway's acknowledgement or an issuer's answer moves those that are being offboarded, and only those.
  const deleting = () => {
    const namespaces = informers.cache(kinds.Namespace);
    const keys = [...namespaces.values()].flatMap(({ metadata: { name, deletionTimestamp } }) =>
      bindings.keysBy(deletionTimestamp === undefined ? "deleting" : "namespace", name),
    );
    if (keys.length > 0) revoker.wake();
    // Each firing of many tells of itself: looking at all of them each time would be quadratic.
    const at = keys.length > fewLeaving ? clock.now() + gatherMs : undefined;
    for (const key of keys) holders.enqueue(key, at);
  };
  stack.use(ledger.feed.subscribe("bindings", deleting));

  // Who leads at once has queued by then what is to be looked at.
  await nextTurn();
  for (const driver of drivers) if (driver !== holders) driver.start();
  afterRoles(() => holders.start());
  scheduler.start();
  const running = stack.move();
  return {
    get leading() {
      return fence() !== undefined;
    },
    async idle() {
      for (const part of [...drivers, scheduler, history]) await part.idle();
    },
    async metrics() {
      const open = await ledger.offboardings.counts().catch(() => []);
      const sum = (state: string) =>
        open.filter((one) => one.state === state).reduce((total, one) => total + one.count, 0);
      return metricsText([
        { name: "leading", help: "1 while this replica leads.", values: [{ value: fence() === undefined ? 0 : 1 }] },
        {
          name: "recovering",
          help: "1 while ledger and cluster do not belong together.",
          values: [{ value: ledger.pairing.last?.kind === "recovering" ? 1 : 0 }],
        },
        {
          name: "admission_gaps",
          help: "Shipped admission policies and bindings that are not in force, as the leader finds; absent while that is not known.",
          values: fence() === undefined || probe.gaps === undefined ? [] : [{ value: probe.gaps.length }],
        },
        {
          name: "offboardings",
          help: "Credentials of fired agents whose issuers have not confirmed the revocation.",
          values: ["Pending", "HandedOn"].map((state) => ({ labels: { state }, value: sum(state) })),
        },
      ]);
    },
    async [Symbol.asyncDispose]() {
      aborted.abort();
      await running.disposeAsync();
    },
  };
}
