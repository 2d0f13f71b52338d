import { isObject } from "../../lib/json.ts";
import { goSyntaxError } from "../http/json-body.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import type { KubeObject } from "../store/entry.ts";

const accountName = "kubernetes.io/service-account.name";
const demanded: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};
const redacted = "<secret contents redacted>";

/** What the type of a Secret demands of its data. */
export function secretTypeErrors(secret: KubeObject): FieldError[] {
  const type = String(secret.type);
  const data = isObject(secret.data) ? secret.data : {};
  const required = (key: string) => fieldError.required(`data[${key}]`);
  const missing = (demanded[type] ?? []).filter((key) => !Object.hasOwn(data, key)).map(required);
  switch (type) {
    case "kubernetes.io/basic-auth":
      // Either is enough.
      return ["username", "password"].some((key) => Object.hasOwn(data, key))
        ? []
        : ["username", "password"].map(required);
    case "kubernetes.io/ssh-auth":
      return data["ssh-privatekey"] ? [] : [required("ssh-privatekey")];
    case "kubernetes.io/service-account-token":
      return secret.metadata.annotations?.[accountName]
        ? []
        : [fieldError.required(`metadata.annotations[${accountName}]`)];
    case "kubernetes.io/dockercfg":
    case "kubernetes.io/dockerconfigjson":
      return missing.length > 0 ? missing : jsonErrors(demanded[type]![0]!, data);
    default:
      return missing;
  }
}

function jsonErrors(key: string, data: Record<string, unknown>): FieldError[] {
  try {
    JSON.parse(bytesOf(data, key).toString());
    return [];
  } catch (error) {
    return [fieldError.invalid(`data[${key}]`, redacted, goSyntaxError(error))];
  }
}

/** What a cluster says of a certificate that cannot be used; the Secret is stored all the same. */
export function secretWarnings(secret: KubeObject): string[] {
  const data = isObject(secret.data) ? secret.data : {};
  if (secret.type !== "kubernetes.io/tls") return [];
  for (const [key, what] of [
    ["tls.crt", "certificate"],
    ["tls.key", "key"],
  ] as const) {
    if (!bytesOf(data, key).includes("-----BEGIN ")) return [`tls: failed to find any PEM data in ${what} input`];
  }
  return [];
}

const bytesOf = (data: Record<string, unknown>, key: string) => Buffer.from(String(data[key] ?? ""), "base64");
