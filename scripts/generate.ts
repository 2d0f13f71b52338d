import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { outputs } from "./generate/outputs.ts";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Writes what is generated, or with `--check` only says what is stale (exit code 1). May run twice. */
async function main(): Promise<number> {
  const check = process.argv.includes("--check");
  const files = await outputs(root);
  const stale: string[] = [];
  for (const [file, text] of files) {
    const target = path.join(root, file);
    if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
    stale.push(file);
    if (check) continue;
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  // A kind that is gone takes its types with it, or code would compile against a resource that no server has.
  for (const file of existsSync(path.join(root, "api/generated"))
    ? readdirSync(path.join(root, "api/generated"))
    : []) {
    if (files.has(`api/generated/${file}`)) continue;
    stale.push(`api/generated/${file}`);
    if (!check) rmSync(path.join(root, "api/generated", file));
  }
  if (check && stale.length > 0) {
    process.stderr.write(`stale, run \`npm run generate\`:\n${stale.map((file) => `  ${file}\n`).join("")}`);
    return 1;
  }
  process.stdout.write(`${files.size} generated files, ${stale.length} ${check ? "stale" : "written"}\n`);
  return 0;
}

process.exitCode = await main();
