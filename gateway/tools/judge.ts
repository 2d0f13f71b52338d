import type { ToolServerTool } from "../../api/generated/tool-server.ts";
import { problem, type Reason } from "../../api/reasons.ts";
import type { Instant } from "../../lib/clock.ts";
import { formatUsd, type Micros, parseUsd } from "../../lib/money.ts";
import type { Call as PolicyCall, Verdict } from "../../policy/verdict.ts";
import type { Caller } from "../identity/authenticate.ts";
import { unknownName } from "../shown.ts";
import type { Judgement, Known } from "../stages.ts";
import { type ArgumentChecks, findNotIJson, idempotencyKey, withKey } from "./arguments.ts";
import { type ToolFacts, toPolicyFacts } from "./facts.ts";
import { repeatOf } from "./manifest.ts";
import type { PolicyCache } from "./policies.ts";
import { isTransient } from "./toolbox.ts";

/** The policy's verdict on a call whose server and tool exist. Pure. */
export function verdictOf(facts: ToolFacts, caller: Caller, now: Instant, policies: PolicyCache): Verdict {
  const call: PolicyCall = {
    action: facts.action,
    arguments: facts.arguments,
    effect: facts.manifest?.effect ?? "Destructive",
    hasCredential: facts.hasCredential,
  };
  const { pinnedRole, currentRole } = caller.token;
  return policies.judge({ pinned: pinnedRole, current: currentRole }, call, toPolicyFacts(caller.token, now));
}

/**
 * Judges a tool call: it exists, policy does not deny it, it is as it was admitted, its arguments fit, its credential
 * may be used; then what policy said. Pure.
 */
export function judgeTool(
  { call, facts }: Known<ToolFacts>,
  now: Instant,
  ports: { readonly checks: ArgumentChecks; readonly policies: PolicyCache },
): Judgement {
  const { server, manifest, entry, unavailable } = facts;
  if (!server || !manifest) {
    const shownAs = server ? `${server.name}.${unknownName}` : unknownName;
    return { ...deny("UnknownAction", "there is no action of that name in the catalog"), shownAs };
  }
  const verdict = verdictOf(facts, call.caller, now, ports.policies);
  if (verdict.decision === "deny") return { ...bare(verdict), refusal: "PolicyDenied" };
  if (!entry && !unavailable)
    return deny("UnknownAction", `server "${server.name}" does not offer "${manifest.name}" now`);
  if (entry?.state === "Quarantined") {
    return deny("ToolQuarantined", `"${facts.action}" changed since it was admitted and waits for its new schemaHash`);
  }
  const misfit =
    findNotIJson(facts.arguments, entry?.inputSchema) ?? (entry && ports.checks.misfit(entry, toSent(facts, call.id)));
  if (misfit !== undefined) return deny("ArgumentsInvalid", misfit);
  if (unavailable && !isTransient(unavailable)) return deny(unavailable.reason as Reason, unavailable.message);
  const price = priceOf(manifest);
  return {
    ...bare(verdict),
    repeat: repeatOf(manifest),
    ...(verdict.cap ? { cap: verdict.cap } : {}),
    ...(price > 0n ? { money: fixedPrice(price) } : {}),
  };
}

function priceOf(manifest: ToolServerTool): Micros {
  return manifest.price === undefined ? 0n : parseUsd(manifest.price);
}

/** A tool's price is known before the call and is the whole of it. */
function fixedPrice(price: Micros): NonNullable<Judgement["money"]> {
  return {
    fixed: price,
    outputMicrosPerMillion: 0n,
    maxOutputTokens: 0,
    minOutputTokens: 0,
    priceVersion: `tool:${formatUsd(price)}`,
  };
}

/** The arguments as they will be sent: with the idempotency key where the manifest names an argument for it. */
export function toSent(facts: ToolFacts, id: Known<ToolFacts>["call"]["id"]) {
  const argument = facts.manifest?.idempotency?.type === "Key" ? facts.manifest.idempotency.argument : undefined;
  return argument === undefined
    ? facts.arguments
    : withKey(facts.arguments, argument, idempotencyKey(id, facts.arguments));
}

function bare({ decision, rule, source, reason }: Verdict): Judgement {
  return { verdict: { decision, rule, reason, ...(source === undefined ? {} : { source }) }, repeat: "safe" };
}

function deny(reason: Reason, message: string): Judgement {
  const why = problem(reason, message);
  return { verdict: { decision: "deny", rule: `(${why.reason})`, reason: message }, repeat: "safe", refusal: reason };
}
