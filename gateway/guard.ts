import { problem, reasons } from "../api/reasons.ts";
import type { GuardAnswer } from "../ledger/ledger.ts";
import { digest } from "../lib/json.ts";
import { Problem } from "../lib/problem.ts";
import { authenticate, type Caller } from "./identity/authenticate.ts";
import { withinLedgerTime } from "./ledger-time.ts";
import { park } from "./park.ts";
import type { Ports } from "./ports.ts";
import { record } from "./record.ts";
import type { Call, Door, Judged, Known, Outcome, Permit } from "./stages.ts";
import { standingRefusal } from "./standing.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** One call from outside, before anything about it is known. */
export interface Asked {
  readonly authorization: string | undefined | null;
  /** Aborts when the client goes away. */
  readonly gone: AbortSignal;
  readonly watch: Stopwatch;
}

// However many transient failures a role allows, a call does not outlive this many holds.
const maxAttempts = 10;

/**
 * What every call goes through, whoever sent it: authenticate → parse → recall → judge → permit → perform → verify →
 * record. The order is the promise: *intended* and the hold are durable before anything is sent, and the answer is
 * durable and settled before the caller sees it as done. A transient failure is retried under a new permit, so each
 * attempt is its own hold. A call that the journal already has is answered from it. Throws Unauthenticated,
 * TokenRevoked, InvalidRequest, LedgerUnavailable; every decision about a known caller comes back as an `Outcome`.
 */
export async function guard<F>(asked: Asked, door: Door<F>, ports: Ports): Promise<Outcome> {
  const caller = await authenticate(asked.authorization, ports);
  let call = parse(door, caller);
  using _flight = ports.drain.enter(caller.token.run.id);
  using open = ports.open.watch({ bindingUid: caller.token.binding.uid, runId: caller.token.run.id });
  using deadline = endAt(caller.token.run.deadline, ports);
  const signal = AbortSignal.any([open.signal, deadline.signal, ...(door.endsWithCaller ? [asked.gone] : [])]);
  for (let attempt = 1; ; attempt++) {
    const tried = await attemptOnce(call, { attempt, signal }, asked, door, ports);
    if (tried.stage === "outdated") {
      call = await again(call, asked, attempt, ports);
      continue;
    }
    if (tried.againAfterMs === undefined || attempt >= maxAttempts) return await concluded(tried.outcome, call, ports);
    const why = await pause(tried.againAfterMs, call, signal, ports);
    if (why) return { stage: "failed", why };
  }
}

interface Attempt {
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** The sequence itself, once. A place in the tier's line is given up before anybody waits for a next attempt. */
async function attemptOnce<F>(
  call: Call,
  attempt: Attempt,
  asked: Asked,
  door: Door<F>,
  ports: Ports,
): Promise<
  | { readonly stage: "outdated" }
  | { readonly stage: "tried"; readonly outcome: Outcome; readonly againAfterMs?: number }
> {
  const known: Known<F> = { stage: "recalled", call, facts: await door.recall(call) };
  const judged = judge(door, known, ports);
  using _place = judged.verdict.decision === "allow" ? await door.queue?.(known, attempt.signal) : undefined;
  const permit = await permitFor(judged, attempt, door, ports);
  if (permit.stage === "outdated") return permit;
  if (permit.stage !== "permitted") return { stage: "tried", outcome: permit };
  const receipt = await asked.watch.outside(() => door.perform(permit));
  const finding = door.verify(receipt);
  const outcome = await record(finding, ports);
  const againAfterMs = finding.settle === "abandoned" ? finding.againAfterMs : undefined;
  return { stage: "tried", outcome, ...(againAfterMs === undefined ? {} : { againAfterMs }) };
}

function parse<F>(door: Door<F>, caller: Caller): Call {
  const parsed = door.parse(caller);
  return { stage: "parsed", caller, ...parsed, digest: digest({ name: parsed.name, request: parsed.request }) };
}

/** What stands above any door's own judgement: the run's limits and stops. */
function judge<F>(door: Door<F>, known: Known<F>, ports: Ports): Judged<F> {
  const refused = standingRefusal(known.call, ports.clock.now());
  if (!refused) return { stage: "judged", known, ...door.judge(known) };
  const verdict = { decision: "deny", rule: `(${refused.reason})`, reason: refused.message } as const;
  return { stage: "judged", known, verdict, repeat: "safe", refusal: refused.reason };
}

type Unpermitted = Exclude<Outcome, { readonly stage: "failed" }>;

/**
 * Role or binding changed between the verdict and the transaction: the caller is read afresh, so that the next verdict
 * is over what is in force. Throws Conflict where nothing changed, because then the same step is in flight already.
 */
async function again(call: Call, asked: Asked, attempt: number, ports: Ports): Promise<Call> {
  const caller = await authenticate(asked.authorization, ports);
  const unchanged = caller.token.binding.authoritySeq === call.caller.token.binding.authoritySeq;
  if (unchanged || attempt >= maxAttempts) throw problem("Conflict", "this step is being performed already");
  return { ...call, caller };
}

/** Authority, journal and money in one transaction of the ledger. Nobody else makes a `Permit`. */
async function permitFor<F>(
  judged: Judged<F>,
  attempt: Attempt,
  door: Door<F>,
  ports: Ports,
): Promise<Permit<F> | Unpermitted | { readonly stage: "outdated" }> {
  const { call } = judged.known;
  const denied = judged.verdict.decision === "deny" ? door.denial?.(refusalOf(judged), judged.verdict) : undefined;
  const name = judged.shownAs ?? call.name;
  const answer = await divergedParks(
    { ...call, name },
    ports,
    ports.ledger.guard.permit({
      tokenHash: call.caller.tokenHash,
      id: call.id,
      kind: call.kind,
      name,
      digest: call.digest,
      request: call.request,
      verdict: judged.verdict,
      repeat: judged.repeat,
      ...(judged.money ? { money: judged.money } : {}),
      ...(judged.cap ? { cap: judged.cap } : {}),
      ...(denied === undefined ? {} : { denial: denied }),
      authoritySeq: call.caller.token.binding.authoritySeq,
    }),
  );
  switch (answer.outcome) {
    case "permitted":
      return {
        stage: "permitted",
        judged,
        callId: answer.callId,
        held: answer.held,
        maxOutputTokens: answer.maxOutputTokens,
        ...attempt,
        // The brand exists for the compiler only; this is the one place that may assert it.
      } as Permit<F>;
    case "recorded":
      return { stage: "recorded", response: answer.response, fresh: false };
    case "uncertain":
      return { stage: "uncertain", why: problem("OutcomeUnknown", answer.message) };
    case "refused":
      return answer.reason === "Conflict" ? { stage: "outdated" } : refusal(judged, answer);
  }
}

/** A run whose journal says otherwise is for a person to look at; the worker hears JournalDiverged. */
async function divergedParks<T>(call: Call, ports: Ports, answer: Promise<T>): Promise<T> {
  try {
    return await withinLedgerTime(ports, answer);
  } catch (thrown) {
    const diverged = thrown instanceof Problem && thrown.reason === "JournalDiverged";
    if (diverged) await park(call, { type: "Journal", name: call.name }, thrown, ports);
    throw thrown;
  }
}

function refusal<F>(judged: Judged<F>, answer: GuardAnswer & { outcome: "refused" }): Unpermitted {
  const { decision, rule, source } = judged.verdict;
  const where = { rule, ...(source === undefined ? {} : { source }) };
  // The verdict's own words, unless the guard found something stronger, such as a token revoked meanwhile.
  const byVerdict = answer.reason === "PolicyDenied" || answer.reason === "ApprovalRequired";
  if (decision !== "allow" && byVerdict) {
    return { stage: "refused", why: refusalOf(judged), verdict: decision, ...where };
  }
  const known = answer.reason in reasons ? answer.reason : "PolicyDenied";
  const details = answer.level === undefined ? {} : { level: answer.level };
  return { stage: "refused", why: new Problem(known, answer.message, { details }), verdict: "guard", ...where };
}

function refusalOf<F>({ refusal: named, verdict }: Judged<F>): Problem {
  return problem(named ?? (verdict.decision === "ask" ? "ApprovalRequired" : "PolicyDenied"), verdict.reason);
}

/** A run whose call waits for a person, or may have happened, goes to Waiting before its worker hears of it. */
async function concluded(outcome: Outcome, call: Call, ports: Ports): Promise<Outcome> {
  if (outcome.stage === "uncertain") await park(call, { type: "Outcome", name: call.name }, outcome.why, ports);
  if (outcome.stage === "refused" && outcome.verdict === "ask") {
    await park(call, { type: "Approval", name: call.name }, outcome.why, ports);
  }
  return outcome;
}

/** Waits before the next attempt; answers the problem that ended the wait early, if one did. */
async function pause(ms: number, call: Call, signal: AbortSignal, ports: Ports): Promise<Problem | undefined> {
  if (ports.clock.now() + ms >= call.caller.token.run.deadline) {
    return problem("TimeLimit", "the run's deadline comes before the provider may be asked again");
  }
  try {
    await ports.clock.sleep(ms, signal);
    return undefined;
  } catch {
    return signal.reason instanceof Problem ? signal.reason : problem("Cancelled", "the caller went away");
  }
}

function endAt(deadline: number, ports: Ports): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  // Node caps timers at 2^31 ms and fires at once above it; a run that long is beaten by its age limit anyway.
  const ms = Math.min(Math.max(0, deadline - ports.clock.now()), 2 ** 31 - 1);
  const timer = ports.clock.after(ms, () => controller.abort(problem("TimeLimit", "the run's deadline passed")));
  return { signal: controller.signal, [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
