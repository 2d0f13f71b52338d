import { expect, it } from "vitest";
import { problem } from "../api/reasons.ts";
import type { KubeClient } from "./client.ts";
import { askCluster } from "./ledger-mark.ts";

/** A cluster in which `kube-system` may not be read. */
function closedTo(details: Readonly<Record<string, unknown>>): KubeClient {
  const kube: Pick<KubeClient, "get" | "find"> = {
    async get(_kind, name) {
      if (name === "kube-system") throw problem("Forbidden", "no", { details: { status: 403, ...details } });
      return { metadata: { name, uid: "ours" } } as never;
    },
    find: async () => undefined,
  };
  return kube as KubeClient;
}

it("a right that is missing does not make this another cluster", async () => {
  await expect(askCluster(closedTo({}))).rejects.toMatchObject({ reason: "Forbidden" });
});

it("where there are only Roles, the cluster is known by Roster's own namespace", async () => {
  expect(await askCluster(closedTo({ confined: true }))).toEqual({ cluster: "roster-system/ours" });
  expect(await askCluster(closedTo({}), true)).toEqual({ cluster: "roster-system/ours" });
});
