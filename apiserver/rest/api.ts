import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { PolicyRule } from "../auth/policy-rule.ts";
import type { RequestInfo } from "../http/request-info.ts";
import type { ServedKind } from "../kinds/kind.ts";
import type { Registry } from "../kinds/registry.ts";
import type { KubeObject } from "../store/entry.ts";
import type { Store } from "../store/store.ts";
import type { WatchHub } from "./watch-hub.ts";

/** Who sends a request, as authentication found. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a permission is asked for. */
export interface Attributes {
  readonly user: User;
  readonly verb: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace?: string;
  /** For non-resource requests. */
  readonly path?: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** A role that a binding names and nobody has made. */
export interface MissingRole {
  readonly kind: string;
  readonly name: string;
}

export interface UserRules {
  readonly rules: readonly PolicyRule[];
  readonly missing: readonly MissingRole[];
}

/** Answers permission questions; synchronously, from objects in memory. */
export interface Authorizer {
  decide(attributes: Attributes): AccessDecision;
  /** Every rule that a user has cluster-wide and, where one is named, in a namespace; and the roles they would have too. */
  rules(user: User, namespace: string): UserRules;
}

export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly user: User;
  readonly kind: ServedKind;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** What the request's body is where it is not the kind itself. */
  readonly body?: { readonly group: string; readonly version: string; readonly kind: string } | undefined;
  readonly dryRun: boolean;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly options: object;
  /** What policies only warn of is added here, even where others refuse. */
  readonly warnings: string[];
}

/** What the handlers of the API share. */
export interface Api {
  readonly store: Store;
  readonly watches: WatchHub;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Spreads what clients would else do at once, in [0, 1). Absent: chance. */
  readonly random?: () => number;
  readonly log: Log;
  readonly authorizer: Authorizer;
  /** Throws where a policy or RBAC escalation refuses. Synchronous: it runs inside a write. */
  admit(request: AdmissionRequest): void;
  /** Ends with the server; long requests watch it. */
  readonly stopping: AbortSignal;
}

/** One request on its way through the handlers. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly warnings: string[];
}
