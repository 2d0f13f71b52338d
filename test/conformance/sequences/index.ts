import type { Sequences } from "../step.ts";
import { admission } from "./admission.ts";
import { applies } from "./applies.ts";
import { crdSchemas } from "./crd-schemas.ts";
import { crud } from "./crud.ts";
import { defining } from "./defining.ts";
import { listing } from "./listing.ts";
import { patches } from "./patches.ts";
import { reading } from "./reading.ts";
import { serving } from "./serving.ts";
import { validation } from "./validation.ts";

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
  "crd-schemas": crdSchemas,
  listing,
};
