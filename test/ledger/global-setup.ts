import { sharedPostgres, startThrowAwayPostgres } from "./kit.ts";

/** vitest's globalSetup: one Postgres for all workers, a fresh database per test file. Saves an initdb per file. */
export async function setup(): Promise<() => Promise<void>> {
  if (process.env[sharedPostgres]) return async () => {};
  const server = await startThrowAwayPostgres();
  process.env[sharedPostgres] = server.url;
  return async () => {
    await server[Symbol.asyncDispose]();
  };
}
