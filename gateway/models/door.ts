import { problem } from "../../api/reasons.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import type { Ports } from "../ports.ts";
import type { Door } from "../stages.ts";
import { findEndpoint } from "./endpoint.ts";
import { judgeModel, type ModelFacts } from "./judge.ts";
import { performModel, type Sink } from "./perform.ts";
import { parseChatRequest, toJournaled } from "./request.ts";
import { settleModel } from "./settle.ts";
import { findTier } from "./tiers.ts";

/** The door that model calls go through. `sink` is where the answer goes as it comes. */
export function modelDoor(
  asked: { readonly step: string | undefined; readonly body: Json; readonly sink?: Sink },
  ports: Ports,
): Door<ModelFacts> {
  const request = parseChatRequest(asked.body);
  const journaled = toJournaled(request);
  return {
    kind: "model",
    endsWithCaller: true,
    parse: (caller) => ({
      id: { runId: caller.token.run.id, step: parseModelStep(asked.step), action: -1 },
      kind: "model",
      name: request.model,
      request: journaled,
    }),
    async recall({ caller }) {
      const { pinnedRole, currentRole } = caller.token;
      const facts = await findTier(request.model, { pinned: pinnedRole, current: currentRole }, ports.ledger);
      const usable = facts.tier !== undefined && facts.entitled && facts.tier.ready;
      const endpoint = usable ? await findEndpoint(facts.tier, ports) : undefined;
      return { ...facts, request, endpoint, bytes: byteLength(journaled) };
    },
    judge: judgeModel,
    queue: ({ facts }, signal) => ports.queues.enter(facts.tier!.name, facts.tier!.concurrency, signal),
    perform: (permit) => performModel(permit, asked.sink, ports),
    verify: settleModel,
  };
}

function byteLength(request: JsonObject): number {
  return Buffer.byteLength(JSON.stringify(request));
}

/** Reads the step header of a model call. Throws InvalidRequest. */
export function parseModelStep(header: string | undefined): number {
  if (header === undefined || !/^(0|[1-9][0-9]{0,5})$/.test(header)) {
    throw problem("InvalidRequest", "header x-roster-step must be the number of the model step: 0, 1, 2 …");
  }
  return Number(header);
}
