import { readFile } from "node:fs/promises";
import type { KubeClient } from "../kube/client.ts";
import { readCrdSchemas } from "./crd-schemas.ts";
import { Refusal, toProblem } from "./finding.ts";
import { KindResolver } from "./kind-resolver.ts";
import { readObjects } from "./manifests.ts";
import { rankOf } from "./object-key.ts";
import { shippedCrds } from "./render.ts";
import { shownPath } from "./units.ts";

/**
 * Applies manifest files once, in the order of what refers to what; nothing is watched or pruned. May run twice. Throws
 * InvalidManifest for a file that cannot be read, else what the server says.
 */
export async function applyFiles(options: {
  readonly kube: KubeClient;
  readonly files: readonly string[];
  readonly base: string;
  readonly fieldManager: string;
}): Promise<void> {
  const { kube, files, base, fieldManager } = options;
  const schemas = await readCrdSchemas(shippedCrds);
  const kinds = new KindResolver(kube);
  const objects = [];
  for (const file of files) {
    try {
      objects.push(...readObjects(await readFile(file, "utf8"), shownPath(base, file), schemas));
    } catch (thrown) {
      throw thrown instanceof Refusal ? toProblem(thrown.findings) : thrown;
    }
  }
  for (const { object } of objects.toSorted((a, b) => rankOf(a.object.kind) - rankOf(b.object.kind))) {
    const kind = await kinds.resolve(object.apiVersion, object.kind);
    await kube.apply(kind, object, { fieldManager, force: true, fieldValidation: "Strict" });
  }
}
