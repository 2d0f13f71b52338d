/** A kubeconfig with one context; JSON is YAML. */
export function kubeconfigText(server: string, caPem: string, token: string, namespace = "default"): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": Buffer.from(caPem).toString("base64") } }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace } }],
    "current-context": "c",
  });
}
