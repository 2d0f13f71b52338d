import { defineConfig } from "vitest/config";

const never = ["**/node_modules/**", "**/.roster/**"];

// Projects by what a test needs: `unit` and `arch` nothing, `postgres` one real Postgres that all its files share (a database
// each), `system` servers of its own, `cluster` a real kube-apiserver, `faults` a machine of its own for some
// minutes (kills, full disks, floods). scripts/run.ts chooses.
const withPostgres = ["test/ledger/**/*.test.ts", "test/gateway/**/*.test.ts", "test/controller/**/*.test.ts"];
// Whole products and fleets whose servers go away: too long for every `npm test`, which must stay below four minutes.
const thorough = [
  "test/product/**/*.test.ts",
  "test/controller/{absence,namespaced,pairing,stale}.test.ts",
  "test/e2e/{fifty-subjects,restart}.test.ts",
  "test/cli/serve.test.ts",
];
export default defineConfig({
  test: {
    // Two cores are what the smallest machine has; more workers would starve the servers that tests start.
    maxWorkers: 2,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...never, "test/**"],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: { name: "arch", include: ["test/arch/**/*.test.ts"], exclude: never, testTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["test/**/*.test.ts"],
          exclude: [...never, "test/arch/**", "test/cluster/**", "test/faults/**", ...withPostgres, ...thorough],
          globalSetup: ["test/ledger/global-setup.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "postgres",
          include: withPostgres,
          exclude: [...never, ...thorough],
          globalSetup: ["test/ledger/global-setup.ts"],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          exclude: never,
          testTimeout: 180_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts", ...thorough],
          exclude: never,
          globalSetup: ["test/ledger/global-setup.ts"],
          testTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
