import { isDeepStrictEqual } from "node:util";
import { approvalOf } from "../schema/definition/approval.ts";
import { goQuote } from "../schema/field-errors.ts";
import type { KubeObject } from "../store/entry.ts";
import { type CrdNames, specOf } from "./custom.ts";
import { type Condition, conditionsOf, isTrue, type Mark, marked } from "./definition-conditions.ts";

export interface DefinitionStatus {
  readonly conditions?: readonly Condition[] | null;
  readonly acceptedNames?: CrdNames;
  readonly storedVersions?: readonly string[];
}

export function statusOf(crd: KubeObject): DefinitionStatus {
  return (crd.status ?? {}) as DefinitionStatus;
}

/**
 * What a definition's status should say, with the other definitions of its group, whose accepted names are in use: who
 * approved it (in groups of Kubernetes), which of its names are accepted, and whether it was ever established.
 */
export function judgeStatus(crd: KubeObject, others: readonly KubeObject[], now: string): DefinitionStatus {
  const spec = specOf(crd);
  const before = statusOf(crd);
  const { names, conflict } = acceptNames(
    spec.names,
    before.acceptedNames ?? { plural: "", kind: "" },
    [crd, ...others].flatMap((one) => statusOf(one).acceptedNames ?? []),
  );
  const approval = approvalOf(spec.group, crd.metadata.annotations);
  const marks: Mark[] = [
    ...(approval ? [{ type: "KubernetesAPIApprovalPolicyConformant", ...approval }] : []),
    { type: "NamesAccepted", ...(conflict ?? noConflict) },
    // Once established a kind stays so, under the names that it has.
    { type: "Established", ...(conflict && !isTrue(crd, "Established") ? notAccepted : established) },
  ];
  const storage = spec.versions.find((version) => version.storage)?.name ?? "";
  return {
    conditions: marks.reduce<readonly Condition[]>((list, mark) => marked(list, mark, now), conditionsOf(crd)),
    acceptedNames: names,
    storedVersions: [...new Set([...(before.storedVersions ?? []), storage])],
  };
}

const noConflict = { status: true, reason: "NoConflicts", message: "no conflicts found" };
const notAccepted = { status: false, reason: "NotAccepted", message: "not all names are accepted" };
const established = {
  status: true,
  reason: "InitialNamesAccepted",
  message: "the initial names have been accepted",
};

interface Accepted {
  readonly names: CrdNames;
  readonly conflict?: Omit<Mark, "type">;
}

/** Each name by itself: taken over unless it is in use, in which case the accepted one stays. The last conflict is told. */
function acceptNames(asked: CrdNames, accepted: CrdNames, used: readonly CrdNames[]): Accepted {
  const resources = new Set(used.flatMap((one) => [one.plural, one.singular, ...(one.shortNames ?? [])]));
  const kinds = new Set(used.flatMap((one) => [one.kind, one.listKind]));
  const full = completeNames(asked);
  const taken = (want: string | undefined, have: string | undefined, all: ReadonlySet<string | undefined>): string[] =>
    want !== have && all.has(want) ? [`${goQuote(want ?? "")} is already in use`] : [];
  const complaints = {
    plural: taken(full.plural, accepted.plural, resources),
    singular: taken(full.singular, accepted.singular, resources),
    // Short names are taken over all or none.
    shortNames: isDeepStrictEqual(full.shortNames ?? [], accepted.shortNames ?? [])
      ? []
      : (full.shortNames ?? [])
          .filter((name) => !accepted.shortNames?.includes(name))
          .flatMap((name) => taken(name, "", resources)),
    kind: taken(full.kind, accepted.kind, kinds),
    listKind: taken(full.listKind, accepted.listKind, kinds),
  };
  const chosen = <K extends keyof typeof complaints>(key: K): CrdNames[K] =>
    complaints[key].length > 0 ? accepted[key] : full[key];
  const optional = { singular: chosen("singular"), shortNames: chosen("shortNames"), listKind: chosen("listKind") };
  const names = {
    plural: chosen("plural"),
    kind: chosen("kind"),
    ...Object.fromEntries(Object.entries({ ...optional, categories: full.categories }).filter(([, value]) => value)),
  };
  const last = Object.entries(complaints).findLast(([, texts]) => texts.length > 0);
  if (!last) return { names };
  const [key, texts] = last;
  const told = [...new Set(texts)];
  const message = told.length > 1 ? `[${told.join(", ")}]` : told[0]!;
  return { names, conflict: { status: false, reason: `${key[0]!.toUpperCase()}${key.slice(1)}Conflict`, message } };
}

function completeNames(names: CrdNames): CrdNames {
  return {
    ...names,
    singular: names.singular ?? names.kind.toLowerCase(),
    listKind: names.listKind ?? `${names.kind}List`,
  };
}
