import { sha256 } from "../../lib/ids.ts";
import {
  aggregated,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  namedGroups,
} from "../discovery/documents.ts";
import { checkAccepted, findRepresentation, negotiate, parseMedia, producedTypes } from "../http/media.ts";
import { send, sendText, toYaml } from "../http/respond.ts";
import { openApiDocument, openApiIndex, openApiVersionTwo } from "../openapi/documents.ts";
import { encodeOpenApi } from "../openapi/protobuf.ts";
import type { Api, Call } from "./api.ts";
import { missing, notAllowed } from "./resource.ts";

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
  if (health.has(call.info.path)) return healthy(call, path, api.store.writable);
  if (request.method !== "GET" && !answersAny(api, path)) {
    if (known(api, path)) throw notAllowed();
    return nothing(call);
  }
  if (path === "/version") return version(call);
  if (path === "/") return send(response, 200, { paths: rootPaths(api) });
  if (path === "/api" || path === "/apis") return root(api, call, address, path === "/api");
  if (path === "/openapi/v2" && prefersProtobuf(request.headers.accept)) {
    return sendDocument(call, versionTwoBytes(api), protobufTypes[1]);
  }
  const document = cached(api, path);
  if (!document) return nothing(call);
  if (path.startsWith("/openapi/")) return sendDocument(call, document, path === "/openapi/v3" ? indexType : undefined);
  if (path === "/api/v1" || isBuiltIn(api, path)) checkAccepted(request.headers.accept, producedTypes);
  const { yaml } = negotiate(request.headers.accept, "plain");
  send(response, 200, document.bytes, { yaml });
}

/** The resources of a group version that has routes of its own. */
function isBuiltIn({ registry }: Api, path: string): boolean {
  const [, , group = "", version] = path.split("/");
  return version !== undefined && !registry.all().some((kind) => kind.custom && kind.group === group);
}

// As kube-apiserver labels its index, for whatever reason.
const indexType = "text/plain; charset=utf-8";

/** Some routes look at the path alone. */
function answersAny({ registry }: Api, path: string): boolean {
  const group = path.match(/^\/apis\/([^/]+)/)?.[1];
  return (
    path === "/apis" || (group !== undefined && registry.all().some((kind) => kind.custom && kind.group === group))
  );
}

function nothing({ info, response }: Call): void {
  if (/^\/api\/[^/]+\/?$/.test(info.path)) throw missing();
  sendText(response, 404, info.path.startsWith("/openapi/v3/") ? "" : "404 page not found\n");
}

function healthy({ query, response }: Call, path: string, writable: boolean): void {
  const { code, text } = healthOf(path, writable, query.has("verbose"));
  sendText(response, code, text);
}

/** What a health route answers; whatever fails is named also to those who did not ask for more words. */
export function healthOf(path: string, writable: boolean, verbose: boolean): { code: number; text: string } {
  if (path.endsWith("/ping") || (writable && !verbose)) return { code: 200, text: "ok" };
  const check = path.slice(1);
  if (writable) return { code: 200, text: `[+]ping ok\n[+]storage ok\n${check} check passed\n` };
  return { code: 500, text: `[+]ping ok\n[-]storage failed: reason withheld\n${check} check failed\n` };
}

// Its route writes JSON alone.
function version({ request, response }: Call): void {
  checkAccepted(request.headers.accept, ["application/json"]);
  send(response, 200, versionInfo);
}

// As clients ask for it, and as servers name it.
const protobufTypes = [
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
] as const;

function prefersProtobuf(accept = ""): boolean {
  const types = accept.split(",").map((part) => parseMedia(part).type);
  const wanted = types.find((type) => ["application/json", "application/*", "*/*", ...protobufTypes].includes(type));
  return wanted !== undefined && (protobufTypes as readonly string[]).includes(wanted);
}

function versionTwoBytes(api: Api): Document {
  const { made } = cacheOf(api);
  const key = "/openapi/v2 as protobuf";
  const document = made.get(key) ?? toDocument(encodeOpenApi(openApiVersionTwo(api.registry)));
  made.set(key, document);
  return document;
}

function sendDocument({ request, response }: Call, { bytes, etag }: Document, type?: string, cache?: string): void {
  response.setHeader("Etag", etag);
  // The index looks at no header.
  if (type !== indexType) response.setHeader("Vary", "Accept");
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304).end();
    return;
  }
  send(response, 200, bytes, { ...(type ? { type } : {}), ...(cache ? { cache } : {}) });
}

function known(api: Api, path: string): boolean {
  return health.has(path) || ["/version", "/", "/api", "/apis"].includes(path) || cached(api, path) !== undefined;
}

async function root(api: Api, call: Call, address: string, core: boolean): Promise<void> {
  const { response } = call;
  const { accept } = call.request.headers;
  // Whoever knows the aggregated form gets it, whatever else is preferred.
  const wanted = findRepresentation(accept, "discovery");
  if (wanted?.as === "discovery") {
    const { version, yaml } = wanted;
    const content = aggregated(api.registry, core, version);
    const media = `application/${yaml ? "yaml" : "json"};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    return sendDocument(call, toDocument(yaml ? Buffer.from(toYaml(content)) : content), media, "public");
  }
  if (core) checkAccepted(accept, producedTypes);
  const { yaml } = negotiate(accept, "plain");
  send(response, 200, core ? apiVersions(address) : apiGroupList(api.registry), { yaml });
}

function cacheOf(api: Api): { readonly made: Map<string, Document> } {
  const cache = documents.get(api.registry);
  if (cache?.generation === api.registry.generation) return cache;
  const fresh = { generation: api.registry.generation, made: new Map<string, Document>() };
  documents.set(api.registry, fresh);
  return fresh;
}

function cached(api: Api, path: string): Document | undefined {
  const cache = cacheOf(api);
  const found = cache.made.get(path);
  if (found) return found;
  const object = documentAt(api, path);
  if (!object) return undefined;
  // Only what exists is kept, or made-up paths would fill the memory.
  const document = toDocument(object);
  cache.made.set(path, document);
  return document;
}

function toDocument(content: object | Buffer): Document {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  return { bytes, etag: `"${sha256(bytes).toUpperCase()}"` };
}

function documentAt(api: Api, path: string): object | undefined {
  const { registry } = api;
  if (path === "/openapi/v3") return openApiIndex(registry, (one) => cached(api, one)?.etag.slice(1, -1) ?? "");
  if (path === "/openapi/v2") return openApiVersionTwo(registry);
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
  return [
    "/api",
    "/api/v1",
    "/apis",
    ...groups.sort(),
    "/healthz",
    "/livez",
    "/openapi/v2",
    "/openapi/v3",
    "/readyz",
    "/version",
  ];
}
