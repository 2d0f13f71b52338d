import type { Condition, Resource } from "../../api/resource.ts";

/**
 * The laws that hold for every object that the kit has touched, as the list of those that are broken (none: empty).
 * Tests check them on every object that they see.
 */
export function brokenLaws(
  object: Resource,
  options: { readonly ready: boolean } = { ready: true },
): readonly string[] {
  const status = (object as { status?: { conditions?: readonly Condition[]; observedGeneration?: number } }).status;
  if (status === undefined) return [];
  const conditions = status.conditions ?? [];
  const generation = object.metadata.generation ?? 0;
  const is = (type: string) => conditions.find((condition) => condition.type === type)?.status === "True";
  const broken: string[] = [];
  if (options.ready && !conditions.some((condition) => condition.type === "Ready")) broken.push("Ready is absent");
  if (is("Stalled") && is("Reconciling")) broken.push("Stalled and Reconciling together");
  if (is("Stalled") && is("Ready")) broken.push("Ready is True while Stalled");
  if ((status.observedGeneration ?? 0) > generation) broken.push("observedGeneration is ahead of generation");
  if (new Set(conditions.map((condition) => condition.type)).size !== conditions.length)
    broken.push("a condition twice");
  for (const condition of conditions) {
    if (Number.isNaN(Date.parse(condition.lastTransitionTime))) broken.push(`${condition.type} has no transition time`);
    if (/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d/.test(condition.message))
      broken.push(`${condition.type} has a time in its message`);
  }
  return broken;
}
