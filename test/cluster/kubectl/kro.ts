import type { Scenarios } from "./scenario.ts";

const definition = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: { name: greeting.$ns }
spec:
  schema:
    apiVersion: v1alpha1
    kind: Greeting
    spec:
      text: string | default="hello"
      private: boolean | default=false
    status:
      settings: \${settings.metadata.name}
  resources:
  - id: settings
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: { name: "\${schema.metadata.name}-settings" }
      data: { text: "\${schema.spec.text}" }
  - id: account
    template:
      apiVersion: v1
      kind: ServiceAccount
      metadata: { name: "\${settings.metadata.name}-account" }
  - id: secret
    includeWhen: ["\${schema.spec.private}"]
    template:
      apiVersion: v1
      kind: Secret
      metadata: { name: "\${account.metadata.name}-secret" }
      stringData: { text: "\${settings.data.text}" }
`;

const greeting = (spec: string) => `apiVersion: kro.run/v1alpha1
kind: Greeting
metadata: { name: one }
spec: ${spec}
`;

const waited = (object: string) => `kubectl wait ${object} --for=condition=Ready --timeout=50s`;
const until = (what: string, wanted: string) => `kubectl wait ${what} --for=jsonpath=${wanted} --timeout=50s`;

/** What one does with kro: defines a kind out of others, and makes, changes and deletes objects of it. */
export const kro: Scenarios = {
  "kro makes a kind out of others and keeps its objects": {
    files: {
      "definition.yaml": definition,
      "wrong.yaml": definition.replace("greeting.$ns", "wrong").replace("settings.data.text", "nobody.data.text"),
      "one.yaml": greeting("{}"),
      "changed.yaml": greeting("{ text: bye, private: true }"),
    },
    lines: [
      "kubectl apply -f wrong.yaml",
      until("rgd/wrong", "'{.status.state}'=Inactive"),
      "kubectl delete rgd wrong",
      "kubectl apply --server-side -f definition.yaml",
      waited("rgd/greeting.$ns"),
      "kubectl get rgd greeting.$ns",
      "kubectl wait crd/greetings.kro.run --for=condition=Established --timeout=50s",
      "kubectl explain greeting.spec",
      "kubectl apply -f one.yaml",
      waited("greeting/one"),
      until("greeting/one", "'{.status.settings}'=one-settings"),
      "kubectl get greeting one -o jsonpath='{.spec} {.metadata.finalizers} {.status.state}'",
      "kubectl get cm one-settings -o jsonpath='{.data} {.metadata.labels.kro\\.run/owned} {.metadata.managedFields[*].manager}'",
      "kubectl get sa one-settings-account -o name",
      "kubectl get secret one-settings-account-secret",
      "kubectl apply -f changed.yaml",
      until("cm/one-settings", "'{.data.text}'=bye"),
      "kubectl wait --for=create secret/one-settings-account-secret --timeout=50s",
      until("greeting/one", `'{.status.conditions[?(@.type=="Ready")].observedGeneration}'=2`),
      waited("greeting/one"),
      "kubectl get greeting one -o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason}{\"\\n\"}{end}'",
      "kubectl get secret one-settings-account-secret -o jsonpath='{.data.text}'",
      // What somebody changes behind its back is put back.
      'kubectl patch cm one-settings --type=merge -p \'{"data":{"text":"mine"}}\'',
      until("cm/one-settings", "'{.data.text}'=bye"),
      "kubectl delete cm one-settings",
      "kubectl wait --for=create cm/one-settings --timeout=50s",
      "kubectl delete greeting one --timeout=50s",
      "kubectl get cm,sa,secret -l kro.run/owned=true -o name",
      "kubectl delete rgd greeting.$ns --timeout=50s",
      "kubectl get rgd",
    ],
  },
};
