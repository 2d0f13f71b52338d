import type { KindRef } from "../api/kinds.ts";
import type { Resource, Stored } from "../api/resource.ts";

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Page size; the client follows `continue` until the list is complete. */
  readonly pageSize?: number;
}

export interface WatchOptions extends ListOptions {
  readonly resourceVersion?: string;
  readonly signal: AbortSignal;
}

export type WatchEvent<O extends Resource = Resource> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Stored<O> }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  /** What the server does about unknown and duplicate fields; its own default otherwise. */
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
}

/**
 * One connection to one Kubernetes API as one identity. Each method throws a `Problem` whose reason is NotFound,
 * Conflict, Forbidden, Unauthenticated, InvalidRequest (422/400, message from the server's Status), TooLarge or
 * KubeUnavailable, with `details.status` (HTTP) and `details.code` (the Status reason). Nothing is retried here.
 */
export interface KubeClient extends AsyncDisposable {
  readonly server: string;
  get<O extends Resource>(kind: KindRef, name: string, namespace?: string): Promise<Stored<O>>;
  find<O extends Resource>(kind: KindRef, name: string, namespace?: string): Promise<Stored<O> | undefined>;
  list<O extends Resource>(
    kind: KindRef,
    options?: ListOptions,
  ): Promise<{ readonly items: readonly Stored<O>[]; readonly resourceVersion: string }>;
  /** Ends when the signal aborts (normally), or throws: `details.status === 410` means list again. */
  watch<O extends Resource>(kind: KindRef, options: WatchOptions): AsyncIterable<WatchEvent<O>>;
  create<O extends Resource>(kind: KindRef, object: O, options?: WriteOptions): Promise<Stored<O>>;
  replace<O extends Resource>(kind: KindRef, object: O, options?: WriteOptions): Promise<Stored<O>>;
  replaceStatus<O extends Resource>(kind: KindRef, object: O, options?: WriteOptions): Promise<Stored<O>>;
  /** Server-side apply. */
  apply<O extends Resource>(
    kind: KindRef,
    object: O,
    options: WriteOptions & {
      readonly fieldManager: string;
      readonly force?: boolean;
      readonly subresource?: "status";
    },
  ): Promise<Stored<O>>;
  mergePatch<O extends Resource>(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    patch: unknown,
    options?: WriteOptions & { readonly subresource?: "status" },
  ): Promise<Stored<O>>;
  /** RFC 6902, applied to whatever version there is: what must hold is said by `test`. A test that fails is InvalidRequest (422). */
  jsonPatch<O extends Resource>(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    operations: readonly JsonPatchOperation[],
    options?: WriteOptions & { readonly subresource?: "status" },
  ): Promise<Stored<O>>;
  delete(
    kind: KindRef,
    name: string,
    namespace: string | undefined,
    options?: {
      readonly uid?: string;
      readonly resourceVersion?: string;
      readonly propagation?: "Background" | "Foreground" | "Orphan";
    },
  ): Promise<void>;
  /** Any other request, for discovery and reviews; answers parsed JSON. */
  raw<T>(method: string, path: string, body?: unknown, contentType?: string): Promise<T>;
}

export type JsonPatchOperation =
  | { readonly op: "test" | "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** How to reach an API: a kubeconfig (with context), explicit values, or the pod's ServiceAccount. */
export type Connection =
  | { readonly kubeconfig: string; readonly context?: string }
  | { readonly server: string; readonly caPem?: string; readonly token?: string }
  | { readonly inCluster: true };
