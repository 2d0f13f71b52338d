import type { Dispatcher } from "undici";
import { dispositionOf, problem } from "../../api/reasons.ts";
import type { TierRecord } from "../../ledger/ledger.ts";
import { Problem } from "../../lib/problem.ts";
import { readCredential } from "../credentials/secret.ts";
import type { Ports } from "../ports.ts";

/** Where a tier's calls go, ready to be used. */
export interface Endpoint {
  readonly url: URL;
  readonly model: string;
  readonly dispatcher: Dispatcher;
  /** Goes into the Authorization header and nowhere else. */
  readonly apiKey?: string;
}

/**
 * Resolves a tier's endpoint with its key. The key's Secret must consent to the endpoint's origin, so a tier that
 * somebody points elsewhere does not take the key along. A problem that a retry would not mend is returned, because it
 * is a fact to judge; transient ones are thrown.
 */
export async function findEndpoint(tier: TierRecord, ports: Ports): Promise<Endpoint | Problem> {
  try {
    return tier.baseURL === undefined ? operatorEndpoint(tier, ports) : await ownEndpoint(tier, tier.baseURL, ports);
  } catch (thrown) {
    if (thrown instanceof Problem && dispositionOf(thrown) !== "transient") return thrown;
    throw thrown;
  }
}

function operatorEndpoint(tier: TierRecord, ports: Ports): Endpoint {
  const { defaultModel } = ports.config;
  if (!defaultModel) {
    throw problem(
      "TierNotReady",
      `ModelTier "${tier.name}" has no endpoint and the gateway's operator set no default one`,
    );
  }
  const url = chatUrl(defaultModel.baseURL, tier.name);
  const { apiKey } = defaultModel;
  return {
    url,
    model: defaultModel.model ?? tier.model,
    dispatcher: ports.egress.to(url, { trusted: true, credentialed: apiKey !== undefined }),
    ...(apiKey === undefined ? {} : { apiKey }),
  };
}

async function ownEndpoint(tier: TierRecord, baseURL: string, ports: Ports): Promise<Endpoint> {
  const url = chatUrl(baseURL, tier.name);
  const ref = tier.apiKeySecretRef;
  const dispatcher = ports.egress.to(url, { trusted: false, credentialed: ref !== undefined });
  const key = ref && (await readCredential(ref, { destination: url.origin }, ports.kube));
  return { url, model: tier.model, dispatcher, ...(key ? { apiKey: key.value } : {}) };
}

function chatUrl(baseURL: string, tier: string): URL {
  try {
    return new URL(`${baseURL.replace(/\/+$/, "")}/chat/completions`);
  } catch (cause) {
    throw problem("TierNotReady", `ModelTier "${tier}": its baseURL is not a URL`, { cause });
  }
}

/**
 * The name of the output limit that an endpoint understands where the caller did not choose one. OpenAI's newer models
 * refuse `max_tokens`; most other servers know only that.
 */
export function limitFieldOf(endpoint: Endpoint): "max_tokens" | "max_completion_tokens" {
  return endpoint.url.hostname === "api.openai.com" ? "max_completion_tokens" : "max_tokens";
}
