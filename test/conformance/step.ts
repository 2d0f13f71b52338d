/** One request of a sequence. Strings may hold `{ns}` and what earlier steps saved, such as `{rv}`. */
export interface Step {
  readonly method: "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** Sent as it is instead of `body` as JSON. */
  readonly text?: string;
  readonly type?: string;
  readonly accept?: string;
  /** Who asks; the administrator by default, `nobody` without credentials, `forger` with a token that is nobody's. */
  readonly as?: "ana" | "bob" | "nobody" | "forger";
  /** Asks with this user's client certificate instead of a token. */
  readonly certificate?: CertificateUser;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of the answer to compare as well. */
  readonly shows?: readonly string[];
  /** The answer is a watch, open while these steps run; it ends after so many lines, the first that holds a text, or with the server. */
  readonly watch?: {
    readonly during?: readonly Step[];
    /** The steps wait for a line that holds this. */
    readonly ready?: string;
    readonly lines?: number;
    readonly last?: string;
  };
  /** Names for later steps, with a path into the answer (`metadata.uid`). */
  readonly save?: Readonly<Record<string, string>>;
  /**
   * Asks again until the answer has this status, or something at this path: for what controllers do in their own time.
   * Only the last answer is kept.
   */
  readonly until?: number | string;
  /** Asks again until the answer has been the same for so many milliseconds: for what controllers may still change. */
  readonly settled?: number;
  /** False: the patched object that a refusal repeats is left out of the comparison. */
  readonly echo?: boolean;
  /** Parts of the answer (of each line of a watch) to compare; all of it by default. */
  readonly pick?: readonly string[];
}

/** Users who have a client certificate on both servers. */
export type CertificateUser = "carl" | "root";

/** A named list of requests whose answers must be the same on both servers. */
export type Sequences = Readonly<Record<string, readonly Step[]>>;

type More = Partial<Omit<Step, "method" | "path">>;

export const get = (path: string, more: More = {}): Step => ({ method: "GET", path, ...more });
/** Watches `path`; its query may hold more. Lines are compared in order, those of its own time (bookmarks) included. */
export const watch = (
  path: string,
  watching: NonNullable<Step["watch"]> = {},
  more: Omit<More, "watch"> & { query?: string } = {},
): Step => {
  const { query = "", ...rest } = more;
  return { method: "GET", path: `${path}?watch=true${query}`, watch: watching, ...rest };
};
export const post = (path: string, body: unknown, more: More = {}): Step => ({ method: "POST", path, body, ...more });
export const put = (path: string, body: unknown, more: More = {}): Step => ({ method: "PUT", path, body, ...more });
export const del = (path: string, body?: unknown, more: More = {}): Step => ({
  method: "DELETE",
  path,
  ...(body === undefined ? {} : { body }),
  ...more,
});
const patch =
  (type: string) =>
  (path: string, body: unknown, more: More = {}): Step => ({ method: "PATCH", path, body, type, ...more });
export const mergePatch = patch("application/merge-patch+json");
export const jsonPatch = patch("application/json-patch+json");
export const strategicPatch = patch("application/strategic-merge-patch+json");

/** Server-side apply; the query may hold more, such as `&force=true`. */
export const apply = (path: string, manager: string, body: unknown, more: More & { query?: string } = {}): Step => {
  const { query = "", ...rest } = more;
  return {
    method: "PATCH",
    path: `${path}?fieldManager=${manager}${query}`,
    body,
    type: "application/apply-patch+yaml",
    ...rest,
  };
};

export const table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

export const widgetsPath = "/apis/conform.roster.dev/v1/namespaces/{ns}/widgets";
export const gadgetsPath = "/apis/conform.roster.dev/v1/gadgets";
export const configMapsPath = "/api/v1/namespaces/{ns}/configmaps";
export const secretsPath = "/api/v1/namespaces/{ns}/secrets";

export const widget = (name: string, spec: object = {}, metadata: object = {}, more: object = {}): object => ({
  apiVersion: "conform.roster.dev/v1",
  kind: "Widget",
  metadata: { name, ...metadata },
  spec: { size: 1, ...spec },
  ...more,
});

export const gadget = (name: string, more: object = {}, metadata: object = {}): object => ({
  apiVersion: "conform.roster.dev/v1",
  kind: "Gadget",
  metadata: { name, ...metadata },
  ...more,
});

export const configMap = (name: string, data: object = {}, metadata: object = {}, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
  ...more,
});
