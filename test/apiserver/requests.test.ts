import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Ask,
  type Cluster,
  configMap,
  configMapsPath as maps,
  startCluster,
  widget,
  widgets,
  widgetsPath,
} from "./kit.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ crds: [widgets] });
  await cluster.post(maps, configMap("here", { a: "1" }));
  await cluster.post(widgetsPath, widget("here"));
});
afterAll(() => cluster[Symbol.asyncDispose]());

interface Row {
  readonly method?: string;
  readonly path: string;
  readonly ask?: Ask;
  readonly want: {
    readonly code: number;
    readonly message?: string;
    readonly reason?: string;
    readonly warning?: string;
  };
}

const dns =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

// Each message was compared with kube-apiserver 1.36.4, word for word.
const rows: Record<string, Row> = {
  "a name that is taken": {
    method: "POST",
    path: maps,
    ask: { body: configMap("here") },
    want: { code: 409, reason: "AlreadyExists", message: 'configmaps "here" already exists' },
  },
  "a name that is none": {
    method: "POST",
    path: maps,
    ask: { body: configMap("A b") },
    want: {
      code: 422,
      reason: "Invalid",
      message: `ConfigMap "A b" is invalid: metadata.name: Invalid value: "A b": ${dns}`,
    },
  },
  "no name at all": {
    method: "POST",
    path: maps,
    ask: { body: configMap("") },
    want: {
      code: 422,
      message: 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    },
  },
  "a kind that nobody knows": {
    method: "POST",
    path: maps,
    ask: { body: { apiVersion: "v1", kind: "Foo", metadata: { name: "x" } } },
    want: {
      code: 400,
      message:
        'Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
    },
  },
  "another kind in a custom collection": {
    method: "POST",
    path: widgetsPath,
    ask: { body: { ...widget("x"), kind: "Gadget" } },
    want: { code: 422, message: 'Gadget.example.com "x" is invalid: kind: Invalid value: "Gadget": must be Widget' },
  },
  "another version in a custom collection": {
    method: "POST",
    path: widgetsPath,
    ask: { body: { ...widget("x"), apiVersion: "example.com/v2" } },
    want: {
      code: 400,
      message: "the API version in the data (example.com/v2) does not match the expected API version (example.com/v1)",
    },
  },
  "another namespace than the URL's": {
    method: "POST",
    path: maps,
    ask: { body: configMap("x", {}, { namespace: "other" }) },
    want: {
      code: 400,
      message: "the namespace of the provided object does not match the namespace sent on the request",
    },
  },
  "a namespace that is not there": {
    method: "POST",
    path: "/api/v1/namespaces/nowhere/configmaps",
    ask: { body: configMap("x") },
    want: { code: 404, message: 'namespaces "nowhere" not found' },
  },
  "a number where text belongs, in a built-in kind": {
    method: "POST",
    path: maps,
    ask: { body: configMap("x", { a: 1 }) },
    want: {
      code: 400,
      message:
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    },
  },
  "a number where text belongs, in a custom kind": {
    method: "POST",
    path: widgetsPath,
    ask: { body: widget("x", { colour: 1 }) },
    want: {
      code: 422,
      message:
        'Widget.example.com "x" is invalid: spec.colour: Invalid value: "integer": spec.colour in body must be of type string: "integer"',
    },
  },
  "a version on an object to be created": {
    method: "POST",
    path: maps,
    ask: { body: configMap("x", {}, { resourceVersion: "12" }) },
    want: { code: 500, message: "resourceVersion should not be set on objects to be created" },
  },
  "an unknown field, when asked to be strict": {
    method: "POST",
    path: `${maps}?fieldValidation=Strict`,
    ask: { body: { ...configMap("x"), foo: 1 } },
    want: {
      code: 400,
      message: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
    },
  },
  "a duplicate field, when asked to be strict": {
    method: "POST",
    path: `${widgetsPath}?fieldValidation=Strict`,
    ask: { body: '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x"},"spec":{"size":1,"size":2}}' },
    want: {
      code: 400,
      message:
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: duplicate field "spec.size"',
    },
  },
  "an unknown field, when not asked": {
    method: "POST",
    path: `${widgetsPath}?dryRun=All`,
    ask: { body: widget("x", { foo: 1 }) },
    want: { code: 201, warning: '299 - "unknown field \\"spec.foo\\""' },
  },
  "a dry run of another sort": {
    method: "POST",
    path: `${maps}?dryRun=some`,
    ask: { body: configMap("x") },
    want: {
      code: 422,
      message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["some"]: supported values: "All"',
    },
  },
  "a content type that is not read": {
    method: "POST",
    path: maps,
    ask: { body: "x", type: "text/plain" },
    want: {
      code: 415,
      message:
        "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    },
  },
  "a strategic patch on a custom kind": {
    method: "PATCH",
    path: `${widgetsPath}/here`,
    ask: { body: {}, type: "application/strategic-merge-patch+json" },
    want: {
      code: 415,
      message:
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    },
  },
  "an update that does not say what it read": {
    method: "PUT",
    path: `${widgetsPath}/here`,
    ask: { body: widget("here") },
    want: {
      code: 422,
      message:
        'widgets.example.com "here" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    },
  },
  "an update of what has changed": {
    method: "PUT",
    path: `${widgetsPath}/here`,
    ask: { body: widget("here", {}, { resourceVersion: "1" }) },
    want: {
      code: 409,
      reason: "Conflict",
      message:
        'Operation cannot be fulfilled on widgets.example.com "here": the object has been modified; please apply your changes to the latest version and try again',
    },
  },
  "an apply without a manager": {
    method: "PATCH",
    path: `${maps}/here`,
    ask: { body: configMap("here"), type: "application/apply-patch+yaml" },
    want: {
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    },
  },
  "a deletion of another incarnation": {
    method: "DELETE",
    path: `${maps}/here`,
    ask: { body: { preconditions: { resourceVersion: "1" } } },
    want: { code: 409, reason: "Conflict" },
  },
  "what is not there": {
    path: `${widgetsPath}/gone`,
    want: { code: 404, reason: "NotFound", message: 'widgets.example.com "gone" not found' },
  },
  "a resource that nobody serves": {
    path: "/api/v1/namespaces/default/gadgets",
    want: { code: 404, message: "the server could not find the requested resource" },
  },
  "a deletion of the default namespace": {
    method: "DELETE",
    path: "/api/v1/namespaces/default",
    want: { code: 403, message: 'namespaces "default" is forbidden: this namespace may not be deleted' },
  },
  "a label selector that cannot be read": {
    path: `${maps}?labelSelector=${encodeURIComponent("a in b")}`,
    want: { code: 400, message: "unable to parse requirement: found 'b' expected: '('" },
  },
  "a field selector on an unknown field": {
    path: `${widgetsPath}?fieldSelector=spec.size=1`,
    want: { code: 400, message: "field label not supported: spec.size" },
  },
  "a method that is not there": {
    method: "PUT",
    path: maps,
    ask: { body: configMap("x") },
    want: { code: 405, message: "the server does not allow this method on the requested resource" },
  },
  "credentials that are not valid": {
    path: maps,
    ask: { token: "wrong" },
    want: { code: 401, message: "Unauthorized" },
  },
  "no credentials": {
    path: maps,
    ask: { user: null },
    want: {
      code: 403,
      message:
        'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
    },
  },
  "somebody without rights": {
    path: `${maps}/here`,
    ask: { user: "ana" },
    want: {
      code: 403,
      message:
        'configmaps "here" is forbidden: User "ana" cannot get resource "configmaps" in API group "" in the namespace "default"',
    },
  },
  "a path without rights": {
    path: "/metrics",
    ask: { user: "ana" },
    want: { code: 403, message: 'forbidden: User "ana" cannot get path "/metrics"' },
  },
};

describe("a refusal reads as on a cluster", () => {
  for (const [name, { method = "GET", path, ask, want }] of Object.entries(rows)) {
    it(name, async () => {
      const { code, body, headers } = await cluster.ask(method, path, ask);
      expect({ code, ...(want.message ? { message: body.message } : {}) }).toEqual({
        code: want.code,
        ...(want.message ? { message: want.message } : {}),
      });
      if (want.reason) expect(body.reason).toBe(want.reason);
      if (want.warning) expect(headers["warning"]).toBe(want.warning);
    });
  }
});

describe("hostile bodies", () => {
  const hostile: Record<
    string,
    { readonly body: unknown; readonly type?: string; readonly code: number; readonly says: RegExp }
  > = {
    "one that is larger than three megabytes": {
      body: configMap("x", { a: "x".repeat(3_200_000) }),
      code: 413,
      says: /limit is 3145728/,
    },
    "a ConfigMap of 1.6 MB": {
      body: configMap("x", { a: "x".repeat(1_600_000) }),
      code: 422,
      says: /Too long: may not be more than 1048576 bytes/,
    },
    "ten thousand levels": {
      body: `${"[".repeat(10_000)}${"]".repeat(10_000)}`,
      code: 400,
      says: /exceeded max depth/,
    },
    "bytes that are no text": {
      body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
      code: 400,
      says: /not valid UTF-8/,
    },
    "a key that reaches prototypes": {
      body: '{"metadata":{"name":"x"},"data":{"__proto__":"y"}}',
      code: 400,
      says: /__proto__/,
    },
    "half an object": { body: '{"metadata":', code: 400, says: /unexpected end of JSON input/ },
    nothing: { body: "", code: 400, says: /unexpected end of JSON input/ },
    "a list": { body: "[]", code: 400, says: /cannot unmarshal array/ },
    "YAML with an alias bomb": {
      body: `a: &a [${"x,".repeat(20)}]\nb: &b [${"*a,".repeat(20)}]\nc: &c [${"*b,".repeat(20)}]\nd: [${"*c,".repeat(20)}]\n`,
      type: "application/yaml",
      code: 400,
      says: /alias/i,
    },
    "bytes that are no protobuf": {
      body: "xxxx",
      type: "application/vnd.kubernetes.protobuf",
      code: 400,
      says: /expected prefix/,
    },
    "protobuf that ends in the middle": {
      body: Buffer.concat([Buffer.from("k8s\0"), Buffer.from([0x0a, 0x7f, 0x01])]),
      type: "application/vnd.kubernetes.protobuf",
      code: 400,
      says: /unexpected end/,
    },
  };
  for (const [name, { body, type, code, says }] of Object.entries(hostile)) {
    it(`${name} is refused with a clear Status, and the server goes on`, async () => {
      const answer = await cluster.post(maps, body, type ? { type } : {});
      expect(answer.code).toBe(code);
      expect(answer.body.message).toMatch(says);
      expect((await cluster.get("/readyz")).text).toBe("ok");
    });
  }

  it("stores what looks like a prototype's name as plain data", async () => {
    const { code, body } = await cluster.post(
      maps,
      configMap("names", { constructor: "a", toString: "b", hasOwnProperty: "c" }),
    );
    expect(code).toBe(201);
    expect(body.data).toEqual({ constructor: "a", toString: "b", hasOwnProperty: "c" });
  });
});
