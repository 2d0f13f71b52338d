import { request } from "undici";
import { kinds } from "../api/kinds.ts";
import { problem } from "../api/reasons.ts";
import type { Resource } from "../api/resource.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { isObject, type JsonObject } from "../lib/json.ts";
import type { Log } from "../lib/log.ts";
import { messageOf } from "../lib/problem.ts";
import { originsOf } from "./agent-binding/credentials.ts";

export interface RevokerPorts {
  readonly ledger: Ledger;
  readonly kube: KubeClient;
  readonly log: Log;
  readonly identity: string;
  /** Namespaces whose offboardings wait for a person's word. */
  held(): Promise<readonly string[]>;
}

interface SecretResource extends Resource {
  readonly data?: Readonly<Record<string, string>>;
}

const batch = 16;
const answerMs = 10_000;

/**
 * Tells issuers that credentials of fired agents are no longer used, once per attempt that the ledger's outbox hands
 * out. Where no issuer was named there is nobody to tell: the Secret is let go. Failures go back to the outbox, which
 * waits longer each time and hands on after ten minutes. Answers how many were done.
 */
export async function revokeDownstream(ports: RevokerPorts): Promise<number> {
  const { ledger, identity, log } = ports;
  const due = await ledger.bindings.claimDownstream(identity, batch, await ports.held());
  const results = await Promise.all(
    due.map(async (item) => {
      try {
        const outcome = await revoke(item.namespace, item.material, ports.kube);
        await ledger.bindings.reportDownstream(item.id, { outcome });
        return 1;
      } catch (thrown) {
        log.info("an issuer did not acknowledge", { server: item.server, error: messageOf(thrown) });
        await ledger.bindings.reportDownstream(item.id, { error: messageOf(thrown) });
        return 0;
      }
    }),
  );
  return results.reduce<number>((sum, one) => sum + one, 0);
}

async function revoke(namespace: string, material: JsonObject, kube: KubeClient): Promise<string> {
  const { revocation, secretName, key } = material;
  if (!isObject(revocation)) return "SecretRemoved";
  if (revocation.type !== "RFC7009" || typeof revocation.url !== "string") {
    throw problem("InvalidRequest", `revocation of type "${String(revocation.type)}" is not known`);
  }
  const secret = await kube.find<SecretResource>(kinds.Secret, String(secretName), namespace);
  const token = secret?.data?.[String(key)];
  // Without the token nothing can be revoked: a person has to, at the issuer.
  if (secret === undefined || token === undefined)
    throw problem("SecretNotFound", `Secret "${String(secretName)}" is gone, and its token with it`);
  const origin = new URL(revocation.url).origin;
  if (!originsOf(secret).includes(origin))
    throw problem("OriginRefused", `Secret "${String(secretName)}" does not allow ${origin}`);
  return tell(revocation.url, Buffer.from(token, "base64").toString("utf8"));
}

/** RFC 7009 §2.1: a form with the token. 200 also means that the token was unknown or dead already (§2.2). */
async function tell(url: string, token: string): Promise<string> {
  const answer = await request(url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams({ token }).toString(),
    headersTimeout: answerMs,
    bodyTimeout: answerMs,
  }).catch((cause: unknown) => {
    throw problem("ToolUnavailable", `no answer from ${new URL(url).host}`, { cause });
  });
  await answer.body.dump();
  if (answer.statusCode === 200) return "IssuerAcknowledged";
  throw problem("ToolUnavailable", `${new URL(url).host} answered ${answer.statusCode}`);
}
