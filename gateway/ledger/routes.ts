import type { Hono } from "hono";
import { problem } from "../../api/reasons.ts";
import type { LedgerChoice } from "../../api/wire.ts";
import { ledgerMark } from "../../kube/ledger-mark.ts";
import { isObject } from "../../lib/json.ts";
import { parseBody, readWebBody } from "../http/body.ts";
import { authenticatePerson, type Person, requireAccess } from "../identity/person.ts";
import type { Ports } from "../ports.ts";
import { ledgerStatus, settleLedger } from "./status.ts";

const smallBodyBytes = 1_000;

/** How ledger and cluster stand to each other, and a person's word about it. Served while everything else is denied. */
export function routeLedger(app: Hono, ports: Ports): void {
  app.get("/v1/ledger", async (c) => {
    await person(c.req.header("authorization"), "get", ports);
    return c.json(await ledgerStatus(ports), 200, { "cache-control": "no-store" });
  });
  for (const how of ["accept", "adopt"] as const)
    app.post(`/v1/ledger/${how}`, async (c) => {
      const { username } = await person(c.req.header("authorization"), "update", ports);
      const choice = toChoice(parseBody(await readWebBody(c.req.raw, smallBodyBytes)));
      const settled = await settleLedger(how, choice, username, ports);
      ports.log.warn(`the ledger was ${how}ed`, { by: username });
      return c.json(settled);
    });
}

/** Whoever may change what the cluster remembers of its ledger decides about it. */
async function person(authorization: string | undefined, verb: string, ports: Ports): Promise<Person> {
  const found = await authenticatePerson(authorization, ports.kube);
  await requireAccess(found, { verb, group: "", resource: "configmaps", ...ledgerMark }, ports.kube);
  return found;
}

function toChoice(body: unknown): LedgerChoice {
  const { ledger, epoch } = isObject(body) ? body : {};
  if (typeof ledger !== "string" || !Number.isSafeInteger(epoch))
    throw problem("InvalidRequest", "the body must name ledger and epoch, as GET /v1/ledger shows them");
  return { ledger, epoch: epoch as number };
}
