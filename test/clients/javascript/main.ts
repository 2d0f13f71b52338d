import { once } from "node:events";
import process from "node:process";
import {
  ApiException,
  AuthorizationV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
  VersionApi,
  Watch,
} from "@kubernetes/client-node";

// What programs do with @kubernetes/client-node; prints what came of it: the same lines on every server.
interface Widget extends KubernetesObject {
  readonly spec?: object;
  readonly status?: object;
}

const [, , namespace = ""] = process.argv;
const config = new KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(CoreV1Api);
const custom = config.makeApiClient(CustomObjectsApi);
const objects = KubernetesObjectApi.makeApiClient(config);
const widgets = { group: "conform.roster.dev", version: "v1", namespace, plural: "widgets" };
const path = `/apis/conform.roster.dev/v1/namespaces/${namespace}/widgets`;

// Keys come in the order in which a server keeps them.
const sorted = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value, sorted));
const print = (...values: readonly unknown[]) => process.stdout.write(`${values.map(shown).join(" ")}\n`);
const widget = (name: string, size: number): Widget => ({
  apiVersion: "conform.roster.dev/v1",
  kind: "Widget",
  metadata: { name, namespace, labels: { app: "js" } },
  spec: { size },
});

/** Prints what a call failed with. */
async function refused(what: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
    print(what, "was not refused");
  } catch (thrown) {
    if (!(thrown instanceof ApiException)) throw thrown;
    const status = (typeof thrown.body === "string" ? JSON.parse(thrown.body) : thrown.body) as {
      reason?: string;
      message?: string;
    };
    print(what, thrown.code, status.reason, status.message);
  }
}

async function typed(): Promise<void> {
  const version = await config.makeApiClient(VersionApi).getCode();
  print("version", version.major);
  const body = { metadata: { name: "js" }, data: { a: "b" } };
  const made = await core.createNamespacedConfigMap({ namespace, body, fieldManager: "js" });
  print(
    "created",
    made.data,
    made.metadata?.creationTimestamp instanceof Date,
    made.metadata?.managedFields?.[0]?.manager,
  );
  await refused("again", core.createNamespacedConfigMap({ namespace, body }));
  const replaced = await core.replaceNamespacedConfigMap({
    name: "js",
    namespace,
    body: { ...made, data: { a: "c" } },
  });
  print("replaced", replaced.data);
  await refused("stale", core.replaceNamespacedConfigMap({ name: "js", namespace, body: made }));
  const patched = await core.patchNamespacedConfigMap(
    { name: "js", namespace, body: [{ op: "add", path: "/data/x", value: "y" }] },
    setHeaderOptions("Content-Type", PatchStrategy.JsonPatch),
  );
  print("patched", patched.data);
  const listed = await core.listNamespacedConfigMap({ namespace, fieldSelector: "metadata.name=js", limit: 1 });
  print("listed", listed.items.length);
  const secret = { metadata: { name: "js" }, stringData: { p: "q" } };
  print("secret", (await core.createNamespacedSecret({ namespace, body: secret })).data);
  await refused("none", core.readNamespacedConfigMap({ name: "none", namespace }));
  const leases = config.makeApiClient(CoordinationV1Api);
  const spec = { holderIdentity: "js", leaseDurationSeconds: 5, renewTime: new V1MicroTime() };
  const lease = await leases.createNamespacedLease({ namespace, body: { metadata: { name: "js" }, spec } });
  print("lease", lease.spec?.holderIdentity, lease.spec?.renewTime instanceof Date);
  const review = { spec: { resourceAttributes: { verb: "get", resource: "secrets", namespace } } };
  const answer = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({ body: review });
  print("allowed", answer.status?.allowed);
  await core.deleteNamespacedConfigMap({ name: "js", namespace, body: { propagationPolicy: "Foreground" } });
}

async function customObjects(): Promise<void> {
  const made = (await custom.createNamespacedCustomObject({ ...widgets, body: widget("a", 1) })) as Widget;
  print("created", made.spec);
  await refused("too large", custom.createNamespacedCustomObject({ ...widgets, body: widget("b", 1000) }));
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const patch = { ...widgets, name: "a" };
  const patched = (await custom.patchNamespacedCustomObject(
    { ...patch, body: { spec: { size: 2 } } },
    merge,
  )) as Widget;
  print("patched", patched.spec, patched.metadata?.generation);
  const status = { ...patch, body: { status: { phase: "Done" } } };
  const done = (await custom.patchNamespacedCustomObjectStatus(status, merge)) as Widget;
  print("status", done.status);
  const list = (await custom.listNamespacedCustomObject({ ...widgets, labelSelector: "app=js" })) as {
    items: unknown[];
  };
  print("listed", list.items.length);
  print("scale", ((await custom.getNamespacedCustomObjectScale(patch)) as Widget).spec);
}

async function applied(): Promise<void> {
  const apply = (object: Widget, manager: string, force = false) =>
    objects.patch(object, undefined, undefined, manager, force, PatchStrategy.ServerSideApply);
  const made = (await apply(widget("applied", 1), "one")) as Widget;
  print("applied", made.spec);
  await refused("another's field", apply(widget("applied", 2), "two"));
  print("forced", ((await apply(widget("applied", 2), "two", true)) as Widget).spec);
  const found = await objects.list(
    "conform.roster.dev/v1",
    "Widget",
    namespace,
    undefined,
    undefined,
    undefined,
    "spec.color=red",
  );
  print("by field", found.items.length);
  print("read", (await objects.read({ apiVersion: "v1", kind: "Secret", metadata: { name: "js", namespace } })).kind);
  const gone = await objects.delete(widget("applied", 2), undefined, undefined, 0, undefined, "Background");
  print("deleted", gone.kind);
}

async function watched(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const abort = await new Watch(config).watch(
    path,
    { labelSelector: "app=js", allowWatchBookmarks: true },
    (type: string, object: Widget) => {
      // When bookmarks come is the server's business.
      if (type === "BOOKMARK") return;
      print("watched", type, object.metadata?.name);
      if (type === "DELETED") resolve();
    },
    () => {},
  );
  await custom.createNamespacedCustomObject({ ...widgets, body: widget("watched", 1) });
  await custom.deleteNamespacedCustomObject({ ...widgets, name: "watched", body: { propagationPolicy: "Background" } });
  await promise;
  abort.abort();
}

async function informed(): Promise<void> {
  const list = () => objects.list<Widget>("conform.roster.dev/v1", "Widget", namespace);
  const informer = makeInformer(config, path, list as never, "app=js");
  const heard = new EventTarget();
  for (const verb of ["add", "update", "delete"] as const) {
    informer.on(verb as never, (object: Widget) => {
      print("informed", verb, object.metadata?.name);
      heard.dispatchEvent(new Event(`${verb} ${object.metadata?.name}`));
    });
  }
  const first = once(heard, "add a");
  await informer.start();
  await first;
  const added = once(heard, "add informed");
  await objects.create(widget("informed", 1) as never);
  await added;
  const removed = once(heard, "delete informed");
  await objects.delete(widget("informed", 1) as never);
  await removed;
  print(
    "cached",
    informer.list().map(({ metadata }) => metadata?.name),
  );
  await informer.stop();
}

for (const [name, part] of Object.entries({ typed, customObjects, applied, watched, informed })) {
  print(`## ${name}`);
  await part();
}
process.exit(0);
