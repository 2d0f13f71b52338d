import { describe } from "vitest";
import { connect } from "../../kube/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import { type BareApi, shippedLaws, users } from "../manifests/shipped.ts";
import { missingCluster, startReal } from "./real.ts";

// It fills the server as it likes and needs users of its own, which a cluster that somebody gave does not have.
const why = process.env.KUBECONFIG ? "it needs a cluster of its own; unset KUBECONFIG" : missingCluster();
if (why) process.stdout.write(`skipped: what is shipped, on a real API: ${why}\n`);

describe.skipIf(why)("what is shipped, on a real API", () => shippedLaws(openReal));

async function openReal(): Promise<BareApi> {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startReal({ users, say: (line) => process.stdout.write(`${line}\n`) }));
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
