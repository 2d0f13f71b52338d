import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { startEmbedded } from "../conformance/embedded.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { kro } from "./kubectl/kro.ts";
import { KubectlSession, type KubectlTarget } from "./kubectl/session.ts";
import { missingCluster, startReal } from "./real.ts";
import { startServer } from "./server-process.ts";
import { buildTools, missingTools, sourceOf } from "./tools.ts";

const why =
  missingCluster() ??
  missingTools(["kro"]) ??
  (process.env.KUBECONFIG ? "the controller's definitions are not for a given cluster" : undefined);
const say = (line: string) => process.stdout.write(`${line}\n`);
if (why) say(`skipped: a published controller on both servers: ${why}`);

/** kro: other people's controller, with their own definitions, which makes new kinds while it runs. */
describe.skipIf(why)("a published controller does the same on the embedded API and on a real one", () => {
  // The first time, kro is compiled: three minutes on two cores.
  it("kro, whose definitions are applied by the client and by the server", { timeout: 1_200_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const built = await buildTools(["kro", "kubectl"], say);
    const crds = path.join(sourceOf("kro", "github.com/kubernetes-sigs/kro"), "helm/crds");
    const [real, embedded] = await Promise.all([startReal({ say }), startEmbedded()]);
    stack.use(real);
    stack.use(embedded);
    const targets = [{ ...embedded, adminToken: embedded.tokens.admin }, real];
    const [ours, theirs] = await Promise.all(targets.map((target) => tried(built, target, crds)));
    expect(ours).toEqual(theirs);
    for (const transcript of Object.values(ours ?? {})) expect(transcript).not.toContain("timed out");
  });
});

type Transcripts = Readonly<Record<string, string>>;

async function tried(
  { kro: controller, kubectl }: { readonly kro: string; readonly kubectl: string },
  target: KubectlTarget,
  crds: string,
): Promise<Transcripts> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), "roster-kro-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const session = stack.use(new KubectlSession(kubectl, target));
  const installed = await session.run({ lines: installing(crds) }, "kro-installs");
  const kubeconfig = path.join(folder, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigText(target.url, target.caPem, target.adminToken), { mode: 0o600 });
  const flags = ["--metrics-bind-address=0", "--health-probe-bind-address=0", "--allow-crd-deletion", "--leader-elect"];
  const ending = ["--leader-election-namespace=kro-installs", "--graceful-shutdown-timeout=1s"];
  const running = stack.use(
    startServer(controller, ["--kubeconfig", kubeconfig, ...flags, ...ending], path.join(folder, "log")),
  );
  const transcripts = await session.runAll(kro, "kro");
  expect(running.failed()).toBeUndefined();
  return { installed, ...transcripts };
}

const installing = (crds: string): string[] => [
  ...readdirSync(crds).map((file) => `kubectl apply -f ${path.join(crds, file)}`),
  `kubectl apply --server-side -f ${crds}`,
  `kubectl apply --server-side --force-conflicts -f ${crds}`,
  `kubectl diff -f ${crds}`,
  "kubectl wait crd --all --for=condition=Established --timeout=50s",
];
