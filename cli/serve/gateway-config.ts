import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { problem } from "../../api/reasons.ts";
import type { DefaultModel, LocalServer } from "../../gateway/ports.ts";
import type { GatewayOptions } from "../../gateway/start.ts";
import { messageOf } from "../../lib/problem.ts";

const localServer = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("http"), url: z.url({ protocol: /^https?$/ }) }),
  z.strictObject({
    kind: z.literal("stdio"),
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
    credentialEnv: z.string().optional(),
  }),
]);

const schema = z.strictObject({
  allowPrivateNetworks: z.boolean().default(false),
  localServers: z.record(z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/), localServer).default({}),
  defaultModel: z
    .strictObject({
      baseURL: z.url({ protocol: /^https?$/ }),
      /** A file, so that the key itself is never in a ConfigMap. */
      apiKeyFile: z.string().optional(),
      model: z.string().optional(),
    })
    .optional(),
});

type Read = z.infer<typeof schema>;

/** The operator's own settings of a gateway: nothing that a tenant writes changes them. */
export type OperatorSettings = Pick<GatewayOptions, "allowPrivateNetworks" | "localServers" | "defaultModel">;

/**
 * Reads the gateway's configuration file and the key file that it names. Without a file: no local server, no default
 * model, no private network. Throws InvalidManifest.
 */
export function readGatewayConfig(file: string | undefined): OperatorSettings {
  const { allowPrivateNetworks, localServers, defaultModel } = read(file);
  return {
    allowPrivateNetworks,
    localServers: Object.fromEntries(
      Object.entries(localServers).map(([name, server]) => [name, toLocalServer(server)]),
    ),
    ...(defaultModel === undefined ? {} : { defaultModel: toDefaultModel(defaultModel) }),
  };
}

function toLocalServer(server: Read["localServers"][string]): LocalServer {
  if (server.kind === "http") return server;
  const { credentialEnv, ...rest } = server;
  return credentialEnv === undefined ? rest : { ...rest, credentialEnv };
}

function toDefaultModel({ baseURL, apiKeyFile, model }: NonNullable<Read["defaultModel"]>): DefaultModel {
  return {
    baseURL,
    ...(apiKeyFile === undefined ? {} : { apiKey: readKey(apiKeyFile) }),
    ...(model === undefined ? {} : { model }),
  };
}

function readKey(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw problem("InvalidManifest", `defaultModel.apiKeyFile: cannot read "${file}": ${messageOf(cause)}`, { cause });
  }
}

function read(file: string | undefined): Read {
  if (file === undefined) return schema.parse({});
  if (!existsSync(file)) throw problem("InvalidManifest", `the gateway's configuration "${file}" does not exist`);
  let value: unknown;
  try {
    value = parse(readFileSync(file, "utf8"), { uniqueKeys: true, maxAliasCount: 20 }) ?? {};
  } catch (cause) {
    throw problem("InvalidManifest", `${file}: ${messageOf(cause)}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const findings = parsed.error.issues.map(
    ({ path, message }) => `${file}: ${path.map(String).join(".") || "."}: ${message}`,
  );
  throw problem("InvalidManifest", findings[0]!, { details: { findings } });
}
