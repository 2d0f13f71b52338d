import type { ServedKind } from "../kinds/kind.ts";
import type { Entry, KubeObject } from "../store/entry.ts";
import type { Api, Call } from "./api.ts";
import { respondEntry, respondObject } from "./read.ts";

/** What a write left behind: what is stored now, or what to answer with where nothing is (a dry run, or it is gone). */
export type Outcome = { readonly created: boolean } & ({ readonly entry: Entry } | { readonly object: KubeObject });

/** Answers a write; what is stored is sent as it is stored, without being read and written once more. */
export function respondOutcome(api: Api, call: Call, kind: ServedKind, outcome: Outcome): void {
  const code = outcome.created ? 201 : 200;
  if ("entry" in outcome) respondEntry(api, call, kind, code, outcome.entry);
  else respondObject(api, call, kind, code, outcome.object);
}
