import { expect, it } from "vitest";
import { problem } from "../../api/reasons.ts";
import { OpenCalls } from "./open-calls.ts";

const why = problem("TokenRevoked", "fired");

it("cuts what a revocation covers and nothing else", () => {
  const open = new OpenCalls();
  using run1 = open.watch({ bindingUid: "ana", runId: "r1" });
  using run2 = open.watch({ bindingUid: "ana", runId: "r2" });
  using other = open.watch({ bindingUid: "bob", runId: "r3" });
  expect(open.cut({ runId: "r1" }, why)).toBe(1);
  expect([run1.signal.aborted, run2.signal.aborted, other.signal.aborted]).toEqual([true, false, false]);
  expect(run1.signal.reason).toBe(why);
  expect(open.cut({ bindingUid: "ana" }, why)).toBe(1);
  expect([run2.signal.aborted, other.signal.aborted]).toEqual([true, false]);
});

it("forgets what has ended, and cuts nothing twice", () => {
  const open = new OpenCalls();
  const call = open.watch({ bindingUid: "ana" });
  call[Symbol.dispose]();
  expect(open.cut({ bindingUid: "ana" }, why)).toBe(0);
  expect(open.size).toBe(0);
  open.watch({ bindingUid: "ana" });
  expect([open.cutAll(why), open.cutAll(why), open.size]).toEqual([1, 0, 0]);
});
