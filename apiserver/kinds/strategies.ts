import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/json.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Strategy } from "./kind.ts";
import { finalizerErrors } from "./metadata.ts";
import { checkSubdomain } from "./names.ts";
import { secretTypeErrors, secretWarnings } from "./secret-types.ts";

const maxDataBytes = 1 << 20;
const keyMessage =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function checkKeys(object: KubeObject, field: string): FieldError[] {
  const data = object[field];
  if (!isObject(data)) return [];
  return Object.keys(data).flatMap((key) => {
    if (key.length > 253) return [fieldError.invalid(`${field}[${key}]`, key, "must be no more than 253 characters")];
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) return [fieldError.invalid(`${field}[${key}]`, key, keyMessage)];
    return key === "." || key === ".." || key.startsWith("..")
      ? [
          fieldError.invalid(
            `${field}[${key}]`,
            key,
            key === "." ? "must not be '.'" : key === ".." ? "must not be '..'" : "must not start with '..'",
          ),
        ]
      : [];
  });
}

function immutable(next: KubeObject, live: KubeObject | undefined, fields: readonly string[]): FieldError[] {
  if (live?.immutable !== true) return [];
  const text = "field is immutable when `immutable` is set";
  const found: FieldError[] = [];
  if (next.immutable !== true) found.push(fieldError.forbidden("immutable", text));
  for (const field of fields) {
    if (!isDeepStrictEqual(next[field], live[field])) found.push(fieldError.forbidden(field, text));
  }
  return found;
}

const textBytes = (data: unknown, encoded: boolean) =>
  isObject(data)
    ? Object.values(data).reduce<number>(
        (sum, value) => sum + Buffer.byteLength(String(value), encoded ? "base64" : "utf8"),
        0,
      )
    : 0;

export const configMaps: Partial<Strategy> = {
  defaults: canonicalBytes("binaryData"),
  validate(next, live) {
    const found = [...checkKeys(next, "data"), ...checkKeys(next, "binaryData")];
    const { data, binaryData } = next;
    if (isObject(data) && isObject(binaryData)) {
      for (const key of Object.keys(data).filter((name) => Object.hasOwn(binaryData, name))) {
        found.push(fieldError.invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
      }
    }
    const bytes = textBytes(data, false) + textBytes(binaryData, true);
    if (bytes > maxDataBytes) found.push(fieldError.tooLong("[]", maxDataBytes));
    return [...found, ...immutable(next, live, ["data", "binaryData"])];
  },
};

/** Go's decoder reads what others write with line feeds, and writes it without. */
function canonicalBytes(field: string): (object: KubeObject) => void {
  return (object) => {
    const data = object[field];
    if (!isObject(data)) return;
    for (const [key, value] of Object.entries(data))
      data[key] = Buffer.from(String(value ?? ""), "base64").toString("base64");
  };
}

function mergeStringData(object: KubeObject): void {
  const text = object.stringData;
  delete object.stringData;
  if (isObject(text) && Object.keys(text).length > 0) {
    const data = isObject(object.data) ? object.data : {};
    for (const [key, value] of Object.entries(text)) data[key] = Buffer.from(String(value)).toString("base64");
    object.data = data;
  }
  object.type ||= "Opaque";
}

export const secrets: Partial<Strategy> = {
  defaults: canonicalBytes("data"),
  prepareCreate: mergeStringData,
  prepareUpdate: mergeStringData,
  warnings: secretWarnings,
  validate(next, live) {
    const found = checkKeys(next, "data");
    const data = isObject(next.data) ? next.data : {};
    if (textBytes(data, true) > maxDataBytes) found.push(fieldError.tooLong("data", maxDataBytes));
    found.push(...secretTypeErrors(next));
    if (live && live.type !== next.type) {
      found.push(fieldError.invalid("type", next.type, "field is immutable"));
    }
    return [...found, ...immutable(next, live, ["data"])];
  },
};

const phaseOf = (object: KubeObject) => (isObject(object.status) ? object.status.phase : undefined);

function labelWithName({ metadata }: KubeObject): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name };
}

export const namespaces: Partial<Strategy> = {
  // Nobody owns the label of a name that is made up: it comes after what was sent has been tracked.
  trackedAsSent: true,
  defaults(object) {
    labelWithName(object);
    object.status = { ...(isObject(object.status) ? object.status : {}), phase: phaseOf(object) || "Active" };
    showTimes(object.status as Record<string, unknown>);
  },
  prepareCreate(object) {
    labelWithName(object);
    // The namespace controller takes this finalizer away once the content is gone.
    const given = finalizersOf(object);
    object.spec = { finalizers: given.includes("kubernetes") ? given : [...given, "kubernetes"] };
    object.status = { phase: "Active" };
  },
  prepareUpdate(next, live) {
    next.spec = live.spec;
    next.status = live.status;
  },
  validate(next, live) {
    const found = finalizersOf(next).flatMap((name, index) => finalizerErrors(name, `spec.finalizers[${index}]`));
    const wanted = next.metadata.deletionTimestamp ? "Terminating" : "Active";
    if (live && phaseOf(next) !== wanted && phaseOf(next) !== phaseOf(live)) {
      const when = wanted === "Active" ? "is empty" : "is not empty";
      found.push(
        fieldError.invalid("status.Phase", phaseOf(next), `may only be '${wanted}' if \`deletionTimestamp\` ${when}`),
      );
    }
    return found;
  },
};

/** Go writes the time of a condition even when it has none. */
function showTimes({ conditions }: Record<string, unknown>): void {
  if (!Array.isArray(conditions)) return;
  for (const condition of conditions) if (isObject(condition)) condition.lastTransitionTime ??= null;
}

function finalizersOf({ spec }: KubeObject): readonly string[] {
  return isObject(spec) && Array.isArray(spec.finalizers) ? (spec.finalizers as string[]) : [];
}

/** Of each reference to a Secret only the name is kept. */
function namesOfSecrets(object: KubeObject): void {
  if (!Array.isArray(object.secrets)) return;
  object.secrets = object.secrets.map((secret) => (isObject(secret) && secret.name ? { name: secret.name } : {}));
}

export const serviceAccounts: Partial<Strategy> = {
  trackedAsSent: true,
  prepareCreate: namesOfSecrets,
  prepareUpdate: namesOfSecrets,
};

const seconds = (next: KubeObject, field: string) => (isObject(next.spec) ? next.spec[field] : undefined);

export const leases: Partial<Strategy> = {
  checkName: checkSubdomain,
  strictFinalizers: false,
  defaults(object) {
    object.spec ??= {};
    // Fields of a feature that is off.
    if (!isObject(object.spec)) return;
    delete object.spec.strategy;
    delete object.spec.preferredHolder;
  },
  validate(next) {
    const found: FieldError[] = [];
    const duration = seconds(next, "leaseDurationSeconds");
    if (typeof duration === "number" && duration <= 0) {
      found.push(fieldError.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"));
    }
    const transitions = seconds(next, "leaseTransitions");
    if (typeof transitions === "number" && transitions < 0) {
      found.push(fieldError.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"));
    }
    return found;
  },
};
