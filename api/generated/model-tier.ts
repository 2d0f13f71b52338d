// Generated from crds/modeltier.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { Condition, Resource } from "../resource.ts";

/** ModelTier is a named model offer with endpoint, prices and limits. Keys and prices belong to the platform, so it is cluster-scoped. */
export interface ModelTier extends Resource {
  readonly spec: ModelTierSpec;
  readonly status?: ModelTierStatus;
}

/** The offer. */
export interface ModelTierSpec {
  /** Name of the model at the endpoint. */
  readonly model: string;
  /** Where the model is. Absent means the default endpoint of the gateway's operator. */
  readonly endpoint?: ModelTierEndpoint;
  /** Which namespaces may use the tier. Absent means all. */
  readonly namespaces?: ModelTierNamespaces;
  /** USD per million tokens. A call whose price is unknown is denied. */
  readonly prices?: ModelTierPrices;
  /** Tokens of input and output together. */
  readonly contextWindow?: number;
  /** Most output tokens of one call. Absent means 4096. */
  readonly maxOutputTokens?: number;
  /** A call for which the money buys less output than this is denied. Absent means 64. */
  readonly minOutputTokens?: number;
  /** Upper bound of input tokens per 1000 bytes. 1000 is always safe. Absent means 1000. */
  readonly tokensPerKilobyte?: number;
  /** Longest call. Absent means 60. */
  readonly timeoutSeconds?: number;
  /** Calls at a time per gateway. Absent means 32. */
  readonly concurrency?: number;
  /** Further request fields that may pass. Fields that could cost money unseen are refused otherwise. */
  readonly allowedFields?: readonly string[];
  /** Tiers tried in order when this one is unavailable. */
  readonly fallbacks?: readonly ModelTierFallback[];
}

/** Where the model is. Absent means the default endpoint of the gateway's operator. */
export interface ModelTierEndpoint {
  /** OpenAI-compatible base URL, such as https://api.example.com/v1. */
  readonly baseURL: string;
  /** The Secret with the key. Only the gateway reads it. */
  readonly apiKeySecretRef?: ModelTierEndpointApiKeySecretRef;
}

/** The Secret with the key. Only the gateway reads it. */
export interface ModelTierEndpointApiKeySecretRef {
  /** Namespace of the Secret. */
  readonly namespace: string;
  /** Name of the Secret. */
  readonly name: string;
  /** Key in the Secret. */
  readonly key: string;
}

/** Which namespaces may use the tier. Absent means all. */
export interface ModelTierNamespaces {
  /** Selects by labels of the namespace. */
  readonly selector: ModelTierNamespacesSelector;
}

/** Selects by labels of the namespace. */
export interface ModelTierNamespacesSelector {
  /** Labels that must be equal. */
  readonly matchLabels?: Readonly<Record<string, string>>;
  /** Further requirements. */
  readonly matchExpressions?: readonly ModelTierNamespacesSelectorMatchExpression[];
}

/** One requirement. */
export interface ModelTierNamespacesSelectorMatchExpression {
  /** Key of the label. */
  readonly key: string;
  /** How the values count. */
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  /** Values of the label. */
  readonly values?: readonly string[];
}

/** USD per million tokens. A call whose price is unknown is denied. */
export interface ModelTierPrices {
  /** Input tokens. */
  readonly inputPerMillion?: string;
  /** Input tokens that the provider had cached. Absent means inputPerMillion. */
  readonly cachedInputPerMillion?: string;
  /** Input tokens that the provider puts into its cache. Absent means inputPerMillion. */
  readonly cacheWritePerMillion?: string;
  /** Output tokens. */
  readonly outputPerMillion?: string;
}

/** One fallback. */
export interface ModelTierFallback {
  /** Name of another ModelTier. */
  readonly tier: string;
}

/** What the controller observed. Written by Roster only. */
export interface ModelTierStatus {
  /** Generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** What is true about the object. See docs/reference for each type. */
  readonly conditions?: readonly Condition[];
}
