import { apiVersionOf, type KindName, kinds } from "../../api/kinds.ts";
import type { ObjectMeta, Resource, Stored } from "../../api/resource.ts";

/** An object of namespace acme as a server would return it. */
export function stored<O extends Resource>(
  kind: KindName,
  name: string,
  body: Omit<O, "apiVersion" | "kind" | "metadata">,
  metadata: Partial<ObjectMeta> = {},
): Stored<O> {
  const ref = kinds[kind];
  return {
    apiVersion: apiVersionOf(ref),
    kind: ref.kind,
    metadata: {
      name,
      ...(ref.namespaced ? { namespace: "acme" } : {}),
      uid: `${name}-uid`,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2026-11-01T00:00:00Z",
      ...metadata,
    },
    ...body,
  } as unknown as Stored<O>;
}
