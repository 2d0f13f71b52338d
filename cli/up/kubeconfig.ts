import { renameSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { type Identities, people } from "./identities.ts";
import { fleetNamespace } from "./settings.ts";

/**
 * Writes the kubeconfig (0600) with a context for each person: admin (current), ana, approver, all in the fleet's
 * namespace, so that `kubectl get roster` shows it without -n. A context that the user has chosen since is kept.
 */
export function writeKubeconfig(
  file: string,
  api: { readonly url: string; readonly caPem: string },
  identities: Identities,
  current: string = people[0].context,
): void {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "roster",
        cluster: { server: api.url, "certificate-authority-data": Buffer.from(api.caPem).toString("base64") },
      },
    ],
    users: people.map(({ name }) => ({ name, user: { token: identities.tokenOf(name) } })),
    contexts: people.map(({ context, name }) => ({
      name: context,
      context: { cluster: "roster", user: name, namespace: fleetNamespace },
    })),
    "current-context": current,
  };
  writeFileSync(`${file}.next`, stringify(config, { lineWidth: 0 }), { mode: 0o600 });
  renameSync(`${file}.next`, file);
}
