import type { Scenarios } from "./scenario.ts";

const role = `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader, namespace: $ns }
rules:
- { apiGroups: [""], resources: [configmaps], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reads, namespace: $ns }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects:
- { apiGroup: rbac.authorization.k8s.io, kind: User, name: $ns-ana }
`;

/** Core kinds, which newer kubectls send as protobuf; who one is and what one may do; definitions. */
export const core: Scenarios = {
  "create makes ConfigMaps, Secrets and ServiceAccounts": {
    files: { "env.list": "A=1\nB=two words\n", "docker.json": '{"auths":{"r.example":{"auth":"YTpi"}}}' },
    lines: [
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -keyout tls.key -out tls.crt -days 1 2>/dev/null",
      "kubectl create cm lit --from-literal=a=b --from-literal=c=d",
      "kubectl create cm file --from-file=settings.properties --from-file=named=config.yaml",
      "kubectl create cm env --from-env-file=env.list",
      "kubectl create cm hashed --from-literal=a=b --append-hash",
      "kubectl create cm lit",
      "kubectl create cm Bad_Name",
      "kubectl get cm lit file env -o yaml",
      "kubectl create secret generic s --from-literal=p=q --type=example.com/kind",
      "kubectl create secret tls t --cert=tls.crt --key=tls.key",
      "kubectl create secret docker-registry d --docker-server=r.example --docker-username=u --docker-password=p --docker-email=e@example.com",
      "kubectl create secret docker-registry f --from-file=.dockerconfigjson=docker.json",
      "kubectl create secret generic wrong --type=kubernetes.io/tls",
      "kubectl get secret s d f -o yaml",
      "kubectl get secret t -o jsonpath='{.type}'",
      "kubectl create sa bot",
      "kubectl create sa bot",
      "kubectl create token bot --duration=10m",
      "kubectl create token bot --duration=1s",
      "kubectl create token zz",
      "kubectl create token bot --audience=a --bound-object-kind=Secret --bound-object-name=s -o jsonpath='{.spec.audiences} {.spec.boundObjectRef.kind}'",
      "kubectl create cm dry --from-literal=a=b --dry-run=server -o yaml",
      "kubectl create ns $ns-more --dry-run=server -o name",
      "kubectl create ns 'no good'",
      "kubectl create ns $ns-more && kubectl delete ns $ns-more && kubectl get ns $ns-more",
    ],
  },
  "core kinds are applied, patched by strategy, edited and replaced": {
    files: {
      "more.yaml": 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { one: "1", three: "3" }\n',
      "typed.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: typed }\ndata: { one: 1 }\n",
      "unknown.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: typed }\nnosuch: 1\n",
      "editor.sh": '#!/bin/sh\nsed -i \'s/three: "3"/three: "33"/\' "$1"\n',
      "sa.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: bot }\nimagePullSecrets: [{ name: one }]\n",
    },
    lines: [
      "kubectl apply -f config.yaml",
      "kubectl apply -f more.yaml",
      "kubectl diff -f config.yaml",
      "kubectl get cm settings -o jsonpath='{.data}'",
      "kubectl apply -f typed.yaml",
      "kubectl apply -f typed.yaml --server-side",
      "kubectl apply -f unknown.yaml",
      "kubectl apply -f unknown.yaml --server-side",
      "kubectl apply -f unknown.yaml --validate=warn",
      "kubectl apply -f typed.yaml --validate=false",
      "kubectl apply --server-side --force-conflicts -f more.yaml",
      "EDITOR=./editor.sh kubectl edit cm settings",
      'kubectl patch cm settings -p \'{"data":{"four":"4","one":null}}\' -o jsonpath=\'{.data}\'',
      'kubectl patch cm settings --type=json -p \'[{"op":"remove","path":"/data/none"}]\'',
      "kubectl apply -f sa.yaml",
      'kubectl patch sa bot -p \'{"imagePullSecrets":[{"name":"two"}]}\' -o jsonpath=\'{.imagePullSecrets}\'',
      'kubectl patch sa bot -p \'{"imagePullSecrets":[{"$patch":"delete","name":"one"}]}\' -o jsonpath=\'{.imagePullSecrets}\'',
      'kubectl patch cm settings -p \'{"immutable":true}\' && kubectl patch cm settings -p \'{"data":{"x":"y"}}\'',
      "kubectl replace -f config.yaml",
      "kubectl replace --force -f config.yaml",
      "kubectl delete cm,sa --all",
    ],
  },
  "rights are made, bound, and answered": {
    files: { "role.yaml": role, "wider.yaml": role.replace("verbs: [get]", "verbs: [get, list]") },
    lines: [
      "kubectl create role r --verb=get --resource=configmaps --resource-name=c",
      "kubectl create role bad --verb=get --resource=nosuch",
      "kubectl create rolebinding rb --role=r --user=$ns-bob --group=$ns-people --serviceaccount=$ns:bot",
      "kubectl create clusterrole $ns-cr --verb=get,list --non-resource-url=/metrics",
      "kubectl create clusterrole $ns-agg --aggregation-rule=rbac.example.com/none=$ns",
      "kubectl create clusterrole $ns-wd --verb='*' --resource=widgets.conform.roster.dev,widgets.conform.roster.dev/status",
      "kubectl create clusterrolebinding $ns-crb --clusterrole=$ns-wd --user=$ns-eve",
      "kubectl get role r -o yaml",
      "kubectl get clusterrole $ns-cr $ns-agg $ns-wd -o name",
      "kubectl describe clusterrole $ns-wd",
      "kubectl describe clusterrolebinding $ns-crb",
      "kubectl get clusterrolebinding $ns-crb -o wide",
      "kubectl set subject rolebinding rb --user=$ns-kim -o jsonpath='{.subjects[*].name}'",
      "kubectl auth reconcile -f role.yaml",
      "kubectl auth reconcile -f wider.yaml",
      "kubectl auth reconcile -f role.yaml --remove-extra-permissions --remove-extra-subjects",
      "kubectl auth reconcile -f wider.yaml --dry-run=server -o name",
      "kubectl auth can-i create cm",
      "kubectl auth can-i get cm/c --as=$ns-bob",
      "kubectl auth can-i get cm --as=$ns-bob",
      "kubectl auth can-i get cm --as=$ns-ana",
      "kubectl auth can-i '*' widgets.conform.roster.dev -A --as=$ns-eve",
      "kubectl auth can-i update wd --subresource=status --as=$ns-eve",
      "kubectl auth can-i get /metrics --as=$ns-bob",
      "kubectl auth can-i get /metrics --as=x --as-group=$ns-people -q",
      "kubectl auth can-i list nosuch",
      "kubectl auth can-i --list --as=$ns-bob",
      "kubectl auth can-i --list --as=$ns-eve --no-headers",
      "kubectl auth can-i delete ns",
      "kubectl get cm c --as=$ns-bob",
      "kubectl get cm --as=$ns-bob",
      "kubectl get wd --as=$ns-eve",
      "kubectl create cm x --as=$ns-bob",
      "kubectl create rolebinding more --clusterrole=cluster-admin --user=x --as=$ns-bob",
      "kubectl create role wide --verb=get --resource=secrets --as=$ns-bob",
      "kubectl delete clusterrolebinding $ns-crb",
      "kubectl delete clusterrole $ns-cr $ns-agg $ns-wd",
    ],
  },
  "one is told who one is": {
    lines: [
      "kubectl auth whoami -o jsonpath='{.status.userInfo.username} {.status.userInfo.groups}'",
      "kubectl auth whoami --as=ana --as-group=people --as-uid=u1",
      "kubectl auth whoami --as=ana -o yaml",
      "kubectl auth whoami --as=system:serviceaccount:$ns:bot",
      "kubectl create sa bot && kubectl auth whoami --token=$(kubectl create token bot) -o jsonpath='{.status.userInfo.username}'",
      "kubectl auth whoami --token=nonsense",
      "kubectl get cm --token=nonsense",
      "kubectl get cm --as=ana",
    ],
  },
  "a definition is installed, changed, and taken away with its objects": {
    alone: true,
    files: {
      "crd.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: things.$ns.example.com }
spec:
  group: $ns.example.com
  scope: Namespaced
  names: { plural: things, singular: thing, kind: Thing, shortNames: [th$ns] }
  versions:
  - name: v1
    served: true
    storage: true
    schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { a: { type: string } } } } } }
`,
      "bad-crd.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: wrong.$ns.example.com }
spec:
  group: $ns.example.com
  scope: Everywhere
  names: { plural: others, kind: Other }
  versions: [{ name: v1, served: true, storage: true }]
`,
      "thing.yaml": "apiVersion: $ns.example.com/v1\nkind: Thing\nmetadata: { name: t }\nspec: { a: x }\n",
      "both.yaml": "",
    },
    lines: [
      "kubectl apply -f thing.yaml",
      "kubectl apply -f crd.yaml",
      "kubectl wait --for=condition=Established crd/things.$ns.example.com --timeout=20s",
      "kubectl apply -f thing.yaml",
      "kubectl get th$ns",
      "kubectl explain things.spec.a --api-version=$ns.example.com/v1",
      "sed -i 's/a: { type: string }/a: { type: string }, b: { type: integer, default: 4 }/' crd.yaml && kubectl apply -f crd.yaml",
      "kubectl apply -f bad-crd.yaml",
      "kubectl apply --server-side -f crd.yaml",
      "kubectl describe crd things.$ns.example.com | grep -A12 '^Status'",
      "kubectl get crd things.$ns.example.com -o jsonpath='{.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties}'",
      "kubectl delete -f crd.yaml",
      "kubectl get things.$ns.example.com",
      "kubectl get crd things.$ns.example.com",
    ],
  },
};
