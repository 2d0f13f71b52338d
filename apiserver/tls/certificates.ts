import "reflect-metadata"; // x509 decorates its classes and needs this before it is loaded
import { webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";
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

interface Pair {
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

async function makeServer(authority: Pair, names: readonly string[], now: number): Promise<Pair> {
  const issuer = new x509.X509Certificate(authority.certPem);
  const bytes = x509.PemConverter.decodeFirst(authority.keyPem);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", bytes, algorithm, false, ["sign"]);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const isAddress = (name: string) => /^[\d.]+$/.test(name) || name.includes(":");
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=roster-apiserver",
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + 365 * dayMs),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certPem: certificate.toString("pem"), keyPem: await toPem(keys.privateKey) };
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}
