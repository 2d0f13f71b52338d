import { afterAll, beforeAll, expect, it } from "vitest";
import { kinds } from "../../api/kinds.ts";
import { startController } from "../../controller/start.ts";
import type { KubeClient } from "../../kube/client.ts";
import { systemClock } from "../../lib/clock.ts";
import { isReady, log, type Seen, startWorld, type World } from "./kit.ts";
import { aBinding, aFleet } from "./objects.ts";

const count = 1_000;
let world: World;
beforeAll(async () => {
  world = await startWorld();
  await aFleet(world.kube);
});
afterAll(() => world[Symbol.asyncDispose]());

/** The same object, counting its calls by name. */
function counted<T extends object>(target: T, calls: Map<string, number>): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: readonly unknown[]) => {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
        return value.apply(target, args);
      };
    },
  });
}

it(`converges ${count} agents with a constant number of calls for each, and is quiet then`, {
  timeout: 240_000,
}, async () => {
  const { kube, ledger } = world;
  const names = Array.from({ length: count }, (_, index) => `agent-${index}`);
  const todo = names.values();
  const create = async () => {
    for (const name of todo) await kube.create(kinds.AgentBinding, aBinding(name));
  };
  await Promise.all([create(), create(), create(), create(), create(), create(), create(), create()]);
  const before = await kube.list<Seen>(kinds.AgentBinding, { namespace: "acme" });

  const calls = new Map<string, number>();
  const of = (name: string) => calls.get(name) ?? 0;
  const client: KubeClient = counted(kube, calls);
  const bindings = counted(ledger.bindings, calls);
  const controller = await startController({
    kube: client,
    ledger: Object.assign(Object.create(ledger), { bindings }),
    clock: systemClock,
    log,
    identity: "scale",
  });
  const stop = new AbortController();
  const ready = new Set(before.items.filter(isReady).map((binding) => binding.metadata.name));
  const watch = kube.watch<Seen>(kinds.AgentBinding, {
    namespace: "acme",
    resourceVersion: before.resourceVersion,
    signal: stop.signal,
  });
  for await (const event of watch) {
    if (event.type === "BOOKMARK" || !isReady(event.object)) continue;
    ready.add(event.object.metadata.name);
    if (ready.size === count) stop.abort();
  }
  await controller.idle();
  // One finalizer and one status each; sums of the role and the like are a handful.
  expect(of("mergePatch") / count).toBeLessThan(2.3);
  expect(of("find") / count, "looked at before and after hiring, and seldom again").toBeLessThan(4);
  expect(of("hire")).toBe(count);

  calls.clear();
  await kube.mergePatch(kinds.AgentRole, "assistant", "acme", { metadata: { annotations: { note: "no news" } } });
  await kube.create(kinds.AgentBinding, aBinding("one-more"));
  const more = kube.watch<Seen>(kinds.AgentBinding, {
    namespace: "acme",
    fieldSelector: "metadata.name=one-more",
    signal: AbortSignal.timeout(60_000),
  });
  for await (const event of more) if (event.type !== "BOOKMARK" && isReady(event.object)) break;
  await controller.idle();
  expect(of("find"), "one change is one change, whatever the size of the fleet").toBeLessThan(20);
  await controller[Symbol.asyncDispose]();
});
