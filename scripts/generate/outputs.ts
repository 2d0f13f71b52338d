import path from "node:path";
import { admissionModule } from "./admission.ts";
import { argocdConfig } from "./argocd.ts";
import { pageOf, reasonsPage } from "./pages.ts";
import { rbacManifests } from "./rbac.ts";
import { readDefinitions } from "./schema.ts";
import { typesOf } from "./types.ts";

/** Every generated file by its path in the checkout. */
export async function outputs(root: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const definition of readDefinitions(path.join(root, "crds"))) {
    const types = typesOf(definition);
    files.set(`api/generated/${types.file}`, types.text);
    const page = pageOf(definition);
    files.set(`docs/reference/${page.file}`, page.text);
  }
  files.set("api/generated/admission.ts", admissionModule(root));
  files.set("docs/reference/reasons.md", reasonsPage());
  files.set("manifests/argocd/argocd-cm.yaml", argocdConfig(root));
  for (const [file, text] of await rbacManifests(root)) files.set(file, text);
  return files;
}
