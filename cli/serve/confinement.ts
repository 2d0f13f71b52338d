import { readFileSync } from "node:fs";
import path from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { problem } from "../../api/reasons.ts";
import type { Resource } from "../../api/resource.ts";
import type { Connection, KubeClient } from "../../kube/client.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/problem.ts";
import type { Checkout, Io } from "../io.ts";

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** How a process is told that it has Roles in some namespaces and no ClusterRole. */
export const namespacesOption: Option = new Option(
  "--namespaces <names>",
  "serve only these (a,b): for rights by Roles alone; also ROSTER_NAMESPACES",
).argParser(toNamespaces);

/** Throws InvalidArgumentError naming what is no namespace. */
export function toNamespaces(text: string): readonly string[] {
  const names = [...new Set(text.split(/[\s,]+/).filter(Boolean))];
  const wrong = names.find((name) => !label.test(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is not the name of a namespace`);
  if (names.length === 0) throw new InvalidArgumentError("name at least one namespace");
  return names;
}

/** The flag, or the environment variable that a Deployment sets. Undefined: the whole cluster. Throws InvalidRequest. */
export function namespacesOf(flag: readonly string[] | undefined, io: Io): readonly string[] | undefined {
  const text = io.env.ROSTER_NAMESPACES?.trim();
  if (flag !== undefined || !text) return flag;
  try {
    return toNamespaces(text);
  } catch (cause) {
    throw problem("InvalidRequest", `ROSTER_NAMESPACES: ${messageOf(cause)}`, { cause });
  }
}

/**
 * The ModelTiers of a file, by the rules of their definition. No Role opens a cluster-scoped kind, so a confined
 * controller gets them from its operator, as they would be applied. Throws InvalidManifest with every finding.
 */
export async function readTiers(file: string, checkout: Checkout): Promise<readonly Resource[]> {
  const [{ readObjects }, { readCrdSchemas }, { Refusal, toProblem }] = await Promise.all([
    import("../../gitops/manifests.ts"),
    import("../../gitops/crd-schemas.ts"),
    import("../../gitops/finding.ts"),
  ]);
  const schemas = await readCrdSchemas(path.join(checkout.root, "crds"));
  try {
    const objects = readObjects(readFileSync(file, "utf8"), file, schemas).map(({ object }) => object);
    const other = objects.find(({ kind }) => kind !== "ModelTier");
    if (other) throw new Error(`${other.kind} "${other.metadata.name}" is no ModelTier`);
    return objects;
  } catch (thrown) {
    if (thrown instanceof Refusal) throw toProblem(thrown.findings);
    throw problem("InvalidManifest", `the model tiers of "${file}": ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** The client of a process that has Roles only; says at start what that means. The stack closes what it opens. */
export async function openConfined(
  kube: KubeClient,
  how: {
    readonly namespaces: readonly string[];
    readonly tiers: readonly Resource[];
    readonly connection: Connection;
    readonly userAgent: string;
    readonly clock: Clock;
    readonly log: Log;
  },
  stack: AsyncDisposableStack,
): Promise<KubeClient> {
  const [{ confine }, { openSelfReviews }] = await Promise.all([
    import("../../kube/confined.ts"),
    import("../../kube/self-review.ts"),
  ]);
  const { namespaces, tiers, clock, log, connection, userAgent } = how;
  const reviews = stack.use(await openSelfReviews(connection, { clock, userAgent }));
  log.info("confined to namespaces by Roles: other namespaces, new ones too, and ModelTier resources are not seen", {
    namespaces,
  });
  return confine(kube, { namespaces, given: tiers, reviews, clock, log });
}
