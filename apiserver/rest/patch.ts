import { copyJson, isObject } from "../../lib/json.ts";
import { goPlain } from "../fields/go-value.ts";
import { readBody, toText } from "../http/body.ts";
import { type Decoded, goSyntaxError, mayHaveHalves, readJson } from "../http/json-body.ts";
import { badRequest } from "../http/status.ts";
import { warningsOf } from "../http/yaml-body.ts";
import { readYamlBody } from "../http/yaml-reader.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { goType } from "../kinds/metadata.ts";
import { converterWords } from "../patch/converted.ts";
import { applyJsonPatch, applyMergePatch, applyStrategicPatch } from "../patch/index.ts";
import { goJson } from "../schema/field-errors.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Api, Call } from "./api.ts";
import { applyWanted } from "./apply.ts";
import { readWriteOptions } from "./options.ts";
import { respondOutcome } from "./outcome.ts";
import {
  applyPatch as apply,
  jsonPatch as json,
  mergePatch as merge,
  readPatchType,
  strategicPatch as strategic,
} from "./patch-type.ts";
import { asPatchedKind, checkIdentity, conform, patchRefused, type Refuse, reportStrict } from "./prepare.ts";
import { representationOf } from "./read.ts";
import { updateObject, type Wanted } from "./update.ts";

/** PATCH of the four types, also to /status. */
export async function patch(api: Api, call: Call, kind: ServedKind, subresource: string): Promise<void> {
  const type = readPatchType(call.request.headers["content-type"], kind.custom);
  representationOf(call);
  const options = readWriteOptions(call, "PatchOptions", type === apply);
  const bytes = await readBody(call.request);
  // Only an apply is read before it is known whether the object is there.
  const decoded = type === apply ? await readConfiguration(toText(bytes)) : undefined;
  if (decoded) reportDuplicates(decoded.strict, options.fieldValidation, call.warnings);
  const { name, namespace } = call.info;
  const context = {
    name,
    namespace,
    subresource,
    mayCreate: type === apply && subresource === "",
    replaces: false,
    versioned: type !== apply,
    user: call.user,
    options,
    warnings: call.warnings,
  };
  let complaints: readonly string[] = [];
  const outcome = await updateObject(api, kind, context, (live) => {
    const { value, strict } = decoded ?? readPatchBody(bytes, type === strategic ? "" : undefined);
    const wanted =
      type === apply
        ? {
            ...applyWanted(api, kind, live, value, {
              ...options,
              name,
              namespace,
              subresource,
            }),
            unknown: [],
            shown: () => "",
          }
        : patched(kind, live!, value, type, options.fieldValidation !== "Ignore", (found, refuse) =>
            reportStrict(kind, found, options.fieldValidation, call.warnings, refuse),
          );
    complaints = [...(type === apply ? [] : strict), ...wanted.unknown];
    const refuse: Refuse | undefined = type === apply ? undefined : (_kind, why) => patchRefused(wanted.shown(), why);
    reportStrict(kind, complaints, options.fieldValidation, call.warnings, refuse);
    if (type !== apply) checkIdentity(kind, wanted.object, namespace, name);
    return wanted;
  });
  respondOutcome(api, call, kind, outcome);
}

/** Keys that come twice in a configuration, which is YAML whatever it looks like. */
function reportDuplicates(found: readonly string[], validation: string, warnings: string[]): void {
  if (found.length === 0 || validation === "Ignore") return;
  if (validation === "Strict")
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${found.join(", ")}`);
  warnings.push(...found.flatMap(warningsOf));
}

/** A patch that is no apply; `prefix` begins the complaint about one that is not JSON. Throws 400. */
export function readPatchBody(bytes: Buffer, prefix = "error decoding patch: "): Decoded {
  const text = toText(bytes);
  try {
    return readJson(text);
  } catch (error) {
    throw badRequest(`${prefix}${goSyntaxError(error)}`);
  }
}

// What begins as JSON does may still be YAML: {a: b}.
function findJson(text: string): Decoded | undefined {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

async function readConfiguration(text: string): Promise<Decoded> {
  try {
    // Half a pair of escapes is a mistake in YAML and none in JSON.
    const json = /^[ \t\r\n]*\{/.test(text) && !mayHaveHalves(text) ? findJson(text) : undefined;
    return json && json.strict.length === 0 ? json : await readYamlBody(text, "error converting YAML to JSON: ");
  } catch (error) {
    throw badRequest(`error decoding YAML: ${goSyntaxError(error)}`);
  }
}

function patched(
  kind: ServedKind,
  live: KubeObject,
  patchBody: unknown,
  type: string,
  strict: boolean,
  complain: (found: readonly string[], refuse: Refuse) => void,
): Wanted & { readonly unknown: readonly string[]; readonly shown: () => string } {
  const result = applyPatch(kind, live, patchBody, type, strict);
  if (!isObject(result)) throw badRequest(`the patch must leave an object of kind ${kind.kind}`);
  // A refusal shows what the patch made, before anything was dropped from it; of a strategic one the patch.
  // It is made again then: patching changes neither the object nor the patch, and refusals are rare.
  const shown = () =>
    type === strategic ? goPlain(patchBody) : goJson(applyPatch(kind, live, patchBody, type, strict));
  const refuse = (why: string) => patchRefused(shown(), type === strategic ? converterWords(why) : why);
  const object = asPatchedKind(kind, result, refuse, (found) => complain(found, (_kind, why) => refuse(why)));
  const unknown = conform(kind, object, (_kind, why) => refuse(why));
  return { object, tracked: false, unknown, shown };
}

function applyPatch(kind: ServedKind, live: KubeObject, patchBody: unknown, type: string, strict: boolean): unknown {
  if (type === json) return applyJsonPatch(live, patchBody as never, strict);
  // The library that merges refuses null by itself.
  if (type === merge && (patchBody === null || (!strict && !isObject(patchBody))))
    throw badRequest("Invalid JSON Patch");
  if (patchBody === null && type === strategic) return copyJson(live);
  if (!isObject(patchBody)) {
    const why = `json: cannot unmarshal ${goType(patchBody)} into Go value of type map[string]interface {}`;
    throw badRequest(type === strategic ? why : `error decoding patch: ${why}`);
  }
  if (type === merge) return applyMergePatch(live, patchBody as never);
  return applyStrategicPatch(live, patchBody as never, kind.kind);
}
