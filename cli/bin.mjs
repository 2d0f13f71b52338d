#!/usr/bin/env node
// The `roster` command and the kubectl plugin (`kubectl roster …`). Plain JavaScript, because the machine's own Node may
// be too old to strip types: the bootstrap finds or installs the pinned Node and hands over to it.
import process from "node:process";

process.argv.splice(2, 0, "cli/main.ts");
await import("../scripts/bootstrap.mjs");
