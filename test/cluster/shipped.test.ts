import { describe } from "vitest";
import { connect } from "../../kube/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { type BareApi, shippedLaws, users } from "../manifests/shipped.ts";
import { missingCluster, type Plane, startReal } from "./real.ts";

// It fills the server as it likes and needs users of its own, which a cluster that somebody gave does not have.
const given = process.env.KUBECONFIG ? "it needs a cluster of its own; unset KUBECONFIG" : undefined;

for (const plane of ["newest", "oldest"] as const) {
  const why = given ?? missingCluster(plane);
  if (why) process.stdout.write(`skipped: what is shipped, on the ${plane} real API: ${why}\n`);
  describe.skipIf(why)(`what is shipped, on a real API of the ${plane} Kubernetes`, () =>
    shippedLaws(() => openReal(plane), plane === "oldest" ? withoutValues : undefined),
  );
}

/** The oldest names the type of a value instead of the value, and prints objects as Go does. */
const withoutValues = (refusal: string): string =>
  refusal.replace(/(Invalid value: )(null|"[^"]*"): /g, "$1").replaceAll("map[string]interface {}{", "{");

async function openReal(plane: Plane): Promise<BareApi> {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startReal({ plane, users, say: (line) => process.stdout.write(`${line}\n`) }));
  const resources = stack.move();
  return {
    async as(user) {
      const token = users.find((one) => one.name === user)?.token ?? cluster.adminToken;
      const tools = { log: silentLog, clock: systemClock, userAgent: "roster-test" };
      return resources.use(await connect({ server: cluster.url, caPem: cluster.caPem, token }, tools));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
