import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentBudget } from "../../api/generated/agent-budget.ts";
import type { AgentRole } from "../../api/generated/agent-role.ts";
import { type KindRef, kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import { type Change, keyOf, toKey } from "../../kube/cache.ts";
import type { Clock } from "../../lib/clock.ts";
import { isReady } from "../agent-role/reconciler.ts";
import { isWorking, triggersOf } from "../agent-trigger/targets.ts";
import type { Driver } from "../kit/driver.ts";
import type { Informers } from "../kit/informers.ts";
import { sumsDue } from "../kit/sums.ts";

// Long enough to gather what comes together, short enough that people see it happen.
const gatherMs = 1_000;

/**
 * Wakes whoever shows sums, at their pace: when a run changed or a binding came, went or became Ready, its role, budgets
 * and triggers are looked at a second later, but not before their last sums are due again. O(1) per change but for
 * the budgets and triggers of a namespace, of which there are few.
 */
export class Pulse implements Disposable {
  readonly #informers: Informers;
  readonly #clock: Clock;
  readonly #drivers: ReadonlyMap<string, Driver>;
  readonly #subscription: Disposable;

  constructor(informers: Informers, clock: Clock, drivers: readonly Driver[]) {
    this.#informers = informers;
    this.#clock = clock;
    this.#drivers = new Map(drivers.map((driver) => [driver.kind.kind, driver]));
    this.#subscription = informers
      .cache<AgentBinding>(kinds.AgentBinding)
      .subscribe((change) => this.#bindingChanged(change));
  }

  /** A run of a binding changed. `money`: it may have spent something. */
  runChanged(namespace: string, bindingName: string, triggerUid: string | undefined): void {
    const binding = this.#informers.cache<AgentBinding>(kinds.AgentBinding).find(toKey(namespace, bindingName));
    if (binding === undefined) return;
    this.#sums(kinds.AgentBinding, binding, binding.status?.asOf);
    const role = this.#informers.cache<AgentRole>(kinds.AgentRole).find(toKey(namespace, binding.spec.roleRef.name));
    if (role !== undefined) this.#sums(kinds.AgentRole, role, role.status?.asOf);
    for (const budget of this.#informers.cache<AgentBudget>(kinds.AgentBudget).listBy("namespace", namespace)) {
      this.#sums(kinds.AgentBudget, budget, budget.status?.asOf);
    }
    if (triggerUid === undefined) return;
    for (const key of this.#informers.cache(kinds.AgentTrigger).keysBy("uid", triggerUid))
      this.#soon(kinds.AgentTrigger, key);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #bindingChanged({ before, after }: Change<AgentBinding>): void {
    const standing = (binding: Stored<AgentBinding> | undefined) =>
      binding && `${binding.metadata.uid}/${isReady(binding)}/${isWorking(binding)}`;
    if (standing(before) === standing(after)) return;
    const binding = after ?? before!;
    const roleKey = toKey(binding.metadata.namespace, binding.spec.roleRef.name);
    const role = this.#informers.cache<AgentRole>(kinds.AgentRole).find(roleKey);
    if (role !== undefined) this.#sums(kinds.AgentRole, role, role.status?.asOf);
    for (const trigger of triggersOf(binding, this.#informers.lookup())) this.#soon(kinds.AgentTrigger, keyOf(trigger));
  }

  #sums(kind: KindRef, object: Stored, asOf: string | undefined): void {
    const now = this.#clock.now();
    this.#drivers.get(kind.kind)?.enqueue(keyOf(object), Math.max(sumsDue(object, asOf, now), now + gatherMs));
  }

  #soon(kind: KindRef, key: string): void {
    this.#drivers.get(kind.kind)?.enqueue(key, this.#clock.now() + gatherMs);
  }
}
