import { defineConfig } from "vitest/config";

const never = ["**/node_modules/**", "**/.roster/**"];

// Three projects by what a test needs: `unit` nothing, `system` real servers on this machine, `cluster` a real
// kube-apiserver. scripts/run.ts chooses.
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
      { extends: true, test: { name: "arch", include: ["test/arch/**/*.test.ts"], exclude: never } },
      {
        extends: true,
        test: {
          name: "system",
          include: ["test/**/*.test.ts"],
          exclude: [...never, "test/arch/**", "test/cluster/**"],
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
    ],
  },
});
