import { readFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";

const source = "manifests/install/admission.yaml";

/** The shipped admission policies as the controller knows them, so that it notices when others are installed. */
export function admissionModule(root: string): string {
  const objects = parseAllDocuments(readFileSync(path.join(root, source), "utf8")).map(
    (document) => document.toJS() as object,
  );
  return `// Generated from ${source} by scripts/generate.ts. Edit that file and run \`npm run generate\`.
import type { Resource } from "../resource.ts";

/** The ValidatingAdmissionPolicies that are shipped, and their bindings. */
export const admissionObjects: readonly (Resource & { readonly spec: Readonly<Record<string, unknown>> })[] = ${JSON.stringify(objects, null, 2)};
`;
}
