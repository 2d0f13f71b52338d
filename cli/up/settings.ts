import path from "node:path";
import { problem } from "../../api/reasons.ts";
import { homeOf } from "../find-kubeconfig.ts";
import type { Checkout, Io } from "../io.ts";

/** Everything that a person can set about `roster up`. */
export interface Settings {
  readonly root: string;
  readonly home: string;
  readonly apiPort: number;
  readonly gatewayPort: number;
  /** A Postgres of the user's own; the embedded one otherwise. */
  readonly databaseUrl?: string;
  /** A real OpenAI-compatible endpoint; the rehearsal otherwise. */
  readonly model?: { readonly baseURL: string; readonly apiKey?: string; readonly model?: string };
  /** A file that maps people to their own Maildir, calendars and folder; the demo's otherwise. */
  readonly officeUsers?: string;
  readonly manifests: string;
  readonly roles: string;
  readonly reset: boolean;
  /** False: workers of the user's own claim the runs. */
  readonly runtime: boolean;
}

export interface UpFlags {
  /** `--no-runtime` makes it false. */
  readonly runtime?: boolean;
  readonly reset?: boolean;
  readonly manifests?: string;
  readonly roles?: string;
}

/** The namespace of the demo fleet, and the one that role folders are rendered into. */
export const fleetNamespace = "acme";
export const systemNamespace = "roster-system";

/** Reads flags and environment. Throws InvalidRequest naming the variable that is wrong. */
export function readSettings(flags: UpFlags, io: Io, checkout: Checkout): Settings {
  const { env } = io;
  const given = (name: string) => (env[name]?.trim() ? env[name].trim() : undefined);
  const modelUrl = given("ROSTER_MODEL_URL");
  const modelKey = given("ROSTER_MODEL_KEY");
  const modelName = given("ROSTER_MODEL_NAME");
  if (modelUrl === undefined && (modelKey ?? modelName) !== undefined) {
    throw problem(
      "InvalidRequest",
      "ROSTER_MODEL_KEY or ROSTER_MODEL_NAME is set, but ROSTER_MODEL_URL is not: set it to the endpoint's base URL, such as https://api.openai.com/v1",
    );
  }
  if (modelUrl !== undefined) checkUrl("ROSTER_MODEL_URL", modelUrl, ["http:", "https:"]);
  const databaseUrl = given("DATABASE_URL");
  // Postgres' own form may lack a host (a unix socket), which other URLs may not: `pg` is the judge of the rest.
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\/./.test(databaseUrl)) {
    throw notUrl("DATABASE_URL", ["postgres:", "postgresql:"]);
  }
  const officeUsers = given("ROSTER_OFFICE_USERS");
  return {
    root: checkout.root,
    home: homeOf(io, checkout),
    apiPort: portOf("ROSTER_API_PORT", given("ROSTER_API_PORT"), 7443),
    gatewayPort: portOf("ROSTER_GATEWAY_PORT", given("ROSTER_GATEWAY_PORT"), 7480),
    manifests: path.resolve(io.cwd, flags.manifests ?? path.join(checkout.root, "manifests", "demo")),
    roles: path.resolve(io.cwd, flags.roles ?? path.join(checkout.root, "roles")),
    reset: flags.reset === true,
    runtime: flags.runtime !== false,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(officeUsers === undefined ? {} : { officeUsers: path.resolve(io.cwd, officeUsers) }),
    ...(modelUrl === undefined
      ? {}
      : {
          model: {
            baseURL: modelUrl,
            ...(modelKey === undefined ? {} : { apiKey: modelKey }),
            ...(modelName === undefined ? {} : { model: modelName }),
          },
        }),
  };
}

function portOf(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535))
    throw problem(
      "InvalidRequest",
      `${name} is "${text.slice(0, 40)}"; it must be a port from 1 to 65535, or 0 for any free one`,
    );
  return port;
}

function checkUrl(name: string, text: string, schemes: readonly string[]): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !schemes.includes(url.protocol)) throw notUrl(name, schemes);
}

// The value may hold a password, so the message names the variable only.
function notUrl(name: string, schemes: readonly string[]): Error {
  const starts = schemes.map((scheme) => `${scheme}//`).join(" or ");
  return problem("InvalidRequest", `${name} is not a URL that begins with ${starts}`);
}
