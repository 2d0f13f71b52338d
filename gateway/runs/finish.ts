import { problem } from "../../api/reasons.ts";
import type { FinishAnswer, FinishRequest } from "../../api/wire.ts";
import { digest, isObject, type Json } from "../../lib/json.ts";
import { compileContract } from "../../policy/contract.ts";
import type { Caller } from "../identity/authenticate.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";
import { specOf } from "../standing.ts";
import { toPolicyFacts } from "../tools/facts.ts";

// The journal orders by (step, action), and the final answer comes after every other step.
const finalStep = 1_000_000;

/**
 * The final answer is an action too: checked against the role's output contract and evidence, journaled, and only then
 * the run succeeds. An answer that does not fit is told why and changes nothing, so the worker may repair it. Throws
 * EpochLost, TokenRevoked, JournalDiverged, LedgerUnavailable.
 */
export async function finishRun(caller: Caller, request: FinishRequest, ports: Ports): Promise<FinishAnswer> {
  const { run } = caller.token;
  const dropped = request.reason === "Dropped";
  const misfit = dropped ? undefined : await findMisfit(caller, request.output, ports);
  if (misfit) return { outcome: "invalid", ...misfit };
  await journalFinal(caller, request, ports);
  const output = request.output;
  await withinLedgerTime(
    ports,
    ports.ledger.runs.succeed(run.id, run.epoch, {
      rung: request.rung,
      ...(request.tier === undefined ? {} : { tier: request.tier }),
      reason: dropped ? "Dropped" : "Succeeded",
      message: dropped ? `rung "${request.rung}" dropped the event` : `rung "${request.rung}" answered`,
      verified: dropped ? "Unknown" : verifiedBy(caller),
      outputDigest: digest(output),
      output,
    }),
  );
  return { outcome: "finished", phase: "Succeeded" };
}

/**
 * The gateway is an observer other than the actor, but a schema only says that an answer is well-formed. Evidence and
 * postconditions say something about it; without them nobody has looked.
 */
function verifiedBy(caller: Caller): "True" | "Unknown" {
  const { evidence = [], postconditions = [] } = specOf(caller.token.pinnedRole).contract ?? {};
  return evidence.length + postconditions.length > 0 ? "True" : "Unknown";
}

async function findMisfit(
  caller: Caller,
  output: Json,
  ports: Ports,
): Promise<{ readonly reason: string; readonly message: string } | undefined> {
  const { run, pinnedRole } = caller.token;
  const contract = compileContract(specOf(pinnedRole).contract ?? {});
  const misfit = contract.checkOutput(output, toPolicyFacts(caller.token, ports.clock.now()));
  if (misfit !== undefined) return { reason: "OutputInvalid", message: misfit };
  const left = new Set((await ports.ledger.runs.find(run.id))?.artifacts.map(({ name }) => name));
  const missing = contract.evidence.filter((name) => !left.has(name));
  if (missing.length === 0) return undefined;
  return {
    reason: "EvidenceMissing",
    message: `the contract asks for artifact ${missing.map((name) => `"${name}"`).join(", ")}; use artifact.write`,
  };
}

async function journalFinal(caller: Caller, request: FinishRequest, ports: Ports): Promise<void> {
  const journaled = {
    output: request.output,
    rung: request.rung,
    tier: request.tier ?? null,
    reason: request.reason ?? "Succeeded",
  };
  const answer = await withinLedgerTime(
    ports,
    ports.ledger.guard.permit({
      tokenHash: caller.tokenHash,
      id: { runId: caller.token.run.id, step: finalStep, action: -1 },
      kind: "final",
      name: "finish",
      digest: digest(journaled),
      request: journaled,
      verdict: { decision: "allow", rule: "(contract)", reason: "the answer fits the role's contract" },
      repeat: "safe",
    }),
  );
  if (answer.outcome === "refused") throw problem("EpochLost", answer.message, { details: { reason: answer.reason } });
  if (answer.outcome !== "permitted") return;
  await withinLedgerTime(
    ports,
    ports.ledger.guard.happened({ callId: answer.callId, response: { accepted: true }, isError: false }),
  );
}

/** Checks the body of a finish. Throws InvalidRequest. */
export function parseFinish(body: Json): FinishRequest {
  if (!isObject(body)) throw problem("InvalidRequest", "body must be a JSON object");
  const { output = null, rung, tier, reason } = body as Record<string, Json | undefined>;
  if (typeof rung !== "string" || rung === "" || rung.length > 100)
    throw problem("InvalidRequest", "rung must name the rung that answered");
  if (tier !== undefined && (typeof tier !== "string" || tier.length > 253))
    throw problem("InvalidRequest", "tier must be the name of a ModelTier");
  if (reason !== undefined && reason !== "Succeeded" && reason !== "Dropped") {
    throw problem("InvalidRequest", "reason must be Succeeded or Dropped");
  }
  return { output, rung, ...(tier === undefined ? {} : { tier }), ...(reason === undefined ? {} : { reason }) };
}
