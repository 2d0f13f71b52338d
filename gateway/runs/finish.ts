import { problem } from "../../api/reasons.ts";
import type { FinishAnswer, FinishRequest } from "../../api/wire.ts";
import { digest, isObject, type Json } from "../../lib/json.ts";
import { compileContract } from "../../policy/contract.ts";
import { onlyRung } from "../../policy/router.ts";
import type { Caller } from "../identity/authenticate.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";
import { specOf } from "../standing.ts";
import { toPolicyFacts } from "../tools/facts.ts";

/**
 * The final answer is an action too: checked against the role's output contract and evidence, and only then
 * the run succeeds; the ledger journals it in the same transaction. An answer that does not fit is told why and changes nothing, so the worker may repair it. Throws
 * InvalidRequest for a rung or tier that is not the role's, EpochLost, LedgerUnavailable.
 */
export async function finishRun(caller: Caller, request: FinishRequest, ports: Ports): Promise<FinishAnswer> {
  const { run } = caller.token;
  checkNames(caller, request);
  const dropped = request.reason === "Dropped";
  const misfit = dropped ? undefined : await findMisfit(caller, request.output, ports);
  if (misfit) {
    ports.owned.tell(run.id, misfit.message);
    return { outcome: "invalid", ...misfit };
  }
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

/** Rung and tier are shown to others, so they are names of the role and no words of the runtime's. Throws InvalidRequest. */
function checkNames({ token }: Caller, { rung, tier }: FinishRequest): void {
  const { router, modelTiers = {} } = specOf(token.pinnedRole);
  const rungs = router?.rungs?.map(({ name }) => name) ?? [];
  const known = rungs.length > 0 ? rungs : [onlyRung];
  if (!known.includes(rung))
    throw problem("InvalidRequest", `rung must be one of the role's: ${known.map((one) => `"${one}"`).join(", ")}`);
  if (tier !== undefined && !Object.values(modelTiers).includes(tier))
    throw problem("InvalidRequest", "tier must be a ModelTier that the role names in modelTiers");
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
