import { describe, expect, it } from "vitest";
import { fillTemplate, refuseRequest, taskDigest } from "./admission.ts";

const request = { requestedBy: "ana", labels: {}, annotations: {} };

describe("a request", () => {
  const table = {
    "by a person is taken": { given: request, want: undefined },
    "with a plain origin is taken": { given: { ...request, origin: { type: "Person" } }, want: undefined },
    "with a runID is forged": { given: { ...request, runID: "x" }, want: "ForgedRequest" },
    "from a webhook is forged": { given: { ...request, origin: { type: "Webhook" } }, want: "ForgedRequest" },
    "with a stamp is forged": {
      given: { ...request, annotations: { "roster.dev/admitted": "x" } },
      want: "ForgedRequest",
    },
    "of nobody is none": { given: { ...request, requestedBy: undefined }, want: "InvalidRequest" },
    "under Flux is none": {
      given: { ...request, labels: { "kustomize.toolkit.fluxcd.io/name": "x" } },
      want: "InvalidRequest",
    },
  };
  for (const [name, { given, want }] of Object.entries(table))
    it(name, () => expect(refuseRequest(given)?.reason).toBe(want));
});

describe("a template", () => {
  const facts = {
    binding: { name: "ana", subject: { name: "ana@acme.example" }, count: 2 },
    text: "{{ binding.name }}",
  };
  const table = {
    "fills paths": { given: "{{ binding.subject.name }} has {{binding.count}}", want: "ana@acme.example has 2" },
    "leaves what leads nowhere": {
      given: "{{ binding.secret }} {{ nobody }}",
      want: "{{ binding.secret }} {{ nobody }}",
    },
    "leaves what is no single value": { given: "{{ binding }}", want: "{{ binding }}" },
    "fills once, so that a value is never a template": { given: "{{ text }}", want: "{{ binding.name }}" },
    "does not reach into prototypes": {
      given: "{{ binding.constructor.name }} {{ binding.__proto__ }}",
      want: "{{ binding.constructor.name }} {{ binding.__proto__ }}",
    },
  };
  for (const [name, { given, want }] of Object.entries(table))
    it(name, () => expect(fillTemplate(given, facts)).toBe(want));
});

it("a digest says nothing but the intent", () => {
  const { intent, sha256 } = taskDigest({ intent: "snapshot", text: "secret" });
  expect(intent).toBe("snapshot");
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
});
