import type { Sequences } from "../step.ts";
import { access } from "./access.ts";
import { admission } from "./admission.ts";
import { applies } from "./applies.ts";
import { applyRules } from "./apply-rules.ts";
import { core } from "./core.ts";
import { crdLife } from "./crd-life.ts";
import { crdParts } from "./crd-parts.ts";
import { crdRules } from "./crd-rules.ts";
import { crdSchemas } from "./crd-schemas.ts";
import { crud } from "./crud.ts";
import { defining } from "./defining.ts";
import { deleting } from "./deleting.ts";
import { found } from "./found.ts";
import { foundApplies } from "./found-applies.ts";
import { foundCrds } from "./found-crds.ts";
import { foundKinds } from "./found-kinds.ts";
import { foundPatches } from "./found-patches.ts";
import { foundPolicies } from "./found-policies.ts";
import { foundQueries } from "./found-queries.ts";
import { foundWrites } from "./found-writes.ts";
import { hostile } from "./hostile.ts";
import { identity } from "./identity.ts";
import { jsonPatches } from "./json-patches.ts";
import { listing } from "./listing.ts";
import { namespaces } from "./namespaces.ts";
import { patches } from "./patches.ts";
import { policies } from "./policies.ts";
import { ratcheting } from "./ratcheting.ts";
import { reading } from "./reading.ts";
import { reviews } from "./reviews.ts";
import { schemaValues } from "./schema-values.ts";
import { serving } from "./serving.ts";
import { strategicPatches } from "./strategic-patches.ts";
import { transport } from "./transport.ts";
import { validation } from "./validation.ts";
import { watching } from "./watching.ts";

/** All hand-written sequences, by the group under which their answers are recorded. */
export const groups: Readonly<Record<string, Sequences>> = {
  admission,
  crud,
  patches,
  applies,
  validation,
  reading,
  serving,
  defining,
  "crd-life": crdLife,
  "crd-parts": crdParts,
  "crd-rules": crdRules,
  "crd-schemas": crdSchemas,
  "schema-values": schemaValues,
  "json-patches": jsonPatches,
  "apply-rules": applyRules,
  "strategic-patches": strategicPatches,
  ratcheting,
  listing,
  watching,
  deleting,
  namespaces,
  identity,
  access,
  reviews,
  core,
  transport,
  policies,
  found,
  "found-applies": foundApplies,
  "found-patches": foundPatches,
  "found-kinds": foundKinds,
  "found-policies": foundPolicies,
  "found-crds": foundCrds,
  "found-queries": foundQueries,
  "found-writes": foundWrites,
  hostile,
};
