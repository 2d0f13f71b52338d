import type { Runs, StepKind, StepRecord } from "./ledger.ts";
import type { Ports } from "./ports.ts";
import { runColumns, toRun } from "./run-rows.ts";
import type { Row } from "./sql.ts";

/** A run with its steps: names, numbers and digests, never bodies. */
export async function trace({ db, keys }: Ports, runId: string): ReturnType<Runs["trace"]> {
  const [run] = await db.query(`select ${runColumns} from runs r where r.id = $1`, [runId]);
  if (!run) return undefined;
  const steps = await db.query("select * from steps where run_id = $1 order by step, action", [runId]);
  return { run: await toRun(run, keys), steps: steps.map(toStep) };
}

function toStep(row: Row): StepRecord {
  return {
    id: { runId: row.run_id as string, step: row.step as number, action: row.action as number },
    epoch: Number(row.epoch),
    kind: row.kind as StepKind,
    name: row.name as string,
    state: row.state as StepRecord["state"],
    ...(row.verdict === null ? {} : { verdict: row.verdict as NonNullable<StepRecord["verdict"]> }),
    ...(row.rule === null ? {} : { rule: row.source === null ? (row.rule as string) : `${row.rule} (${row.source})` }),
    requestSha256: row.digest as string,
    ...(row.response_digest === null ? {} : { responseSha256: row.response_digest as string }),
    ...(row.tokens_in === null ? {} : { tokens: { input: Number(row.tokens_in), output: Number(row.tokens_out) } }),
    ...(row.held === null ? {} : { held: row.held as bigint }),
    ...(row.charged === null ? {} : { charged: row.charged as bigint }),
    startedAt: Number(row.started_at),
    ...(row.finished_at === null ? {} : { finishedAt: Number(row.finished_at) }),
    ...(row.error === null ? {} : { error: row.error as string }),
  };
}
