import {
  configMap,
  configMapsPath,
  del,
  gadgetsPath,
  get,
  mergePatch,
  post,
  type Sequences,
  type Step,
  secretsPath,
  table,
  widget,
  widgetsPath,
} from "../step.ts";

const four = ["a", "b", "c", "d"].map((name, index) =>
  post(widgetsPath, widget(name, { color: index % 2 ? "red" : "green" }, { labels: { n: String(index), app: "x" } }), {
    pick: ["metadata.name"],
    save: { [`rv${name}`]: "metadata.resourceVersion" },
  }),
);
const names = ["items.0", "items.1", "items.2", "items.3", "items.4"].map((item) => `${item}.metadata.name`);
const seen = [...names, "kind", "code", "reason", "message", "metadata.continue", "metadata.remainingItemCount"];
const list = (query: string, more: Partial<Step> = {}) => get(`${widgetsPath}?${query}`, { pick: seen, ...more });
const failed = { pick: ["code", "reason", "message", "details"] };
const labels = (selector: string, path = widgetsPath) =>
  get(`${path}?labelSelector=${encodeURIComponent(selector)}`, { pick: seen });
const fields = (selector: string, path = widgetsPath) =>
  get(`${path}?fieldSelector=${encodeURIComponent(selector)}`, { pick: seen });
const onePage = list("limit=2", { save: { next: "metadata.continue" } });

const metadataList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
const versions = ["", "0", "{rvb}", "99999999", "x", "-1"];
const matches = ["", "Exact", "NotOlderThan", "Nearly"];

export const listing: Sequences = {
  "pages show what was there when the first was read": [
    ...four,
    onePage,
    del(`${widgetsPath}/c`, undefined, { pick: ["status"] }),
    post(widgetsPath, widget("bb"), { pick: ["metadata.name"] }),
    mergePatch(`${widgetsPath}/d`, { spec: { size: 50 } }, { pick: ["spec.size"] }),
    get(`${widgetsPath}?limit=1&continue={next}`, { save: { next: "metadata.continue" }, pick: seen }),
    get(`${widgetsPath}?limit=1&continue={next}`, { pick: [...seen, "items.0.spec.size"] }),
    list("limit=10"),
  ],
  "the remaining items are counted without selectors only": [
    ...four,
    list("limit=1"),
    list("limit=3"),
    list("limit=4"),
    list("limit=0"),
    list("limit=-1"),
    list("limit=1&labelSelector=app%3Dx"),
    list("limit=1&fieldSelector=spec.color%3Dred"),
    list("limit=1&fieldSelector=metadata.name%3Da"),
  ],
  "a continue token that is garbage": [
    ...four,
    ...["x", "e30", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MH0", "%00", "eyJ2IjoidjkifQ"].map((token) =>
      get(`${widgetsPath}?limit=1&continue=${token}`, failed),
    ),
  ],
  "a continue token with a resourceVersion": [
    ...four,
    onePage,
    get(`${widgetsPath}?limit=1&continue={next}&resourceVersion=0`, { pick: seen }),
    get(`${widgetsPath}?limit=1&continue={next}&resourceVersion={rva}`, { pick: seen }),
    get(`${widgetsPath}?limit=1&continue={next}&resourceVersionMatch=Exact`, { pick: [...seen, "details"] }),
    get(`${widgetsPath}?limit=1&continue={next}&resourceVersion={rva}&resourceVersionMatch=NotOlderThan`, failed),
  ],
  "a continue token of other selectors goes on with these": [
    ...four,
    get(`${widgetsPath}?limit=1&labelSelector=n%3D0`, { save: { next: "metadata.continue" }, pick: seen }),
    list("limit=1&labelSelector=app%3Dx", { save: { next: "metadata.continue" } }),
    get(`${widgetsPath}?limit=5&labelSelector=n%3D3&continue={next}`, { pick: seen }),
  ],
  "every combination of resourceVersion and resourceVersionMatch": [
    ...four,
    ...versions.flatMap((version) =>
      matches
        // What comes too early is tried below: its message names the current version.
        .filter(() => version !== "99999999")
        .map((match) =>
          list(
            [version && `resourceVersion=${version}`, match && `resourceVersionMatch=${match}`]
              .filter(Boolean)
              .join("&"),
            { pick: [...seen, "details"] },
          ),
        ),
    ),
  ],
  "a list of a version that is still to come": [
    get(`${widgetsPath}?resourceVersion=9999999999`, {
      pick: ["code", "reason", "details", "status"],
      shows: ["retry-after"],
    }),
    get(`${widgetsPath}?resourceVersion=9999999999&resourceVersionMatch=NotOlderThan`, {
      pick: ["code", "reason", "details"],
    }),
    get(`${widgetsPath}?resourceVersion=9999999999&resourceVersionMatch=Exact`, {
      pick: ["code", "reason", "details"],
    }),
    get(`${widgetsPath}/a?resourceVersion=9999999999`, { pick: ["code", "reason", "details"] }),
  ],
  "an exact list of the past and its pages": [
    ...four,
    del(`${widgetsPath}/a`, undefined, { pick: ["status"] }),
    list("resourceVersion={rvc}&resourceVersionMatch=Exact"),
    list("resourceVersion={rvc}&resourceVersionMatch=Exact&limit=2", { save: { next: "metadata.continue" } }),
    get(`${widgetsPath}?limit=2&continue={next}`, { pick: seen }),
    list("resourceVersion={rvc}&resourceVersionMatch=NotOlderThan&limit=2"),
    list("resourceVersion={rvc}&limit=1"),
  ],
  "label selectors by sets": [
    ...four,
    ...[
      "n in (0, 2)",
      "n notin (0,2)",
      "n in (0),app",
      "n,!nope",
      "!n",
      "nope notin (x)",
      "n in ()",
      "n in (,0)",
      "n>1",
      "n<2",
      "n > 0, n < 3",
      "app=",
      "app!=",
      " n = 1 ",
      "app==x,n!=0",
    ].map((selector) => labels(selector)),
  ],
  "label selectors that cannot be read": [
    ...four,
    ...[
      "n in 0",
      "n notin",
      "n in (0",
      "n in (0))",
      "!",
      "!!n",
      ",",
      "n,",
      ",n",
      "n=1,,app",
      "n>x",
      "n>",
      "n in (a b)",
      "a/b/c=x",
      "-a=x",
      "n=-",
      "n=a/b",
      `n=${"x".repeat(64)}`,
      "x.y/=1",
      "n = = 1",
      "n ! 1",
      "(n)",
      "n=1;m=2",
      "'n'=1",
      "n in (-x)",
    ].map((selector) => labels(selector)),
  ],
  "field selectors by name and namespace": [
    ...four,
    ...[
      "metadata.name=a",
      "metadata.name==b",
      "metadata.name!=a",
      "metadata.name=a,metadata.name=b",
      "metadata.namespace=other",
      "metadata.namespace!={ns}",
      "metadata.name=a,metadata.namespace={ns}",
      "metadata.name=",
      "metadata.name=a,",
      ",",
      "metadata.name=A_b",
    ].map((selector) => fields(selector)),
  ],
  "a list of all namespaces by field and label": [
    ...four,
    fields("metadata.namespace={ns}", "/apis/conform.roster.dev/v1/widgets"),
    fields("metadata.namespace={ns},metadata.name=b", "/apis/conform.roster.dev/v1/widgets"),
    fields("metadata.namespace={ns},spec.color=red", "/apis/conform.roster.dev/v1/widgets"),
  ],
  "pages of one namespace out of all": [
    ...four,
    get("/apis/conform.roster.dev/v1/widgets?fieldSelector=metadata.namespace%3D{ns}&limit=2", {
      save: { next: "metadata.continue" },
      pick: [...names, "metadata.continue"],
    }),
    get("/apis/conform.roster.dev/v1/widgets?fieldSelector=metadata.namespace%3D{ns}&limit=2&continue={next}", {
      pick: [...names, "metadata.continue"],
    }),
  ],
  "version 0 ignores the limit": [
    ...four,
    list("limit=1&resourceVersion=0"),
    list("limit=1&resourceVersion=0&labelSelector=n%3D1"),
  ],
  "field selectors that nobody serves": [
    ...[
      "spec.mode=auto",
      "status.phase=New",
      "metadata.labels=x",
      "metadata.uid=x",
      "metadata.name>a",
      "metadata.name",
      "=a",
      "a=b=c",
      "a\\=b=c",
    ].map((selector) => fields(selector)),
    ...["data=x", "metadata.uid=x", "immutable=true"].map((selector) => fields(selector, configMapsPath)),
    ...["data=x", "immutable=true"].map((selector) => fields(selector, secretsPath)),
    ...["spec.x=x"].map((selector) => fields(selector, gadgetsPath)),
    ...["spec.finalizers=x", "status=Active"].map((selector) => fields(selector, "/api/v1/namespaces")),
    ...["rules=x"].map((selector) => fields(selector, "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles")),
    ...["spec.holderIdentity=x"].map((selector) =>
      fields(selector, "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases"),
    ),
    ...["secrets=x"].map((selector) => fields(selector, "/api/v1/namespaces/{ns}/serviceaccounts")),
    ...["spec.group=x"].map((selector) => fields(selector, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")),
    ...["spec.policyName=x"].map((selector) =>
      fields(selector, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"),
    ),
  ],
  "namespaces by phase": [
    fields("metadata.name={ns},status.phase=Active", "/api/v1/namespaces"),
    fields("metadata.name={ns},status.phase=Terminating", "/api/v1/namespaces"),
    fields("metadata.name={ns},name={ns}", "/api/v1/namespaces"),
    fields("name={ns}", "/api/v1/namespaces"),
    labels("kubernetes.io/metadata.name={ns}", "/api/v1/namespaces"),
  ],
  "a table with and without headers and objects": [
    ...four,
    ...["", "includeObject=None", "includeObject=Metadata", "includeObject=Object", "includeObject=Some"].map((query) =>
      get(`${widgetsPath}?limit=1&${query}`, { accept: table }),
    ),
    get(`${widgetsPath}?limit=1&noHeaders=true`, { accept: table, pick: ["kind", "columnDefinitions", "code"] }),
    get(`${widgetsPath}/a?includeObject=Object`, { accept: table, pick: ["rows.0.object.kind", "rows.0.cells.0"] }),
    get(`${widgetsPath}?includeObject=None`, { pick: ["kind", "items.0.kind"] }),
  ],
  "a table of what is being deleted or empty": [
    get(widgetsPath, { accept: table }),
    post(widgetsPath, widget("a", {}, { finalizers: ["conform.roster.dev/x"] }), { pick: ["metadata.name"] }),
    del(`${widgetsPath}/a`, undefined, { accept: table }),
    get(widgetsPath, { accept: table }),
    mergePatch(`${widgetsPath}/a`, { metadata: { finalizers: null } }, { accept: table }),
  ],
  "tables in older and unknown versions": [
    ...four,
    get(`${widgetsPath}/a`, { accept: "application/json;as=Table;v=v1beta1;g=meta.k8s.io" }),
    get(`${widgetsPath}/a`, { accept: "application/json;as=Table;v=v2;g=meta.k8s.io", ...failed }),
    get(`${widgetsPath}/a`, { accept: "application/json;as=Table;g=meta.k8s.io", ...failed }),
    get(`${widgetsPath}/a`, { accept: "application/json;as=Table;v=v1;g=other.io", ...failed }),
    get(`${widgetsPath}/a`, { accept: "application/json;as=Chair;v=v1;g=meta.k8s.io", ...failed }),
    get(`${widgetsPath}/a`, {
      accept: "application/json;as=Chair;v=v1;g=meta.k8s.io,application/json",
      pick: ["kind"],
    }),
  ],
  "metadata of lists and of one": [
    ...four,
    get(`${widgetsPath}?limit=2`, { accept: metadataList }),
    get(`${widgetsPath}/a`, { accept: metadataList, pick: ["kind", "code", "reason", "message"] }),
    get(widgetsPath, {
      accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
      pick: ["kind", "code", "reason", "message", "items.0.kind"],
    }),
    get(`${widgetsPath}/a`, { accept: "application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io" }),
    get(`${widgetsPath}/nope`, { accept: metadataList }),
    post(configMapsPath, configMap("a"), { pick: ["data"] }),
    get(`${configMapsPath}/a`, { accept: metadataList }),
    get(configMapsPath, { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" }),
    get("/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles", {
      accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    }),
    get("/apis/coordination.k8s.io/v1/namespaces/{ns}/leases", {
      accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    }),
    get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.conform.roster.dev", { accept: metadataList }),
  ],
  "answers in YAML": [
    post(configMapsPath, configMap("a", { x: "1", on: "yes", multi: "a\nb\n", empty: "" }, { uid: "x" }), {
      pick: ["data"],
    }),
    get(`${configMapsPath}/a`, { accept: "application/yaml", shows: ["content-type"] }),
    get(`${configMapsPath}/nope`, { accept: "application/yaml", shows: ["content-type"] }),
    get(`${widgetsPath}/nope`, { accept: "application/yaml", shows: ["content-type"] }),
    get(widgetsPath, { accept: "application/yaml", shows: ["content-type"] }),
    get("/version", { accept: "application/yaml", shows: ["content-type"] }),
    get("/api", { accept: "application/yaml", shows: ["content-type"], pick: ["kind"] }),
  ],
};
