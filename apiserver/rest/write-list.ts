import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { send, setWarnings, toYaml } from "../http/respond.ts";
import { apiVersion, type ServedKind } from "../kinds/kind.ts";
import type { Entry } from "../store/entry.ts";
import { metadataOnly, tableHead, tableRow } from "../table/render.ts";
import type { Api, Call } from "./api.ts";
import type { Page } from "./list.ts";
import { itemBytes, toServed } from "./present.ts";
import { includeObjectOf, listRepresentationOf } from "./read.ts";

// A slice ends after this many objects or bytes; then the event loop runs other requests.
const slice = { objects: 250, bytes: 512 << 10 };
// What is written as YAML is parsed first: a hundred times the work.
const yamlSlice = { objects: 20, bytes: 64 << 10 };

/** Answers a page of entries in the representation that the client accepts, in slices. Throws 400 and 406. */
export async function respondPage(api: Api, call: Call, kind: ServedKind, { page, metadata }: Page): Promise<void> {
  const representation = listRepresentationOf(call, kind);
  const now = api.clock.now();
  if (representation.as === "table") {
    const { version, yaml } = representation;
    const include = includeObjectOf(call.query);
    const rows = (entry: Entry) => tableRow(kind, entry, now, include, version);
    return writeList(call, { head: tableHead(kind.columns, version, metadata), field: "rows", page, item: rows, yaml });
  }
  if (representation.as === "metadata") {
    const { version, yaml } = representation;
    const head = { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}`, metadata };
    const item = (entry: Entry) => JSON.stringify(metadataOnly(toServed(kind, entry), version));
    return writeList(call, { head, field: "items", page, item, yaml });
  }
  // Lists of custom kinds say that there is no more, others leave it out.
  const whole = kind.custom ? { continue: "", ...metadata } : metadata;
  const head = { kind: kind.listKind, apiVersion: apiVersion(kind), metadata: whole };
  const item = (entry: Entry) => itemBytes(kind, entry);
  return writeList(call, { head, field: "items", page, item, yaml: representation.yaml });
}

interface List {
  readonly head: object;
  /** What the objects are called. */
  readonly field: "items" | "rows";
  readonly page: readonly Entry[];
  /** The JSON of one of them. */
  readonly item: (entry: Entry) => Buffer | string;
  readonly yaml: boolean;
}

/** A document in parts: one after the other they are what it would be in one go. */
interface Form {
  readonly type: string;
  readonly open: string;
  readonly between: string;
  readonly close: string;
  one(entry: Entry): Buffer | string;
}

async function writeList(call: Call, list: List): Promise<void> {
  const { response, warnings } = call;
  if (response.destroyed || response.headersSent) return;
  const { page, yaml } = list;
  const form = yaml ? yamlForm(list) : jsonForm(list);
  const most = yaml ? yamlSlice : slice;
  let parts: (Buffer | string)[] = [form.open];
  let objects = 0;
  let bytes = 0;
  for (const [index, entry] of page.entries()) {
    if (index > 0) parts.push(form.between);
    const text = form.one(entry);
    parts.push(text);
    bytes += text.length;
    if (++objects < most.objects && bytes < most.bytes) continue;
    // What fits into one slice has its length told.
    if (index === page.length - 1) break;
    if (!response.headersSent) {
      setWarnings(response, warnings);
      response.writeHead(200, { "Content-Type": form.type, "Cache-Control": "no-cache, private" });
    }
    if (!(await writeSlice(response, parts))) return;
    parts = [];
    objects = 0;
    bytes = 0;
  }
  parts.push(form.close);
  if (response.headersSent) response.end(join(parts));
  else send(response, 200, join(parts), { warnings, type: form.type });
}

function jsonForm({ head, field, item }: List): Form {
  const open = `${JSON.stringify(head).slice(0, -1)},"${field}":[`;
  return { type: "application/json", open, between: ",", close: "]}\n", one: item };
}

function yamlForm({ head, field, page, item }: List): Form {
  const begin = `${field}:\n`;
  return {
    type: "application/yaml",
    open: toYaml(head) + (page.length > 0 ? begin : `${field}: []\n`),
    between: "",
    close: "",
    // In its place, since lines are folded by how far they are indented.
    one: (entry) => toYaml({ [field]: [JSON.parse(item(entry).toString())] }).slice(begin.length),
  };
}

const join = (parts: readonly (Buffer | string)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));

/** False when the client has gone. */
async function writeSlice(response: ServerResponse, parts: readonly (Buffer | string)[]): Promise<boolean> {
  if (response.destroyed) return false;
  if (!response.write(join(parts))) {
    // A long list waits often: each wait takes its listeners with it.
    using stack = new DisposableStack();
    const over = new AbortController();
    stack.defer(() => over.abort());
    const either = ["close", "drain"].map((event) => once(response, event, { signal: over.signal }));
    await Promise.race(either);
    return !response.destroyed;
  }
  await nextTurn();
  return !response.destroyed;
}
