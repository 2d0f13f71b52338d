import type { AgentTrigger, AgentTriggerTarget } from "../../api/generated/agent-trigger.ts";
import type { Stored } from "../../api/resource.ts";
import { type Instant, toRfc3339 } from "../../lib/clock.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import { compileSchedule, type Schedule } from "../../policy/schedule.ts";
import { type Mark, met, type Plan, recheck, settled, unmet } from "../kit/reconciler.ts";

export interface Snapshot {
  readonly trigger: Stored<AgentTrigger>;
  readonly targets: {
    /** False where the role or binding that the target names does not exist. */
    readonly exists: boolean;
    readonly ready: number;
    /** The zones of the Ready ones. */
    readonly timeZones: readonly string[];
  };
  readonly summary: {
    readonly fired: number;
    readonly ruleAnswered: number;
    readonly refused: number;
    readonly lastFire?: Instant;
  };
}

// Runs of an instant are admitted within seconds; then the next one is shown.
const afterFireMs = 2_000;

/** Says whether and when the trigger fires. The firing itself is the scheduler's, one (trigger, binding) at a time. */
export function decide(snapshot: Snapshot, now: Instant): Plan<AgentTrigger> {
  const { trigger, summary } = snapshot;
  const { type, target, schedule } = trigger.spec;
  const shown = { type, target: describe(target) };
  const plan = (ready: Mark, nextFire?: Instant): Plan<AgentTrigger> => ({
    writes: [],
    conditions: [ready, judgeTargets(snapshot)],
    status: {
      summary: { ...shown, ...(trigger.status?.summary?.url === undefined ? {} : { url: trigger.status.summary.url }) },
      nextFire: nextFire === undefined ? undefined : toRfc3339(nextFire),
      lastFire: summary.lastFire === undefined ? undefined : toRfc3339(summary.lastFire),
      fired: summary.fired,
      ruleAnswered: summary.ruleAnswered,
      refused: summary.refused,
    },
    next: nextFire === undefined ? settled : recheck(nextFire + afterFireMs),
  });
  if (type !== "Schedule") {
    return plan(
      unmet("Ready", "NotYetSupported", `type ${type}: webhooks and chat come in a later version; only Schedule fires`),
    );
  }
  if (schedule === undefined) return plan(unmet("Ready", "InvalidSchedule", "spec.schedule is missing"));
  let nextFire: Instant | undefined;
  try {
    const zones = schedule.timeZoneFrom === "Binding" ? snapshot.targets.timeZones : [schedule.timeZone ?? "UTC"];
    // Compiled in any case, so that a bad line is seen before the first agent is hired.
    compileSchedule(schedule.cron, zones[0] ?? "UTC");
    nextFire = earliest(
      zones.map((zone) => compileSchedule(schedule.cron, zone)),
      now,
    );
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return plan(unmet("Ready", "InvalidSchedule", messageOf(thrown)));
  }
  if (trigger.spec.state === "Suspended") return plan(met("Ready", "Suspended", "suspended: nothing fires"));
  if (snapshot.targets.ready === 0) return plan(met("Ready", "Ready", "armed for agents to come"));
  if (nextFire === undefined) return plan(unmet("Ready", "InvalidSchedule", `cron "${schedule.cron}" never fires`));
  return plan(met("Ready", "Ready", "armed"), nextFire);
}

/** The trigger is gone: nothing of it fires any more. Runs that it made go on. */
export function release({ trigger }: Snapshot): Plan<AgentTrigger> {
  return {
    writes: [{ kind: "ledger", effect: "disarm", args: { triggerUid: trigger.metadata.uid } }],
    conditions: [unmet("Ready", "Settled", "disarmed")],
    status: { nextFire: undefined },
    next: settled,
  };
}

function judgeTargets({ trigger, targets }: Snapshot): Mark {
  const { roleRef, bindingRef } = trigger.spec.target;
  if (!targets.exists) {
    return bindingRef !== undefined
      ? unmet("TargetsFound", "BindingNotFound", `AgentBinding "${bindingRef.name}" not found`)
      : unmet("TargetsFound", "RoleNotFound", `AgentRole "${roleRef?.name}" not found`);
  }
  if (targets.ready === 0)
    return unmet("TargetsFound", "NoTargets", `no agent is Ready for ${describe(trigger.spec.target)}`);
  return met("TargetsFound", "Resolved", `${targets.ready} agents`);
}

function describe({ roleRef, bindingRef, team }: AgentTriggerTarget): string {
  if (bindingRef !== undefined) return `agent ${bindingRef.name}`;
  return `role ${roleRef?.name}${team === undefined ? "" : `, team ${team}`}`;
}

function earliest(schedules: readonly Schedule[], now: Instant): Instant | undefined {
  const fires = schedules.map((schedule) => schedule.next(now)).filter((at) => at !== undefined);
  return fires.length === 0 ? undefined : Math.min(...fires);
}
