import { afterAll, beforeAll, expect, it } from "vitest";
import { admissionObjects } from "../../api/generated/admission.ts";
import { kinds } from "../../api/kinds.ts";
import type { Resource } from "../../api/resource.ts";
import { AdmissionProbe } from "../../controller/enforcement/probe.ts";
import type { KubeClient } from "../../kube/client.ts";
import { connect } from "../../kube/connect.ts";
import { EventRecorder } from "../../kube/events.ts";
import { systemClock } from "../../lib/clock.ts";
import { controllerToken, log, startWorld, type World } from "./kit.ts";

let world: World;
let events: EventRecorder;
let kube: KubeClient;
const probeOf = () => new AdmissionProbe({ kube, log, events, namespace: "acme" });

beforeAll(async () => {
  world = await startWorld();
  // As itself: the policies say more to everybody else.
  const { url: server, caPem } = world.api;
  kube = await connect({ server, caPem, token: controllerToken }, { log, clock: systemClock, userAgent: "test" });
  events = new EventRecorder({ client: kube, clock: systemClock, log, controller: "test", instance: "test" });
});
afterAll(async () => {
  await kube?.[Symbol.asyncDispose]();
  await events?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

const install = async () => {
  for (const object of admissionObjects)
    await world.kube.create(kinds[object.kind as "ValidatingAdmissionPolicy"], object);
};

it("does not know before it has looked", () => {
  expect(probeOf().gaps).toBeUndefined();
});

it("misses policies although an object of the probe's name is there", async () => {
  await world.kube.create(kinds.AgentRun, {
    apiVersion: "roster.dev/v1alpha1",
    kind: "AgentRun",
    metadata: { name: "roster-admission-probe", namespace: "acme" },
    spec: { bindingRef: { name: "nobody" }, requestedBy: "somebody", task: { intent: "probe" } },
  } as Resource);
  const probe = probeOf();
  await probe.look();
  expect(probe.gaps).toContain("a forged AgentRun was not refused when tried");
  expect(probe.gaps).toHaveLength(admissionObjects.length + 1);
});

it("finds nothing where all of them are in force", async () => {
  await install();
  const probe = probeOf();
  await probe.look();
  expect(probe.gaps).toEqual([]);
});

it("keeps what it found by comparing where the trial ends otherwise, and claims nothing where it found nothing", async () => {
  const another = { name: "another" };
  const spec = {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        { apiGroups: ["roster.dev"], apiVersions: ["*"], resources: ["agentruns"], operations: ["CREATE"] },
      ],
    },
    validations: [{ expression: "false", message: "not today" }],
  };
  const apiVersion = "admissionregistration.k8s.io/v1";
  await world.kube.delete(kinds.ValidatingAdmissionPolicyBinding, "roster-run-request", undefined);
  await world.kube.create(kinds.ValidatingAdmissionPolicy, {
    apiVersion,
    kind: "ValidatingAdmissionPolicy",
    metadata: another,
    spec,
  } as Resource);
  await world.kube.create(kinds.ValidatingAdmissionPolicyBinding, {
    apiVersion,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: another,
    spec: { policyName: "another", validationActions: ["Deny"] },
  } as Resource);
  const probe = probeOf();
  await expect(probe.look()).rejects.toThrow("not today");
  expect(probe.gaps).toEqual(['ValidatingAdmissionPolicyBinding "roster-run-request": missing']);

  const bound = admissionObjects.find(
    ({ kind, metadata }) => kind === "ValidatingAdmissionPolicyBinding" && metadata.name === "roster-run-request",
  );
  await world.kube.delete(kinds.ValidatingAdmissionPolicyBinding, "another", undefined);
  await world.kube.create(kinds.ValidatingAdmissionPolicyBinding, bound!);
  await probe.look();
  expect(probe.gaps).toEqual([]);
});

it("does not take silence for health: where it cannot ask, nothing is known any more", async () => {
  const probe = probeOf();
  await probe.look();
  expect(probe.gaps).toEqual([]);
  await world.stopApi();
  await expect(probe.look()).rejects.toThrow();
  expect(probe.gaps).toBeUndefined();
  await world.startApi();
});
