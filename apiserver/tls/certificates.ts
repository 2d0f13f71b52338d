import "reflect-metadata"; // x509 decorates its classes and needs this before it is loaded
import { webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
import { problem } from "../../api/reasons.ts";
import type { Clock } from "../../lib/clock.ts";
import { writeSecretFile } from "./secret-file.ts";

export interface Certificates {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

const dayMs = 86_400_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const file = "tls.json";

interface Kept extends Certificates {
  readonly caKeyPem: string;
  readonly names: readonly string[];
  readonly renewAt: number;
}

/**
 * The authority and the server certificate of this data folder: made at the first start and kept, so that kubeconfigs
 * stay valid. The server certificate is made anew when it nears its end or lacks a name; the authority stays.
 */
export async function openCertificates(folder: string, host: string, clock: Clock): Promise<Certificates> {
  const kept = readKept(folder);
  const names = serverNames(host);
  const now = clock.now();
  if (kept && now < kept.renewAt && names.every((name) => kept.names.includes(name))) return kept;
  const authority = kept ? { certPem: kept.caPem, keyPem: kept.caKeyPem } : await makeAuthority(now);
  const server = await makeServer(authority, names, now);
  const made: Kept = {
    caPem: authority.certPem,
    caKeyPem: authority.keyPem,
    ...server,
    names,
    renewAt: now + 300 * dayMs,
  };
  writeSecretFile(folder, file, JSON.stringify(made));
  return made;
}

function readKept(folder: string): Kept | undefined {
  const path = join(folder, file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Kept) : undefined;
}

function serverNames(host: string): string[] {
  const addresses =
    host === "0.0.0.0" || host === "::"
      ? Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
      : [];
  const services = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  return [...new Set(["127.0.0.1", "::1", "localhost", hostname(), ...services, host, ...addresses])].filter(
    (name) => !name.includes("%") && name !== "0.0.0.0" && name !== "::",
  );
}

/** A certificate and its private key. */
export interface Pair {
  readonly certPem: string;
  readonly keyPem: string;
}

async function makeAuthority(now: number): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=roster-apiserver-ca",
    keys,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + 3650 * dayMs),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: certificate.toString("pem"), keyPem: await toPem(keys.privateKey) };
}

function makeServer(authority: Pair, names: readonly string[], now: number): Promise<Pair> {
  const isAddress = (name: string) => /^[\d.]+$/.test(name) || name.includes(":");
  const alternatives = names.map((value) => ({ type: isAddress(value) ? ("ip" as const) : ("dns" as const), value }));
  return sign(authority, {
    subject: [{ CN: ["roster-apiserver"] }],
    usage: x509.ExtendedKeyUsage.serverAuth,
    now,
    days: 365,
    extensions: [new x509.SubjectAlternativeNameExtension(alternatives)],
  });
}

/**
 * Issues a certificate by which a client of this data folder's server is `name` in `groups`. It cannot be taken back
 * before it ends. Throws `KubeUnavailable` where no server ever started on the folder.
 */
export function issueClientCertificate(
  folder: string,
  user: { readonly name: string; readonly groups: readonly string[]; readonly days: number },
  clock: Clock,
): Promise<Pair> {
  const kept = readKept(folder);
  if (!kept) throw problem("KubeUnavailable", `there is no certificate authority in ${folder}: start the server once`);
  return sign(
    { certPem: kept.caPem, keyPem: kept.caKeyPem },
    {
      // One relative name for each group, as clusters read them.
      subject: [...user.groups.map((group) => ({ O: [group] })), { CN: [user.name] }],
      usage: x509.ExtendedKeyUsage.clientAuth,
      now: clock.now(),
      days: user.days,
      extensions: [],
    },
  );
}

async function sign(
  authority: Pair,
  wanted: {
    readonly subject: x509.JsonName;
    readonly usage: x509.ExtendedKeyUsage;
    readonly now: number;
    readonly days: number;
    readonly extensions: readonly x509.Extension[];
  },
): Promise<Pair> {
  const issuer = new x509.X509Certificate(authority.certPem);
  const bytes = x509.PemConverter.decodeFirst(authority.keyPem);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", bytes, algorithm, false, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: wanted.subject,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    notBefore: new Date(wanted.now - dayMs),
    notAfter: new Date(wanted.now + wanted.days * dayMs),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([wanted.usage]),
      ...wanted.extensions,
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certPem: certificate.toString("pem"), keyPem: await toPem(keys.privateKey) };
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}
