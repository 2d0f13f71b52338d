import type { IncomingMessage } from "node:http";
import { badRequest } from "../http/status.ts";
import type { Api, Attributes, User } from "../rest/api.ts";
import { withAuthenticated } from "./authenticate.ts";
import { refusal } from "./authorize.ts";

const extraPrefix = "impersonate-extra-";

/**
 * The user that a request acts as: another one where Impersonate headers ask for it and the caller may `impersonate`
 * that user, each of the groups and each of the extras. Throws 400 and 403.
 */
export function impersonate(api: Api, request: IncomingMessage, caller: User): User {
  const { headers } = request;
  const name = single(headers["impersonate-user"]);
  const groups = all(request, "impersonate-group");
  const uid = single(headers["impersonate-uid"]);
  const extras = Object.keys(headers).filter((key) => key.startsWith(extraPrefix));
  if (!name) {
    if (groups.length === 0 && !uid && extras.length === 0) return caller;
    const what = [groups.length > 0 ? "groups" : "", uid ? "uid" : "", extras.length > 0 ? "extra" : ""].filter(
      Boolean,
    );
    throw badRequest(`requested ${what.join(", ")} impersonation without impersonating a user`);
  }
  const account = name.match(/^system:serviceaccount:([^:]+):([^:]+)$/);
  const ask = (attributes: Omit<Attributes, "user" | "verb">) => {
    const full: Attributes = { user: caller, verb: "impersonate", group: "", version: "v1", ...attributes };
    const decision = api.authorizer.decide(full);
    if (!decision.allowed) throw refusal(full, decision);
  };
  if (account) ask({ resource: "serviceaccounts", namespace: account[1]!, name: account[2]! });
  else ask({ resource: "users", name });
  for (const group of groups) ask({ resource: "groups", name: group });
  const authentication = { group: "authentication.k8s.io" };
  if (uid) ask({ ...authentication, resource: "uids", name: uid });
  const extra: Record<string, string[]> = {};
  for (const header of extras) {
    const key = decodeURIComponent(header.slice(extraPrefix.length));
    extra[key] = all(request, header);
    for (const value of extra[key]) ask({ ...authentication, resource: "userextras", subresource: key, name: value });
  }
  const implied =
    account && groups.length === 0 ? ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`] : [];
  const user: User = {
    name,
    groups: [...groups, ...implied],
    ...(uid ? { uid } : {}),
    ...(extras.length > 0 ? { extra } : {}),
  };
  return name === "system:anonymous"
    ? { ...user, groups: [...user.groups, "system:unauthenticated"] }
    : withAuthenticated(user);
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
