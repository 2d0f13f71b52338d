import { setImmediate as turn } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { Leader } from "../../controller/leader.ts";
import type { KubeClient } from "../../kube/client.ts";
import { connect } from "../../kube/connect.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { withLedger } from "../ledger/fleet.ts";
import { log } from "./kit.ts";

const { ledger, clock } = await withLedger();
// Nobody listens there: the Lease is for people, and who leads does not depend on it.
const kube: KubeClient = await connect(
  { server: "https://127.0.0.1:1", token: "of-this-test" },
  { log, clock, userAgent: "test" },
);
const stack = new AsyncDisposableStack();
stack.use(kube);
afterAll(() => stack.disposeAsync());

const underWay = new Set<Promise<unknown>>();
const followed = <T>(asked: Promise<T>): Promise<T> => {
  underWay.add(asked);
  return asked.finally(() => underWay.delete(asked));
};
const watched: Ledger = {
  ...ledger,
  leadership: {
    campaign: (...asked) => followed(ledger.leadership.campaign(...asked)),
    resign: (...asked) => followed(ledger.leadership.resign(...asked)),
  },
};

const stand = (identity: string, prepare: () => Promise<void>) =>
  stack.use(
    new Leader({ ledger: watched, kube, clock, log, identity, read: Promise.resolve(), prepare, elected: () => {} }),
  );

/** Lets time go by, but none while the ledger is asked, until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    clock.advance(100);
    do await turn();
    while (underWay.size > 0);
  }
}

it("leaves the lead to a standby when it cannot prepare, and takes it back when it can", async () => {
  let tried = 0;
  const blind = Promise.withResolvers<void>();
  const one = stand("blind", () => {
    tried++;
    return tried === 1 ? new Promise(() => {}) : blind.promise;
  });
  await until(() => tried === 1);
  const began = clock.now();
  const two = stand("seeing", async () => {});
  await until(() => two.fence !== undefined);
  expect(clock.now() - began).toBeGreaterThan(29_000);
  expect(one.fence).toBeUndefined();
  expect(tried).toBe(1);

  const epoch = two.fence!.epoch;
  await two[Symbol.asyncDispose]();
  await until(() => tried === 2);
  expect(one.fence).toBeUndefined();
  blind.resolve();
  await until(() => one.fence !== undefined);
  expect(one.fence!.epoch).toBe(epoch + 1);
  await one[Symbol.asyncDispose]();
});

it("stands again where nobody else does, also when preparing throws", async () => {
  let tried = 0;
  const lone = stand("lone", async () => {
    if (++tried < 3) throw new Error("nothing can be listed");
  });
  await until(() => lone.fence !== undefined);
  expect(tried).toBe(3);
});
