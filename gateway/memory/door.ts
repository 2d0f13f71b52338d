import { dispositionOf, problem, type Reason } from "../../api/reasons.ts";
import type { ToolDescriptor } from "../../api/wire.ts";
import type { StepKind } from "../../ledger/ledger.ts";
import { digest, type Json } from "../../lib/json.ts";
import { Problem } from "../../lib/problem.ts";
import { serverOf } from "../../policy/verdict.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";
import { unknownName } from "../shown.ts";
import type { Door, Finding, Judgement, Known, Permit, Receipt } from "../stages.ts";
import { findNotIJson } from "../tools/arguments.ts";
import { parseActionStep, type ToolAsked } from "../tools/door.ts";
import { toPolicyFacts } from "../tools/facts.ts";
import { toErrorResult } from "../tools/result.ts";
import { findBuiltin } from "./builtins.ts";
import { actBuiltin } from "./perform.ts";

interface BuiltinFacts {
  readonly tool: ToolDescriptor | undefined;
}

/** The door that the gateway's own actions go through: judged and journaled like tools, without an outside. */
export function builtinDoor(asked: ToolAsked, ports: Ports): Door<BuiltinFacts> {
  const { action, arguments: args } = asked;
  return {
    kind: "builtin",
    endsWithCaller: false,
    parse: (caller) => ({
      id: { runId: caller.token.run.id, ...parseActionStep(asked.step) },
      kind: serverOf(action) as StepKind,
      name: action,
      request: args,
    }),
    recall: async () => ({ tool: findBuiltin(action) }),
    judge: (known) => judgeBuiltin(known, asked, ports),
    perform: (permit) => performBuiltin(permit, asked, ports),
    denial: (why, rule) => toErrorResult(why, rule) as unknown as Json,
    verify: settleBuiltin,
  };
}

function judgeBuiltin(
  { call, facts }: Known<BuiltinFacts>,
  { action, arguments: args }: ToolAsked,
  ports: Ports,
): Judgement {
  const { tool } = facts;
  if (!tool)
    return { ...deny("UnknownAction", "there is no action of that name in the catalog"), shownAs: unknownName };
  const { token } = call.caller;
  const { decision, rule, source, reason } = ports.toolbox.policies.judge(
    { pinned: token.pinnedRole, current: token.currentRole },
    { action, arguments: args, effect: tool.effect, hasCredential: true },
    toPolicyFacts(token, ports.clock.now()),
  );
  const verdict = { decision, rule, reason, ...(source === undefined ? {} : { source }) };
  if (decision === "deny") return { verdict, repeat: "safe", refusal: "PolicyDenied" };
  const misfit =
    findNotIJson(args, tool.inputSchema) ??
    ports.toolbox.checks.misfit(
      {
        name: action,
        description: "",
        inputSchema: tool.inputSchema,
        schemaHash: digest(tool.inputSchema),
        state: "Admitted",
      },
      args,
    );
  if (misfit !== undefined) return deny("ArgumentsInvalid", misfit);
  // Writes are idempotent by step id in the ledger itself.
  return { verdict, repeat: tool.effect === "Read" ? "safe" : "keyed" };
}

async function performBuiltin(
  permit: Permit<BuiltinFacts>,
  { action, arguments: args }: ToolAsked,
  ports: Ports,
): Promise<Receipt<BuiltinFacts>> {
  const { call } = permit.judged.known;
  try {
    const acting = actBuiltin(action, args, call.caller.token, call.id, ports);
    const result = await withinLedgerTime(ports, acting);
    return { stage: "performed", permit, outcome: "answered", response: result as unknown as Json, isError: false };
  } catch (thrown) {
    const why = thrown instanceof Problem ? thrown : problem("InternalError", `"${action}" failed`, { cause: thrown });
    return { stage: "performed", permit, outcome: "failed", why, sent: "unknown" };
  }
}

function settleBuiltin(receipt: Receipt<BuiltinFacts>): Finding<BuiltinFacts> {
  if (receipt.outcome === "answered") {
    const { response, isError } = receipt;
    return { stage: "verified", receipt, settle: "happened", response, isError };
  }
  const { why } = receipt;
  // A version conflict is the model's to mend; it reads again and writes again, in a step of its own.
  if (dispositionOf(why) === "transient" && why.reason !== "Conflict") {
    return { stage: "verified", receipt, settle: "abandoned", money: "release", why };
  }
  const response = toErrorResult(why) as unknown as Json;
  // The message names what the model named, a path for instance, and the journal is read by others.
  return { stage: "verified", receipt, settle: "happened", response, isError: true, error: why.reason };
}

function deny(reason: Reason, message: string): Judgement {
  return { verdict: { decision: "deny", rule: `(${reason})`, reason: message }, repeat: "safe", refusal: reason };
}
