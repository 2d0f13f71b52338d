import type { RoleRecord } from "../../ledger/ledger.ts";
import { Problem } from "../../lib/problem.ts";
import type { Facts } from "../../policy/facts.ts";
import { type CompiledPolicy, compilePolicy } from "../../policy/permissions.ts";
import { type Call, combine, type Verdict, verdict, verdictWithoutPolicy } from "../../policy/verdict.ts";
import { specOf } from "../standing.ts";

const maxPolicies = 1_000;

/** Policies compiled once per role revision; a revision names its content, so nothing here goes stale. */
export class PolicyCache {
  readonly #compiled = new Map<string, CompiledPolicy | undefined>();

  /** Undefined where the role's policy does not compile. */
  find(role: RoleRecord): CompiledPolicy | undefined {
    // The source map is outside the revision, and a verdict quotes it.
    const key = `${role.uid}/${role.revision}/${JSON.stringify(role.sourceMap)}`;
    if (this.#compiled.has(key)) return this.#compiled.get(key);
    if (this.#compiled.size >= maxPolicies) this.#compiled.clear();
    const policy = compileOrNothing(role);
    this.#compiled.set(key, policy);
    return policy;
  }

  /** Rights are pinned ∩ current; a role that is gone, or does not compile now, leaves reads and asks for writes. */
  judge(
    roles: { readonly pinned: RoleRecord; readonly current: RoleRecord | undefined },
    call: Call,
    facts: Facts,
  ): Verdict {
    if (!roles.current) {
      return { decision: "deny", rule: "(role)", reason: `AgentRole "${roles.pinned.name}" is gone` };
    }
    const by = (role: RoleRecord) => {
      const policy = role.compiled ? this.find(role) : undefined;
      return policy ? verdict(policy, call, facts) : verdictWithoutPolicy(call);
    };
    return combine(by(roles.pinned), by(roles.current));
  }
}

function compileOrNothing(role: RoleRecord): CompiledPolicy | undefined {
  try {
    return compilePolicy(specOf(role), role.sourceMap);
  } catch (thrown) {
    if (thrown instanceof Problem) return undefined;
    throw thrown;
  }
}
