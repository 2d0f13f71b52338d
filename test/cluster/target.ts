import type { Target } from "../conformance/client.ts";
import { issueCertificates, users } from "../conformance/embedded.ts";
import type { RealCluster } from "./real.ts";

/** A started cluster as the sequences speak to it. Throws for a given one: it does not know their users. */
export async function targetOf({ url, caPem, adminToken, authorityFolder }: RealCluster): Promise<Target> {
  if (!authorityFolder) throw new Error("the sequences need a cluster of their own: unset KUBECONFIG");
  const tokens = { admin: adminToken, ana: users[0]!.token, bob: users[1]!.token };
  return { url, caPem, tokens, certificates: await issueCertificates(authorityFolder) };
}
