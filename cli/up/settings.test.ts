import { describe, expect, it } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import type { Io } from "../io.ts";
import { readSettings } from "./settings.ts";

const checkout = { root: "/repo", version: "0.1.0" };
const ioWith = (env: Record<string, string>): Io => ({
  env,
  cwd: "/srv/fleet",
  clock: systemClock,
  terminal: false,
  out() {},
  err() {},
  answerNo() {},
});
const read = (env: Record<string, string>, flags = {}) => readSettings(flags, ioWith(env), checkout);

describe("readSettings", () => {
  it("needs nothing to be set", () => {
    expect(read({})).toEqual({
      root: "/repo",
      home: "/repo/.roster",
      apiPort: 7443,
      gatewayPort: 7480,
      manifests: "/repo/manifests/demo",
      roles: "/repo/roles",
      reset: false,
      runtime: true,
    });
  });
  it("takes paths from where the person is", () => {
    const settings = read({ ROSTER_HOME: "state", ROSTER_OFFICE_USERS: "me.json" }, { manifests: "m" });
    expect(settings).toMatchObject({
      home: "/srv/fleet/state",
      officeUsers: "/srv/fleet/me.json",
      manifests: "/srv/fleet/m",
    });
  });
  it("takes a model endpoint with key and name", () => {
    const env = { ROSTER_MODEL_URL: "https://api.example/v1", ROSTER_MODEL_KEY: "k", ROSTER_MODEL_NAME: "m" };
    expect(read(env).model).toEqual({ baseURL: "https://api.example/v1", apiKey: "k", model: "m" });
  });
  it("takes an empty variable for one that is not set", () => {
    expect(read({ ROSTER_API_PORT: "", ROSTER_MODEL_URL: " " })).toMatchObject({ apiPort: 7443 });
  });

  const wrong: Record<string, { readonly env: Record<string, string>; readonly want: RegExp }> = {
    "a port that is no number": {
      env: { ROSTER_API_PORT: "http" },
      want: /^ROSTER_API_PORT is "http"; it must be a port/,
    },
    "a port out of range": { env: { ROSTER_GATEWAY_PORT: "70000" }, want: /^ROSTER_GATEWAY_PORT is "70000"/ },
    "a key without an endpoint": { env: { ROSTER_MODEL_KEY: "k" }, want: /but ROSTER_MODEL_URL is not/ },
    "an endpoint that is no URL": {
      env: { ROSTER_MODEL_URL: "api.example" },
      want: /^ROSTER_MODEL_URL is not a URL that begins with/,
    },
    "a database that is no Postgres, without repeating its password": {
      env: { DATABASE_URL: "mysql://u:secret@h/d" },
      want: /^DATABASE_URL is not a URL that begins with postgres:\/\/ or postgresql:\/\/$/,
    },
  };
  for (const [name, { env, want }] of Object.entries(wrong))
    it(`refuses ${name}`, () => expect(() => read(env)).toThrow(want));
});
