import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { problem } from "../api/reasons.ts";
import type { Checkout, Io } from "./io.ts";

/** Where `roster up` keeps its state: ROSTER_HOME, or .roster in the checkout. */
export function homeOf(io: Io, checkout: Checkout): string {
  const given = io.env.ROSTER_HOME;
  return given ? path.resolve(io.cwd, given) : path.join(checkout.root, ".roster");
}

/** The kubeconfig to use: the flag, KUBECONFIG, that of `roster up`, or the user's own. Throws NotFound where there is none. */
export function findKubeconfig(flag: string | undefined, io: Io, checkout: Checkout): string {
  if (flag) return path.resolve(io.cwd, flag);
  if (io.env.KUBECONFIG) return io.env.KUBECONFIG;
  const ours = path.join(homeOf(io, checkout), "kubeconfig");
  if (existsSync(ours)) return ours;
  const theirs = path.join(homedir(), ".kube", "config");
  if (existsSync(theirs)) return theirs;
  throw problem(
    "NotFound",
    `there is no kubeconfig: neither --kubeconfig nor KUBECONFIG is set, and "${ours}" does not exist; start the fleet with \`npm start\``,
  );
}
