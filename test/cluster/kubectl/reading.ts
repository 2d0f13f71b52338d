import type { Scenarios } from "./scenario.ts";

const made = "kubectl apply -f widgets.yaml";

/** Looking: get in all its shapes, describe, watch, explain, discovery. */
export const reading: Scenarios = {
  "get prints a table, wider on request": {
    lines: [
      "kubectl get wd",
      made,
      "kubectl get wd",
      "kubectl get widgets -o wide",
      "kubectl get widget.v1.conform.roster.dev a --no-headers",
      "kubectl get wd a b --show-labels",
      "kubectl get wd/a wd/c -L tier,app --show-kind",
      "kubectl get conform",
    ],
  },
  "get prints objects as YAML, JSON, names and by templates": {
    lines: [
      made,
      "kubectl get wd a -o yaml",
      "kubectl get wd -o json",
      "kubectl get wd a --show-managed-fields -o json",
      "kubectl get wd -o name",
      `kubectl get wd -o jsonpath='{range .items[*]}{.metadata.name}={.spec.size}{"\\n"}{end}'`,
      "kubectl get wd a -o jsonpath='{.spec.mode}'",
      `kubectl get wd -o go-template='{{range .items}}{{.metadata.name}} {{end}}'`,
      "kubectl get wd -o custom-columns=NAME:.metadata.name,SIZE:.spec.size,NONE:.spec.none",
    ],
  },
  "get chooses by labels and fields, sorts, and reads page by page": {
    lines: [
      made,
      "kubectl get wd -l tier=front -o name",
      "kubectl get wd -l 'tier in (front,back),app' -o name",
      "kubectl get wd -l '!tier' -o name",
      "kubectl get wd -l 'tier==' -o name",
      "kubectl get wd -l 'a b'",
      "kubectl get wd --field-selector metadata.name=a -o name",
      "kubectl get wd --field-selector spec.color=red,metadata.name!=a -o name",
      "kubectl get wd --field-selector spec.size=3",
      "kubectl get cm --field-selector metadata.namespace=$ns -o name",
      "kubectl get cm --field-selector data.one=1",
      "kubectl get wd --sort-by=.spec.size",
      "kubectl get wd --sort-by='{.metadata.name}' -o name",
      "kubectl get wd --chunk-size=1",
      "kubectl get wd --chunk-size=2 -o name",
      "kubectl get wd -A --field-selector metadata.namespace=$ns",
      "kubectl get wd -A -l app=shop,tier --field-selector metadata.namespace=$ns -o name",
    ],
  },
  "get says what is not there": {
    lines: [
      "kubectl get wd zz",
      "kubectl get wd zz --ignore-not-found",
      "kubectl get nosuch",
      "kubectl get nosuch.example.com a",
      made,
      "kubectl get wd a zz",
      "kubectl get wd,cm -o name --field-selector metadata.name=a",
      "kubectl get -f widgets.yaml -o name",
      "kubectl get wd a -o jsonpath='{.no.such}'",
      "kubectl get wd -n no-such-namespace",
      "kubectl get gadgets zz",
    ],
  },
  "get follows changes": {
    lines: [
      made,
      // The reader leaves after what it wanted; the next change tells kubectl so.
      'kubectl get wd a -w --output-watch-events -o jsonpath=\'{.type} {.object.spec.size}{"\\n"}\' | { read one; echo $one; kubectl patch wd a --type=merge -p \'{"spec":{"size":7}}\'; read two; echo $two; kubectl delete wd a; read three; echo $three; exec <&-; kubectl apply -f a.yaml; }',
      "kubectl get wd -w -l app=shop | { read heading; read one; read two; kubectl label wd c app=shop --overwrite; read three; echo $heading / $one / $two / $three; exec <&-; kubectl label wd c x=y; }",
      "kubectl get wd --watch-only --field-selector spec.color=blue -o name --request-timeout=5s",
    ],
  },
  "describe shows every field, and events": {
    files: {
      "event.yaml": `apiVersion: v1
kind: Event
metadata: { name: e1 }
involvedObject: { apiVersion: conform.roster.dev/v1, kind: Widget, name: a, namespace: $ns }
type: Warning
reason: Cracked
message: the widget has a crack
count: 2
firstTimestamp: "2026-01-01T00:00:00Z"
lastTimestamp: "2026-01-01T00:00:00Z"
source: { component: tester }
`,
    },
    lines: [
      made,
      "kubectl create -f event.yaml",
      "kubectl describe wd b",
      "kubectl describe wd zz",
      "kubectl describe wd -l tier",
      "kubectl get events",
      "kubectl get events -o wide --field-selector involvedObject.name=a,type=Warning",
      "kubectl events",
      "kubectl events --for wd/a",
      "kubectl events --types=Normal",
    ],
  },
  "describe and get know the core kinds": {
    lines: [
      "kubectl create cm c --from-file=settings.properties",
      "kubectl create secret generic s --from-literal=p=q",
      "kubectl create sa bot",
      "kubectl create role r --verb=get,list --resource=configmaps,widgets.conform.roster.dev",
      "kubectl create rolebinding rb --role=r --serviceaccount=$ns:bot --user=ana --group=people",
      "kubectl get cm/c secret/s sa/bot role/r rolebinding/rb",
      "kubectl get rolebinding -o wide",
      "kubectl get ns $ns",
      "kubectl describe cm c",
      "kubectl describe secret s",
      "kubectl describe sa bot",
      "kubectl describe role r",
      "kubectl describe rolebinding rb",
      "kubectl get secret s -o jsonpath='{.data.p}'",
      "kubectl get cm,sa",
      "kubectl get clusterrole view",
      "kubectl get crd widgets.conform.roster.dev",
      "kubectl get lease",
    ],
  },
  "describe says of a namespace what limits it": { lines: ["kubectl describe ns $ns"] },
  "cluster-info says where the control plane is": { lines: ["kubectl cluster-info"] },
  "explain reads the schema": {
    lines: [
      "kubectl explain wd",
      "kubectl explain wd.spec.parts.labels",
      "kubectl explain wd.spec --recursive",
      "kubectl explain wd.spec.nosuch",
      "kubectl explain nosuch",
      "kubectl explain cm",
      "kubectl explain secret.type",
      "kubectl explain role.rules",
      "kubectl explain lease.spec --recursive",
      "kubectl explain crd.spec.names",
      "kubectl explain wd --api-version=conform.roster.dev/v1 --output=plaintext-openapiv2",
      "kubectl explain gadget --api-version=conform.roster.dev/v1beta1",
      "kubectl explain vap.spec.validations",
      "kubectl explain event",
    ],
  },
  "discovery lists the kinds": {
    lines: [
      "kubectl api-resources --api-group=conform.roster.dev",
      "kubectl api-resources --api-group=conform.roster.dev -o wide",
      "kubectl api-resources --api-group=rbac.authorization.k8s.io -o wide --sort-by=name",
      "kubectl api-resources --namespaced=false --verbs=create --api-group=apiextensions.k8s.io",
      "kubectl api-resources --categories=conform -o name",
      "kubectl api-versions | grep -E 'conform|rbac|^v1$|apiextensions'",
      "kubectl get --raw /apis/conform.roster.dev",
      "kubectl get --raw /api",
      "kubectl get --raw /readyz",
      "kubectl get --raw '/healthz?verbose' | tail -1",
      "kubectl get --raw /apis/nosuch",
      "kubectl get --raw /api/v1/namespaces/$ns/configmaps/zz",
      "kubectl version -o json | grep -c gitVersion",
      "kubectl config view --minify -o jsonpath='{.contexts[0].context.namespace}'",
    ],
  },
};
