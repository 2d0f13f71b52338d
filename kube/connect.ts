import { apiVersionOf, type KindRef } from "../api/kinds.ts";
import { problem } from "../api/reasons.ts";
import type { Resource, Stored } from "../api/resource.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { Problem } from "../lib/problem.ts";
import type { Connection, KubeClient, ListOptions, WriteOptions } from "./client.ts";
import { collectionPath, objectPath } from "./path.ts";
import { resolveTarget } from "./target.ts";
import { Transport } from "./transport.ts";
import { watchStream } from "./watch-stream.ts";

const defaultPageSize = 500;
// Watches end by themselves after a while, so that a balancer in between can move them.
const watchSeconds = 300;

/**
 * Opens a connection to one Kubernetes API as one identity. Nothing is sent yet. Throws InvalidRequest when the
 * kubeconfig is unreadable or incomplete, Unauthenticated when its credential helper fails.
 */
export async function connect(
  connection: Connection,
  options: { readonly log: Log; readonly clock: Clock; readonly userAgent: string },
): Promise<KubeClient> {
  const target = await resolveTarget(connection, options.clock);
  return overTransport(new Transport(target, options.userAgent));
}

function overTransport(transport: Transport): KubeClient {
  const query = (options: WriteOptions & { force?: boolean } = {}) => ({
    fieldManager: options.fieldManager,
    dryRun: options.dryRun ? "All" : undefined,
    force: options.force,
    fieldValidation: options.fieldValidation,
  });

  async function get<O extends Resource>(kind: KindRef, name: string, namespace?: string): Promise<Stored<O>> {
    return transport.json<Stored<O>>({ method: "GET", path: objectPath(kind, name, namespace) });
  }

  async function list<O extends Resource>(kind: KindRef, options: ListOptions = {}) {
    const pageSize = options.pageSize ?? defaultPageSize;
    try {
      return await listPages<O>(kind, options, pageSize);
    } catch (thrown) {
      // The revision of a long paged list was compacted away under us: take it in one piece.
      if (statusOf(thrown) === 410 && pageSize > 0) return listPages<O>(kind, options, 0);
      throw thrown;
    }
  }

  async function listPages<O extends Resource>(kind: KindRef, options: ListOptions, pageSize: number) {
    const items: Stored<O>[] = [];
    let token: string | undefined;
    for (;;) {
      const page = await transport.json<{
        readonly items?: readonly Stored<O>[];
        readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
      }>({
        method: "GET",
        path: collectionPath(kind, options.namespace),
        query: { ...selectors(options), limit: pageSize === 0 ? undefined : pageSize, continue: token },
      });
      // Items of a typed list carry neither apiVersion nor kind.
      for (const item of page.items ?? []) {
        items.push(item.kind ? item : { ...item, apiVersion: apiVersionOf(kind), kind: kind.kind });
      }
      token = page.metadata?.continue;
      if (!token) return { items, resourceVersion: page.metadata?.resourceVersion ?? "" };
    }
  }

  async function write<O extends Resource>(
    method: string,
    path: string,
    body: unknown,
    options?: WriteOptions & { force?: boolean },
    contentType?: string,
  ): Promise<Stored<O>> {
    return transport.json<Stored<O>>({
      method,
      path,
      body,
      query: query(options),
      ...(contentType === undefined ? {} : { contentType }),
    });
  }

  return {
    server: transport.server,
    get,
    list,
    async find<O extends Resource>(kind: KindRef, name: string, namespace?: string) {
      try {
        return await get<O>(kind, name, namespace);
      } catch (thrown) {
        if (statusOf(thrown) === 404) return undefined;
        throw thrown;
      }
    },
    watch(kind, options) {
      const call = {
        method: "GET",
        path: collectionPath(kind, options.namespace),
        query: {
          ...selectors(options),
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion: options.resourceVersion,
          timeoutSeconds: watchSeconds,
        },
      };
      return watchStream(transport, call, options.signal);
    },
    create: (kind, object, options) => write("POST", collectionPath(kind, object.metadata.namespace), object, options),
    replace: (kind, object, options) =>
      write("PUT", objectPath(kind, object.metadata.name, object.metadata.namespace), object, options),
    replaceStatus: (kind, object, options) =>
      write("PUT", objectPath(kind, object.metadata.name, object.metadata.namespace, "status"), object, options),
    apply: (kind, object, options) =>
      write(
        "PATCH",
        objectPath(kind, object.metadata.name, object.metadata.namespace, options.subresource),
        object,
        options,
        // JSON is YAML: one media type serves both.
        "application/apply-patch+yaml",
      ),
    mergePatch: (kind, name, namespace, patch, options) =>
      write(
        "PATCH",
        objectPath(kind, name, namespace, options?.subresource),
        patch,
        options,
        "application/merge-patch+json",
      ),
    jsonPatch: (kind, name, namespace, operations, options) =>
      write(
        "PATCH",
        objectPath(kind, name, namespace, options?.subresource),
        operations,
        options,
        "application/json-patch+json",
      ),
    async delete(kind, name, namespace, options = {}) {
      const preconditions = {
        ...(options.uid === undefined ? {} : { uid: options.uid }),
        ...(options.resourceVersion === undefined ? {} : { resourceVersion: options.resourceVersion }),
      };
      await transport.json({
        method: "DELETE",
        path: objectPath(kind, name, namespace),
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          propagationPolicy: options.propagation ?? "Background",
          ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
        },
      });
    },
    raw<T>(method: string, path: string, body?: unknown, contentType?: string) {
      if (!path.startsWith("/")) throw problem("InvalidRequest", `path "${path}" does not begin with "/"`);
      return transport.json<T>({
        method,
        path,
        ...(body === undefined ? {} : { body }),
        ...(contentType === undefined ? {} : { contentType }),
      });
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

function selectors(options: ListOptions): { labelSelector?: string | undefined; fieldSelector?: string | undefined } {
  return { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
}

/** The HTTP status of a `Problem` that a server's answer caused. */
export function statusOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Problem)) return undefined;
  const status = thrown.details.status;
  return typeof status === "number" ? status : undefined;
}
