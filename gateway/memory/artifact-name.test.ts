import { describe, expect, it } from "vitest";
import { artifactName } from "./artifact-name.ts";

const role = {
  soul: "Leave the day in snapshot.md. Reports go to `out/report.csv`.",
  skills: [{ name: "x", body: "1. Write\nplan.txt" }],
  contract: { evidence: [{ kind: "Artifact", name: "proof" }] },
};
const sha256 = "0123456789abcdef".repeat(4);

describe("an artifact's name, which others read", () => {
  const table: Record<string, [asked: string, gets: string]> = {
    "is the one that the soul mentions": ["snapshot.md", "snapshot.md"],
    "is the one with a folder that it mentions": ["out/report.csv", "out/report.csv"],
    "is the one at the beginning of a skill's line": ["plan.txt", "plan.txt"],
    "is the one that the contract asks for": ["proof", "proof"],
    "is the digest's where the model made it up, which keeps a subject line off the run": [
      "Offer-46.500-Northwind.md",
      "artifact-0123456789ab.md",
    ],
    "is the digest's where it is only a part of a name that is mentioned": ["report.csv", "artifact-0123456789ab.csv"],
    "is the digest's where it is longer than the one mentioned": ["snapshot.md.secret", "artifact-0123456789ab"],
    "has no extension that nobody knows": ["a.secretword", "artifact-0123456789ab"],
  };
  it.each(Object.entries(table))("%s", (_, [asked, gets]) => expect(artifactName(asked, sha256, role)).toBe(gets));
});
