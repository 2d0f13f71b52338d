import type { IncomingMessage } from "node:http";
import type { RequestInfo } from "../http/request-info.ts";
import { badRequest } from "../http/status.ts";
import type { Api, Attributes, User } from "../rest/api.ts";
import { withAuthenticated } from "./authenticate.ts";
import { attributesOf, refusal } from "./authorize.ts";

const extraPrefix = "impersonate-extra-";
const unauthenticated = "system:unauthenticated";

/** Whom a request wants to act as. */
export interface Wanted {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** One request that wants to act as somebody. */
interface Question {
  readonly api: Api;
  readonly caller: User;
  readonly wanted: Wanted;
  /** Of the request itself, which constrained rights name. */
  readonly attributes: Attributes;
}

/** Throws 403 where the caller may not; false where this way is not for such a user. */
type Mode = (question: Question) => boolean;

// Which mode a user last came through is tried first next time, as on a cluster: its refusal is the one that is told.
const lastModes = new WeakMap<object, Map<string, Mode>>();
const maxRemembered = 1_000;

/**
 * The user that a request acts as: another one where Impersonate headers ask for it and the caller may, by the verb
 * `impersonate` for that user, each group and each extra, or by the constrained verbs of KEP-5284. Throws 400 and 403.
 */
export function impersonate(
  api: Api,
  request: IncomingMessage,
  info: RequestInfo,
  query: URLSearchParams,
  caller: User,
): User {
  const wanted = readWanted(request);
  if (!wanted) return caller;
  check({ api, caller, wanted, attributes: attributesOf(info, caller, query) });
  const { name, uid, extra } = wanted;
  const account = accountOf(name);
  const implied =
    account && wanted.groups.length === 0
      ? ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`]
      : [];
  const user: User = {
    name,
    groups: [...wanted.groups, ...implied],
    ...(uid ? { uid } : {}),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
  if (user.groups.includes(unauthenticated)) return user;
  return name === "system:anonymous" ? { ...user, groups: [...user.groups, unauthenticated] } : withAuthenticated(user);
}

function readWanted(request: IncomingMessage): Wanted | undefined {
  const { headers } = request;
  const extras = Object.keys(headers).filter((key) => key.startsWith(extraPrefix));
  const wanted: Wanted = {
    name: single(headers["impersonate-user"]),
    uid: single(headers["impersonate-uid"]),
    groups: all(request, "impersonate-group"),
    extra: Object.fromEntries(
      extras.map((header) => [unescapeKey(header.slice(extraPrefix.length)), all(request, header)]),
    ),
  };
  if (wanted.name) return wanted;
  if (wanted.groups.length === 0 && !wanted.uid && extras.length === 0) return undefined;
  throw badRequest(`requested ${showWanted(wanted)} without impersonating a user name`);
}

/** The key of an extra as Go's `url.PathUnescape` reads it, byte by byte; one with a malformed escape as it came. */
function unescapeKey(key: string): string {
  if (/%(?![0-9a-f]{2})/i.test(key)) return key;
  const bytes = key.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}

function check(question: Question): void {
  const { api, caller } = question;
  const remembered = lastModes.get(api) ?? new Map<string, Mode>();
  lastModes.set(api, remembered);
  const last = remembered.get(caller.name);
  let refused: unknown;
  for (const mode of last ? [last, ...modes.filter((one) => one !== last)] : modes) {
    try {
      if (!mode(question)) continue;
      if (remembered.size >= maxRemembered) remembered.clear();
      remembered.set(caller.name, mode);
      return;
    } catch (error) {
      refused ??= error;
    }
  }
  throw refused;
}

/** A ServiceAccount alone: `impersonate:serviceaccount` for it, `impersonate-on:serviceaccount:VERB` for the request. */
const asAccount: Mode = (question) => {
  const { wanted } = question;
  const account = accountOf(wanted.name);
  if (!account || wanted.uid || wanted.groups.length > 0 || Object.keys(wanted.extra).length > 0) return false;
  askOn(question, "serviceaccount");
  ask(question, { ...constrained("serviceaccount"), resource: "serviceaccounts", ...account });
  return true;
};

/** Any other user: `impersonate:user-info` for each part, `impersonate-on:user-info:VERB` for the request. */
const asUser: Mode = (question) => {
  const { wanted } = question;
  if (accountOf(wanted.name) || wanted.name.startsWith("system:node:")) return false;
  askOn(question, "user-info");
  const common = constrained("user-info");
  ask(question, { ...common, resource: "users", name: wanted.name });
  askParts(question, common, common.group);
  return true;
};

/** By `impersonate`, for whatever request. */
const asBefore: Mode = (question) => {
  const { wanted } = question;
  const account = accountOf(wanted.name);
  const common = { verb: "impersonate", group: "", version: "v1" };
  if (account) ask(question, { ...common, resource: "serviceaccounts", ...account });
  else ask(question, { ...common, resource: "users", name: wanted.name });
  askParts(question, common, "");
  return true;
};

const modes: readonly Mode[] = [asAccount, asUser, asBefore];

const authentication = "authentication.k8s.io";
const constrained = (mode: string) => ({ verb: `impersonate:${mode}`, group: authentication, version: "v1" });

function askParts(question: Question, common: Pick<Attributes, "verb" | "version">, groupOfGroups: string): void {
  const { groups, uid, extra } = question.wanted;
  for (const name of groups) ask(question, { ...common, group: groupOfGroups, resource: "groups", name });
  const parts = { ...common, group: authentication };
  if (uid) ask(question, { ...parts, resource: "uids", name: uid });
  for (const [key, values] of Object.entries(extra)) {
    for (const name of values) ask(question, { ...parts, resource: "userextras", subresource: key, name });
  }
}

function askOn(question: Question, mode: string): void {
  const { user: _caller, verb, ...rest } = question.attributes;
  ask(question, { ...rest, verb: `impersonate-on:${mode}:${verb}` });
}

function ask({ api, caller }: Question, attributes: Omit<Attributes, "user">): void {
  const full: Attributes = { ...attributes, user: caller };
  const decision = api.authorizer.decide(full);
  if (!decision.allowed) throw refusal(full, decision);
}

function accountOf(user: string): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace, name] = user.match(/^system:serviceaccount:([^:]+):([^:]+)$/) ?? [];
  return namespace && name ? { namespace, name } : undefined;
}

function single(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? "";
}

function all(request: IncomingMessage, name: string): string[] {
  const found: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]!.toLowerCase() === name) found.push(request.rawHeaders[index + 1]!);
  }
  return found;
}

/** A user as Go's %#v prints one. */
function showWanted({ name, uid, groups, extra }: Wanted): string {
  const list = (items: readonly string[]) =>
    items.length > 0 ? `[]string{${items.map((item) => JSON.stringify(item)).join(", ")}}` : "[]string(nil)";
  const pairs = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:${list(values)}`);
  const map = pairs.length > 0 ? `map[string][]string{${pairs.join(", ")}}` : "map[string][]string(nil)";
  return `&user.DefaultInfo{Name:${JSON.stringify(name)}, UID:${JSON.stringify(uid)}, Groups:${list(groups)}, Extra:${map}}`;
}
