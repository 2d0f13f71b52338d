import { sha256 } from "../../lib/ids.ts";
import {
  aggregated,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  namedGroups,
} from "../discovery/documents.ts";
import { negotiate, parseMedia } from "../http/media.ts";
import { send, sendText } from "../http/respond.ts";
import { failure } from "../http/status.ts";
import { openApiDocument, openApiIndex } from "../openapi/documents.ts";
import type { Api, Call } from "./api.ts";
import { notAllowed } from "./resource.ts";

/** The version that this server behaves like; `gitVersion` says that it is not the real one. */
const versionInfo = {
  major: "1",
  minor: "36",
  gitVersion: "v1.36.4+roster",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "node",
  platform: `${process.platform}/${process.arch}`,
};
const health = new Set(["/healthz", "/livez", "/readyz", "/healthz/ping", "/livez/ping", "/readyz/ping"]);
const discoveryForms: ReadonlySet<string> = new Set(["APIGroupDiscoveryList"]);
interface Document {
  readonly bytes: Buffer;
  /** Of the content: a client's cache outlives this process. */
  readonly etag: string;
}

// Documents by path, each for the generation of the registry that it was made from.
const documents = new WeakMap<object, { generation: number; made: Map<string, Document> }>();

/** Paths that are not resources: health, version, discovery, OpenAPI. */
export async function nonResource(api: Api, call: Call, address: string): Promise<void> {
  const { response, request } = call;
  const path = call.info.path.replace(/(.)\/$/, "$1");
  if (request.method !== "GET" && request.method !== "HEAD") {
    if (known(api, path)) throw notAllowed();
    return sendText(response, 404, "404 page not found\n");
  }
  if (health.has(path)) return sendText(response, 200, "ok");
  if (path === "/version") return version(call);
  if (path === "/") return send(response, 200, { paths: rootPaths(api) });
  if (path === "/api" || path === "/apis") return root(api, call, address, path === "/api");
  const document = cached(api, path);
  if (!document) return sendText(response, 404, "404 page not found\n");
  sendDocument(call, document);
}

// Its route writes JSON alone.
function version({ request, response }: Call): void {
  const [wanted] = (request.headers.accept ?? "*/*").split(",").flatMap((part) => parseMedia(part).type);
  if (!["application/json", "application/*", "*/*"].includes(wanted ?? "")) {
    throw failure(406, "NotAcceptable", "406: Not Acceptable\n\nAvailable representations: application/json", {});
  }
  send(response, 200, versionInfo);
}

function sendDocument({ request, response }: Call, { bytes, etag }: Document, type?: string): void {
  response.setHeader("Etag", etag);
  response.setHeader("Vary", "Accept");
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304).end();
    return;
  }
  send(response, 200, bytes, type ? { type } : {});
}

function known(api: Api, path: string): boolean {
  return health.has(path) || ["/version", "/", "/api", "/apis"].includes(path) || cached(api, path) !== undefined;
}

async function root(api: Api, call: Call, address: string, core: boolean): Promise<void> {
  const wanted = negotiate(call.request.headers.accept, discoveryForms);
  const { response } = call;
  response.setHeader("Vary", "Accept");
  if (wanted.as !== "discovery") {
    return send(response, 200, core ? apiVersions(address) : apiGroupList(api.registry), { yaml: wanted.yaml });
  }
  const type = `application/json;g=apidiscovery.k8s.io;v=${wanted.version};as=APIGroupDiscoveryList`;
  sendDocument(call, toDocument(aggregated(api.registry, core, wanted.version)), type);
}

function cached(api: Api, path: string): Document | undefined {
  let cache = documents.get(api.registry);
  if (cache?.generation !== api.registry.generation) {
    cache = { generation: api.registry.generation, made: new Map() };
    documents.set(api.registry, cache);
  }
  const found = cache.made.get(path);
  if (found) return found;
  const object = documentAt(api, path);
  if (!object) return undefined;
  // Only what exists is kept, or made-up paths would fill the memory.
  const document = toDocument(object);
  cache.made.set(path, document);
  return document;
}

function toDocument(object: object): Document {
  const bytes = Buffer.from(JSON.stringify(object));
  return { bytes, etag: `"${sha256(bytes).toUpperCase()}"` };
}

function documentAt(api: Api, path: string): object | undefined {
  const { registry } = api;
  if (path === "/openapi/v3") return openApiIndex(registry, (one) => cached(api, one)?.etag.slice(1, -1) ?? "");
  const [, openapi, prefix, group = "", version = ""] =
    path.match(/^(\/openapi\/v3)?\/(apis?)\/([^/]+)(?:\/([^/]+))?$/) ?? [];
  if (!prefix) return undefined;
  const [g, v] = prefix === "api" ? ["", group] : [group, version];
  if (prefix === "api" && version) return undefined;
  if (openapi) return v ? openApiDocument(registry, g, v) : undefined;
  return v ? apiResourceList(registry, g, v) : apiGroup(registry, g);
}

function rootPaths({ registry }: Api): string[] {
  const groups = namedGroups(registry).flatMap(({ group, versions }) => [
    `/apis/${group}`,
    ...versions.map((version) => `/apis/${group}/${version}`),
  ]);
  return ["/api", "/api/v1", "/apis", ...groups.sort(), "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"];
}
