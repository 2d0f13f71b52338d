/** Kubernetes' version order: v2, v1, v1beta2, v1alpha1, then the rest by name. */
export function byPriority(a: string, b: string): number {
  const left = priority(a);
  const right = priority(b);
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return right[i]! - left[i]!;
  return a < b ? -1 : 1;
}

function priority(version: string): readonly number[] {
  const match = version.match(/^v(\d+)(?:(alpha|beta)(\d+))?$/);
  if (!match) return [0, 0, 0];
  const [, major, stage, minor] = match;
  return [stage === undefined ? 3 : stage === "beta" ? 2 : 1, Number(major), Number(minor ?? 0)];
}
