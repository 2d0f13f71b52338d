import type { JsonObject } from "../../lib/json.ts";
import type { Caller } from "../identity/authenticate.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import type { Ports } from "../ports.ts";
import { listTiers } from "./tiers.ts";

/** GET /v1/models: the tiers that this run may use, in OpenAI's shape. */
export async function listModels(caller: Caller, ports: Ports): Promise<JsonObject> {
  const { pinnedRole, currentRole, binding } = caller.token;
  const tiers = await withinLedgerTime(
    ports,
    listTiers({ pinned: pinnedRole, current: currentRole }, binding.namespace, ports.ledger),
  );
  return {
    object: "list",
    data: tiers.map((tier) => ({ id: tier.name, object: "model", created: 0, owned_by: "roster", model: tier.model })),
  };
}
