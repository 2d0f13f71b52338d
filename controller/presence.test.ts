import { expect, it } from "vitest";
import { kinds } from "../api/kinds.ts";
import { problem } from "../api/reasons.ts";
import type { Stored } from "../api/resource.ts";
import type { KubeClient } from "../kube/client.ts";
import { Presence } from "./presence.ts";

const definition = (established: boolean, more: object = {}) => ({
  metadata: { name: "agentbindings.roster.dev", ...more },
  status: { conditions: [{ type: "Established", status: established ? "True" : "False" }] },
});
const binding = (uid: string) => ({ metadata: { name: "ana", namespace: "acme", uid } }) as Stored;

interface World {
  readonly definition: object | "forbidden" | undefined;
  readonly found?: Stored;
  readonly others?: readonly Stored[];
}

function presenceIn(world: World): Presence {
  const kube = {
    async find(kind: { readonly kind: string }) {
      if (kind.kind !== "CustomResourceDefinition") return world.found;
      if (world.definition === "forbidden") throw problem("Forbidden", "no", { details: { status: 403 } });
      return world.definition;
    },
    list: async () => ({ items: world.others ?? [], resourceVersion: "1" }),
  } as unknown as KubeClient;
  return new Presence(kube, { definitions: true });
}

const table: Readonly<Record<string, { given: World; want: boolean }>> = {
  "its definition is in force and the server does not find it": { given: { definition: definition(true) }, want: true },
  "another bears its name": { given: { definition: undefined, found: binding("2") }, want: true },
  "we may not ask for definitions, but others of its kind are served": {
    given: { definition: "forbidden", others: [binding("2")] },
    want: true,
  },
  "it is there": { given: { definition: definition(true), found: binding("1") }, want: false },
  "its definition is not there: the kind is being replaced": { given: { definition: undefined }, want: false },
  "its definition is not in force yet": { given: { definition: definition(false) }, want: false },
  "its definition goes, and the object may still be on its way": {
    given: { definition: definition(true, { deletionTimestamp: "2026-11-02T08:00:00Z" }) },
    want: false,
  },
  "we may not ask for definitions, and nothing of its kind is there": {
    given: { definition: "forbidden" },
    want: false,
  },
};
for (const [why, { given, want }] of Object.entries(table)) {
  it(`holds an object for ${want ? "gone" : "possibly there"} where ${why}`, async () => {
    expect(await presenceIn(given).isGone(kinds.AgentBinding, binding("1"))).toBe(want);
  });
}

it("takes an empty list for an answer only under a definition in force", async () => {
  expect(await presenceIn({ definition: definition(true) }).listUids(kinds.AgentBinding, "acme")).toEqual(new Set());
  expect(await presenceIn({ definition: undefined }).listUids(kinds.AgentBinding, "acme")).toBeUndefined();
});

it("never answers from a question that was asked before", async () => {
  const answers = [definition(true), definition(true, { deletionTimestamp: "2026-11-02T08:00:00Z" })];
  const asked: PromiseWithResolvers<void>[] = [];
  const kube = {
    async find() {
      const answer = answers[asked.length];
      const open = Promise.withResolvers<void>();
      asked.push(open);
      await open.promise;
      return answer;
    },
  } as unknown as KubeClient;
  const presence = new Presence(kube, { definitions: true });
  const before = presence.standingOf(kinds.AgentBinding);
  await Promise.resolve();
  await Promise.resolve();
  const after = [presence.standingOf(kinds.AgentBinding), presence.standingOf(kinds.AgentBinding)];
  asked[0]!.resolve();
  expect(await before).toBe("established");
  await Promise.resolve();
  asked[1]!.resolve();
  expect(await Promise.all(after)).toEqual(["terminating", "terminating"]);
  expect(asked).toHaveLength(2);
});
