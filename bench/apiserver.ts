import { type Arm, embeddedArm, realArm } from "./apiserver/arm.ts";
import { type Benchmark, type BenchOptions, type Row, timed } from "./kit/sample.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const merge = "application/merge-patch+json";
const apply = "application/apply-patch+yaml";
const padding = "x".repeat(900);
/** About 1.25 KB as stored, with what the server adds. */
const configMap = (name: string, note = "") =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, labels: { of: "bench" } },
    data: { padding, note },
  });

interface Work {
  readonly name: string;
  readonly clients: number;
  readonly count: number;
  act(arm: Arm, index: number): Promise<unknown>;
}

/** The embedded API against kube-apiserver and etcd on the same machine, every write durable, arms taking turns. */
export const apiserver: Benchmark = {
  name: "apiserver",
  about: "embedded API against kube-apiserver + etcd: writes, reads, 100,000 objects, 1,000 watchers (goals 6, 7, 9)",
  async run(options) {
    return [...(await compared(options)), ...(await large(options))];
  },
};

async function compared(options: BenchOptions): Promise<readonly Row[]> {
  await using ours = await embeddedArm();
  const found = await realArm();
  await using theirs = typeof found === "string" ? undefined : found;
  if (typeof found === "string") process.stderr.write(`  without the other arm: ${found}\n`);
  const arms = theirs ? [ours, theirs] : [ours];
  return [...(await rates(arms, options)), ...(await receipts(arms, options))];
}

function worksOf(quick: boolean): readonly Work[] {
  const size = (full: number) => (quick ? Math.ceil(full / 10) : full);
  return [
    ...[1, 16, 64].map(
      (clients): Work => ({
        name: `create a ConfigMap of 1.25 KB, durable, ${clients} clients`,
        clients,
        count: size(clients === 1 ? 500 : 3_000),
        act: (arm, index) => arm.send("POST", maps, configMap(`made-${clients}-${index}`)),
      }),
    ),
    {
      name: "merge patch, 16 clients",
      clients: 16,
      count: size(2_000),
      act: (arm, index) =>
        arm.send("PATCH", `${maps}/made-1-${index % size(500)}`, `{"data":{"note":"${index}"}}`, merge),
    },
    {
      name: "server-side apply, 16 clients",
      clients: 16,
      count: size(2_000),
      act: (arm, index) =>
        arm.send(
          "PATCH",
          `${maps}/applied-${index % 200}?fieldManager=bench&force=true`,
          configMap(`applied-${index % 200}`, `${index}`),
          apply,
        ),
    },
    {
      name: "get, 16 clients",
      clients: 16,
      count: size(3_000),
      act: (arm, index) => arm.send("GET", `${maps}/made-1-${index % size(500)}`),
    },
  ];
}

/** Requests per second, in rounds, the arms in turn. */
async function rates(arms: readonly Arm[], { quick, progress }: BenchOptions): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { name, clients, count, act } of worksOf(quick)) {
    progress(name);
    const values = arms.map((): number[] => []);
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      for (const [index, arm] of arms.entries()) {
        let next = round * count;
        const end = next + count;
        const one = async () => {
          while (next < end) await act(arm, next++);
        };
        const ms = await timed(() => Promise.all(Array.from({ length: clients }, one)));
        values[index]!.push((count / ms) * 1_000);
      }
    }
    rows.push(row(name, "per s", "higher", arms, values));
  }
  return rows;
}

/** How long one change takes to reach the last of many watchers. */
async function receipts(arms: readonly Arm[], { quick, progress }: BenchOptions): Promise<readonly Row[]> {
  const watchers = quick ? 100 : 1_000;
  const at = "/api/v1/namespaces/kube-public/configmaps";
  const name = `one change → the last of ${watchers} watchers`;
  progress(name);
  const values = arms.map((): number[] => []);
  const waiting = arms.map(() => ({ left: 0, done: () => {} }));
  for (const [index, arm] of arms.entries()) {
    const heard = () => {
      const wait = waiting[index]!;
      if (--wait.left === 0) wait.done();
    };
    let left = watchers;
    const open = async () => {
      while (left-- > 0) await arm.watch(`${at}?watch=true&fieldSelector=metadata.name%3Dseen`, heard);
    };
    await Promise.all(Array.from({ length: 20 }, open));
  }
  for (let round = 0; round < (quick ? 5 : 40); round++) {
    for (const [index, arm] of arms.entries()) {
      const all = new Promise<void>((resolve) => {
        waiting[index] = { left: watchers, done: resolve };
      });
      const [method, path, body, type] =
        round === 0
          ? (["POST", at, configMap("seen"), undefined] as const)
          : (["PATCH", `${at}/seen`, `{"data":{"note":"${round}"}}`, merge] as const);
      const ms = await timed(() => Promise.all([arm.send(method, path, body, type), all]));
      // The first one begins the streams.
      if (round > 0) values[index]!.push(ms);
    }
  }
  return [row(name, "ms", "lower", arms, values)];
}

/**
 * Fills an embedded API of its own, so that there is just what the goal names, then lists everything: time, the longest
 * stall of its event loop, memory.
 */
async function large({ quick, progress }: BenchOptions): Promise<readonly Row[]> {
  await using ours = await embeddedArm();
  const count = quick ? 5_000 : 100_000;
  const filling = `${count.toLocaleString("en")} objects of 1.25 KB`;
  progress(`filling with ${filling}`);
  await ours.inside!();
  let next = 0;
  const fill = async () => {
    while (next < count) await ours.send("POST", maps, configMap(`many-${next++}`));
  };
  await Promise.all(Array.from({ length: 64 }, fill));
  const filled = await ours.inside!();
  const lists: number[] = [];
  const stalls: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < (quick ? 2 : 7); round++) {
    lists.push(await timed(() => ours.send("GET", "/api/v1/configmaps")));
    const { stallMs, residentMiB } = await ours.inside!();
    stalls.push(stallMs);
    memory.push(residentMiB);
  }
  const facts = { objects: count };
  return [
    { name: `full list of ${filling}`, unit: "ms", better: "lower", subject: lists, facts },
    { name: `longest stall while ${filling} are listed`, unit: "ms", better: "lower", subject: stalls, facts },
    {
      name: `longest stall while ${filling} are created`,
      unit: "ms",
      better: "lower",
      subject: [filled.stallMs],
      facts,
    },
    {
      name: `longest collection while ${filling} are created`,
      unit: "ms",
      better: "lower",
      subject: [filled.collectMs],
      facts,
    },
    { name: `memory with ${filling}`, unit: "MiB", better: "lower", subject: memory, facts },
  ];
}

function row(
  name: string,
  unit: string,
  better: Row["better"],
  arms: readonly Arm[],
  values: readonly number[][],
): Row {
  const [subject = [], other] = values;
  return { name, unit, better, subject, ...(other ? { against: { name: arms[1]!.name, values: other } } : {}) };
}
