import { isDeepStrictEqual } from "node:util";
import { copyJson, isObject } from "../../lib/json.ts";
import type { PolicyRule } from "../auth/policy-rule.ts";
import { rbacBuckets } from "../auth/rbac.ts";
import type { Api } from "../rest/api.ts";
import { applyWanted } from "../rest/apply.ts";
import { isUnchanged } from "../rest/fields.ts";
import { type LabelSelectorObject, matchesSelector } from "../selectors/labels.ts";
import { type KubeObject, parse } from "../store/entry.ts";
import { WorkQueue } from "./work-queue.ts";

const group = "rbac.authorization.k8s.io";
const asController = {
  namespace: "",
  subresource: "",
  fieldManager: "clusterrole-aggregation-controller",
  force: true,
};

/** Fills the rules of ClusterRoles with an aggregationRule from the roles that it selects. */
export class RoleAggregator implements AsyncDisposable {
  readonly #api: Api;
  readonly #queue: WorkQueue;
  readonly #subscription: Disposable;

  constructor(api: Api) {
    this.#api = api;
    this.#queue = new WorkQueue({ work: () => this.#settleAll(), clock: api.clock, log: api.log });
    this.#queue.add("all");
    this.#subscription = api.store.subscribe(({ entry }) => {
      if (entry.bucket === rbacBuckets.clusterRoles) this.#queue.add("all");
    });
  }

  /** Resolves when the rules are what they should be. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await this.#queue[Symbol.asyncDispose]();
  }

  /** The role once the controller has applied the rules, as a cluster's does: with none it only gives up its own. */
  #applied(live: KubeObject, rules: readonly PolicyRule[]): KubeObject {
    const kind = this.#api.registry.find(group, "v1", "clusterroles")!;
    const { name } = live.metadata;
    const body = {
      apiVersion: `${group}/v1`,
      kind: "ClusterRole",
      metadata: { name },
      ...(rules.length > 0 ? { rules } : {}),
    };
    // Rules that nobody owns were collected before the controller said that they are its own.
    const base = hasOwnedRules(live) ? live : { ...live, rules: null };
    return applyWanted(this.#api, kind, copyJson(base), body, { ...asController, name }).object;
  }

  async #settleAll(): Promise<void> {
    const roles = this.#api.store.list(rbacBuckets.clusterRoles).map(parse);
    for (const role of roles) {
      if (!selectorsOf(role)) continue;
      const { name } = role.metadata;
      await this.#api.store.write<KubeObject | undefined>(rbacBuckets.clusterRoles, name, (live) => {
        const selectors = live && selectorsOf(live);
        if (!live || !selectors) return { keep: live };
        const rules = collect(roles, name, selectors);
        if (isDeepStrictEqual(live["rules"] ?? [], rules)) return { keep: live };
        const next = this.#applied(live, rules);
        return isUnchanged(next, live) ? { keep: live } : { put: next };
      });
    }
  }
}

/** Whether some manager has the rules. */
function hasOwnedRules({ metadata }: KubeObject): boolean {
  return (metadata.managedFields ?? []).some((entry) => {
    const fields = isObject(entry) ? entry["fieldsV1"] : undefined;
    return isObject(fields) && Object.hasOwn(fields, "f:rules");
  });
}

function selectorsOf(role: KubeObject): readonly LabelSelectorObject[] | undefined {
  return (role["aggregationRule"] as { clusterRoleSelectors?: LabelSelectorObject[] } | undefined)
    ?.clusterRoleSelectors;
}

function collect(roles: readonly KubeObject[], self: string, selectors: readonly LabelSelectorObject[]): PolicyRule[] {
  const found: PolicyRule[] = [];
  for (const selector of selectors) {
    for (const role of roles) {
      if (role.metadata.name === self || !matchesSelector(selector, role.metadata.labels ?? {})) continue;
      for (const rule of (role["rules"] ?? []) as PolicyRule[]) {
        if (!found.some((one) => isDeepStrictEqual(one, rule))) found.push(rule);
      }
    }
  }
  return found;
}
