import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startApiServer } from "../../apiserver/server.ts";
import { readCrds } from "../../gitops/crd-schemas.ts";
import { shippedCrds } from "../../gitops/render.ts";
import type { Connection, KubeClient } from "../../kube/client.ts";
import { connect } from "../../kube/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";

export interface TestApi extends AsyncDisposable {
  readonly kube: KubeClient;
}

/**
 * A Kubernetes API with the shipped definitions, reached as an administrator: an embedded one of its own, or the one that
 * ROSTER_TEST_KUBECONFIG names (which must have crds/ installed).
 */
export async function anApi(): Promise<TestApi> {
  const tools = { log: silentLog, clock: systemClock, userAgent: "roster-test" };
  const kubeconfig = process.env.ROSTER_TEST_KUBECONFIG;
  await using stack = new AsyncDisposableStack();
  const connection: Connection = kubeconfig ? { kubeconfig } : await embedded(stack);
  const kube = stack.use(await connect(connection, tools));
  const resources = stack.move();
  return { kube, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

async function embedded(stack: AsyncDisposableStack): Promise<Connection> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "roster-test-api-"));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const token = "test-admin";
  const crds = await readCrds(shippedCrds);
  const users = [{ name: "admin", groups: ["system:masters"], token }];
  const api = await startApiServer({ dataDir, port: 0, clock: systemClock, log: silentLog, users, crds });
  stack.use(api);
  return { server: api.url, caPem: api.caPem, token };
}
