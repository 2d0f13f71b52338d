import { isTrue } from "./query.ts";

/** What a request asks for, read from its method and URL alone, as Kubernetes' RequestInfo. */
export interface RequestInfo {
  readonly isResource: boolean;
  readonly path: string;
  /** get list watch create update patch delete deletecollection; the HTTP method in lower case for other paths. */
  readonly verb: string;
  /** The verb is a part of the path: such a watch is of nothing by name that its selector names. */
  readonly verbInPath: boolean;
  readonly prefix: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path segments after the subresource: such a path names nothing. */
  readonly extra: readonly string[];
}

const verbs: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const namespaceSubresources = new Set(["status", "finalize"]);

/** Reads a request. Never throws: what does not look like a resource is a plain path. */
export function readRequest(method: string, path: string, query: URLSearchParams): RequestInfo {
  const none = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    verbInPath: false,
    prefix: "",
    group: "",
    version: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    extra: [],
  };
  let parts = path.split("/").filter((part) => part !== "");
  const prefix = parts[0] ?? "";
  if ((prefix !== "api" && prefix !== "apis") || parts.length < 3) return none;
  const group = prefix === "api" ? "" : parts[1]!;
  const version = prefix === "api" ? parts[1]! : (parts[2] ?? "");
  parts = parts.slice(prefix === "api" ? 2 : 3);
  if (parts.length === 0 || version === "") return { ...none, prefix, group, version };
  let verb = verbs[method] ?? "";
  // The deprecated /watch/ prefix still means a watch.
  const verbInPath = parts[0] === "watch" && parts.length > 1;
  if (verbInPath) {
    verb = "watch";
    parts = parts.slice(1);
  }
  let namespace = "";
  if (parts[0] === "namespaces") {
    if (parts.length > 1) {
      namespace = parts[1]!;
      if (parts.length > 2 && !namespaceSubresources.has(parts[2]!)) parts = parts.slice(2);
    }
  }
  const [resource = "", name = "", subresource = "", ...extra] = parts;
  if (name === "" && verb === "get") verb = isTrue(query.get("watch")) ? "watch" : "list";
  if (name === "" && verb === "delete") verb = "deletecollection";
  return {
    isResource: true,
    path,
    verb,
    verbInPath,
    prefix,
    group,
    version,
    namespace,
    resource,
    subresource,
    name,
    extra,
  };
}
