import path from "node:path";
import { kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { applyFiles } from "../../gitops/apply-files.ts";
import type { KubeClient } from "../../kube/client.ts";
import { fleetNamespace, systemNamespace } from "./settings.ts";

const fieldManager = "roster-up";
// The part of manifests/install that a laptop needs: the rest is Deployments, which run as processes here.
const installed = ["namespace.yaml", "service-accounts.yaml", "rbac.yaml", "admission.yaml"];

/** Installs who may do what and what may be written, and the fleet's namespace. May run twice. */
export async function install(kube: KubeClient, root: string): Promise<void> {
  const files = installed.map((name) => path.join(root, "manifests", "install", name));
  await applyFiles({ kube, files, base: root, fieldManager });
  await put(kube, { apiVersion: "v1", kind: "Namespace", metadata: { name: fleetNamespace } });
}

/** Tells the command line where the gateway is. */
export async function publishGateway(kube: KubeClient, url: string): Promise<void> {
  await put(kube, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "roster-gateway", namespace: systemNamespace },
    data: { url },
  } as Resource);
}

/** One person's token for their office, in a Secret that consents to be used for them and for these servers only. */
export async function putCredential(
  kube: KubeClient,
  credential: {
    readonly name: string;
    readonly subject: string;
    readonly token: string;
    readonly origins: readonly string[];
  },
): Promise<void> {
  await put(kube, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: credential.name,
      namespace: fleetNamespace,
      annotations: {
        "roster.dev/allowed-origins": credential.origins.join(","),
        "roster.dev/subject": credential.subject,
      },
    },
    type: "roster.dev/credential",
    data: { token: Buffer.from(credential.token).toString("base64") },
  } as Resource);
}

async function put(kube: KubeClient, object: Resource): Promise<void> {
  const kind = kinds[object.kind as "Namespace" | "ConfigMap" | "Secret"];
  await kube.apply(kind, object, { fieldManager, force: true });
}
