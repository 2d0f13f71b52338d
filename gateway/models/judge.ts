import { problem, type Reason } from "../../api/reasons.ts";
import { Problem } from "../../lib/problem.ts";
import { type WorstCase, worstCase } from "../../policy/prices.ts";
import { unknownName } from "../shown.ts";
import type { Judgement, Known } from "../stages.ts";
import type { Endpoint } from "./endpoint.ts";
import { type ChatRequest, findForbiddenField } from "./request.ts";
import { allowsNamespace, type TierFacts } from "./tiers.ts";

/** What is known of a model call when it is judged. */
export interface ModelFacts extends TierFacts {
  readonly request: ChatRequest;
  /** Bytes that the input bound counts. */
  readonly bytes: number;
  /** Undefined where there is no tier. */
  readonly endpoint: Endpoint | Problem | undefined;
}

/** Judges a model call: may this run use this tier, may this request go there, and what can it cost. Pure. */
export function judgeModel({ call, facts }: Known<ModelFacts>): Judgement {
  const { namespace } = call.caller.token.binding;
  const { tier, entitled, request, endpoint } = facts;
  const refused = (reason: Reason, message: string) => deny(problem(reason, message));
  if (!tier) return { ...refused("TierNotFound", "there is no ModelTier of that name"), shownAs: unknownName };
  if (!entitled) {
    return refused("PolicyDenied", `the role does not name ModelTier "${tier.name}" in modelTiers`);
  }
  if (!allowsNamespace(tier, namespace)) {
    return refused("Forbidden", `ModelTier "${tier.name}" is not open to namespace "${namespace}"`);
  }
  if (!tier.ready) return refused("TierNotReady", `ModelTier "${tier.name}" is not Ready`);
  const field = findForbiddenField(request, tier.allowedFields);
  if (field !== undefined) {
    return refused(
      "InvalidRequest",
      `${quoteField(field)} is not allowed for ModelTier "${tier.name}" (spec.allowedFields)`,
    );
  }
  if (endpoint === undefined || endpoint instanceof Problem) {
    return deny(endpoint ?? problem("TierNotReady", `ModelTier "${tier.name}" has no endpoint`));
  }
  const money = worstOf(facts);
  if (money instanceof Problem) return deny(money);
  return {
    verdict: { decision: "allow", rule: "(modelTiers)", reason: `the role names ModelTier "${tier.name}"` },
    repeat: "spend",
    money,
  };
}

// Fields that client libraries send; any other name is the caller's invention, and this sentence is read by others.
const wellKnown = new Set(
  "audio function_call functions logit_bias logprobs metadata modalities prediction previous_response_id prompt_cache_key safety_identifier service_tier store top_k top_logprobs verbosity web_search_options".split(
    " ",
  ),
);

function quoteField(field: string): string {
  return wellKnown.has(field) ? `field "${field}"` : "a field of the request";
}

function worstOf({ tier, request, bytes }: ModelFacts): WorstCase | Problem {
  const { maxOutputTokens } = request;
  try {
    return worstCase(tier!, { bytes, n: 1, ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }) });
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown;
    throw thrown;
  }
}

function deny(why: Problem): Judgement {
  return {
    verdict: { decision: "deny", rule: `(${why.reason})`, reason: why.message },
    repeat: "safe",
    refusal: why.reason as Reason,
  };
}
