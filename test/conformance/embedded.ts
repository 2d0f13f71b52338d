import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ApiServerOptions, startApiServer } from "../../apiserver/server.ts";
import { issueClientCertificate } from "../../apiserver/tls/certificates.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLog } from "../../lib/log.ts";
import type { Target } from "./client.ts";
import type { CertificateUser } from "./step.ts";

/** The users whom sequences speak as, on both servers. */
export const users = [
  { name: "ana", groups: ["people"], token: "token-ana" },
  { name: "bob", groups: ["people"], token: "token-bob" },
];

/** Users who come with a client certificate of the server's authority instead. */
const certified: Readonly<Record<CertificateUser, readonly string[]>> = {
  carl: ["people", "auditors"],
  root: ["system:masters"],
};

/** Issues their certificates, by the authority in a server's data folder. */
export async function issueCertificates(folder: string): Promise<Target["certificates"]> {
  const issue = async (name: CertificateUser) => {
    const { certPem, keyPem } = await issueClientCertificate(
      folder,
      { name, groups: certified[name], days: 1 },
      systemClock,
    );
    return { cert: certPem, key: keyPem };
  };
  return { carl: await issue("carl"), root: await issue("root") };
}

const tokens = { admin: "token-admin", ana: "token-ana", bob: "token-bob" };

/** Starts an empty embedded server; disposing stops it and removes its data. */
export async function startEmbedded(
  options: Pick<ApiServerOptions, "history"> = {},
): Promise<Target & AsyncDisposable> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "roster-conformance-"));
  const admin = { name: "admin", groups: ["system:masters"], token: tokens.admin };
  const server = await startApiServer({
    dataDir,
    port: 0,
    clock: systemClock,
    log: silentLog,
    users: [admin, ...users],
    ...options,
  });
  return {
    url: server.url,
    caPem: server.caPem,
    tokens,
    certificates: await issueCertificates(dataDir),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
