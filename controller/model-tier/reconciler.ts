import type {
  ModelTier,
  ModelTierNamespacesSelector,
  ModelTierNamespacesSelectorMatchExpression,
} from "../../api/generated/model-tier.ts";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import { driven, reads } from "../kit/access.ts";
import type { Reader, Reconciler } from "../kit/reconciler.ts";
import { decide, release, type Snapshot } from "./decide.ts";

async function gather(tier: Stored<ModelTier>, view: Reader): Promise<Snapshot> {
  const selector = tier.spec.namespaces?.selector;
  const namespaces = view.listBy(kinds.Namespace, "all", "");
  return {
    tier,
    namespaces:
      selector === undefined
        ? undefined
        : namespaces.filter((one) => matches(selector, one.metadata.labels ?? {})).map((one) => one.metadata.name),
    known: view.listBy(kinds.ModelTier, "all", "").map((one) => one.metadata.name),
  };
}

/** `metav1.LabelSelector`: an empty one matches everything. */
export function matches(selector: ModelTierNamespacesSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  return (selector.matchExpressions ?? []).every((expression) => holds(expression, labels[expression.key]));
}

function holds(expression: ModelTierNamespacesSelectorMatchExpression, value: string | undefined): boolean {
  const { operator, values = [] } = expression;
  if (operator === "Exists") return value !== undefined;
  if (operator === "DoesNotExist") return value === undefined;
  if (operator === "In") return value !== undefined && values.includes(value);
  return value === undefined || !values.includes(value);
}

const every = (
  _: Stored,
  view: { keysBy(kind: typeof kinds.ModelTier, index: string, value: string): readonly string[] },
) => view.keysBy(kinds.ModelTier, "all", "");

/** Brings model tiers into force: prices, endpoint, limits and who may use them. */
export const modelTier: Reconciler<ModelTier, Snapshot> = {
  kind: kinds.ModelTier,
  owns: [],
  finalizer: "roster.dev/ledger",
  watches: [
    {
      kind: kinds.Namespace,
      keys: every,
      relevant: (before, after) =>
        JSON.stringify(before?.metadata.labels) !== JSON.stringify(after?.metadata.labels) ||
        before === undefined ||
        after === undefined,
    },
    {
      kind: kinds.ModelTier,
      keys: every,
      relevant: (before, after) => (before === undefined) !== (after === undefined),
    },
  ],
  access: [...driven(kinds.ModelTier), ...reads(kinds.Namespace)],
  gather,
  decide,
  release,
};
