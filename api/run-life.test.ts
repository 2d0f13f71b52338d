import { expect, it } from "vitest";
import { isFinished, phases, runEvents, runLife } from "./run-life.ts";

it("a finished run never changes its phase again", () => {
  for (const phase of phases.filter(isFinished)) {
    for (const event of runEvents) expect(["same", "never"], `${phase} on ${event}`).toContain(runLife[phase][event]);
  }
  expect(phases.filter(isFinished)).toEqual(["Succeeded", "Failed", "Cancelled", "Refused"]);
});

it("firing ends every unfinished run, whatever it was doing", () => {
  for (const phase of phases.filter((candidate) => !isFinished(candidate)))
    expect(runLife[phase].fire).toBe("Cancelled");
});

it("only a queued run can be claimed, so two workers never own one run", () => {
  expect(phases.filter((phase) => runLife[phase].claim !== "never")).toEqual(["Queued"]);
});

it("every unfinished phase can be reached and left", () => {
  const reached = new Set(phases.flatMap((phase) => runEvents.map((event) => runLife[phase][event])));
  for (const phase of ["Queued", "Running", "Waiting"] as const) {
    expect(reached.has(phase), `${phase} is reached`).toBe(true);
    expect(
      runEvents.some((event) => isLeaving(runLife[phase][event], phase)),
      `${phase} is left`,
    ).toBe(true);
  }
});

function isLeaving(next: string, phase: string): boolean {
  return next !== "same" && next !== "never" && next !== phase;
}
