import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { newToken } from "../../lib/ids.ts";
import { systemNamespace } from "./settings.ts";

/** Who there is on this machine, each with a bearer token that is made once and kept. */
export interface Identities {
  readonly users: readonly { readonly name: string; readonly groups: readonly string[]; readonly token: string }[];
  tokenOf(user: string): string;
  readonly workerToken: string;
  readonly operatorToken: string;
}

export const controllerUser = `system:serviceaccount:${systemNamespace}:roster-controller`;
export const gatewayUser = `system:serviceaccount:${systemNamespace}:roster-gateway`;
const serviceAccountGroups = ["system:serviceaccounts", `system:serviceaccounts:${systemNamespace}`];

// Not `rs?_`: those are agents' and workers' tokens, which the gateway refuses to show to the API server.
const userPrefix = "rosteruser_";

/** People whose contexts the kubeconfig has; the first is current. */
export const people = [
  { context: "admin", name: "admin", groups: ["system:masters"] },
  { context: "ana", name: "ana@acme.example", groups: ["acme:employees"] },
  { context: "approver", name: "approver@acme.example", groups: ["acme:employees", "ea-approvers"] },
] as const;

const accounts = [
  ...people,
  { name: controllerUser, groups: serviceAccountGroups },
  { name: gatewayUser, groups: serviceAccountGroups },
] as const;

/** Reads the tokens, making those that are missing. The file is 0600 and replaced as a whole. */
export function ensureIdentities(file: string): Identities {
  const known: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const tokens: Record<string, string> = { ...known };
  for (const { name } of accounts) tokens[name] ??= newToken(userPrefix).token;
  tokens.worker ??= newToken("rsw_").token;
  tokens.operator ??= newToken("rso_").token;
  if (Object.keys(tokens).length !== Object.keys(known).length) {
    writeFileSync(`${file}.next`, JSON.stringify(tokens), { mode: 0o600 });
    renameSync(`${file}.next`, file);
  }
  const tokenOf = (name: string): string => {
    const token = tokens[name];
    if (token === undefined) throw new Error(`no token was made for "${name}"`);
    return token;
  };
  return {
    users: accounts.map(({ name, groups }) => ({ name, groups, token: tokenOf(name) })),
    tokenOf,
    workerToken: tokenOf("worker"),
    operatorToken: tokenOf("operator"),
  };
}
