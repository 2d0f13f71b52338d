import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { problem } from "../../api/reasons.ts";
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

/** The operator's own settings of a gateway: nothing that a tenant writes changes them. */
export type GatewayConfigFile = z.infer<typeof schema>;

/** Reads the gateway's configuration file. Without a file: no local server, no default model, no private network. Throws InvalidManifest. */
export function readGatewayConfig(file: string | undefined): GatewayConfigFile {
  if (file === undefined) return schema.parse({});
  if (!existsSync(file)) throw problem("InvalidManifest", `the gateway's configuration "${file}" does not exist`);
  let value: unknown;
  try {
    value = parse(readFileSync(file, "utf8"), { uniqueKeys: true, maxAliasCount: 20 }) ?? {};
  } catch (cause) {
    throw problem("InvalidManifest", `${file}: ${messageOf(cause)}`, { cause });
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const findings = read.error.issues.map(
    ({ path, message }) => `${file}: ${path.map(String).join(".") || "."}: ${message}`,
  );
  throw problem("InvalidManifest", findings[0]!, { details: { findings } });
}
