/** One permission to import. Everything that is not listed is forbidden. */
interface Direction {
  readonly from: string;
  readonly to: readonly string[];
  readonly why: string;
}

/** Imports point down only; planes never import each other. Tests and tools may import anything. */
export const directions: readonly Direction[] = [
  { from: "lib", to: [], why: "lib is the ground: it imports nothing of ours" },
  { from: "api", to: ["lib"], why: "api is pure data: the nouns that everybody shares" },
  {
    from: "policy",
    to: ["api", "lib"],
    why: "policy is pure: decisions must be replayable without a store or a server",
  },
  {
    from: "kube",
    to: ["policy", "api", "lib"],
    why: "kube and ledger never import each other: either can be replaced",
  },
  {
    from: "ledger",
    to: ["policy", "api", "lib"],
    why: "kube and ledger never import each other: either can be replaced",
  },
  {
    from: "apiserver",
    to: ["policy", "api", "lib"],
    why: "the embedded API is a server of its own: planes meet over HTTP",
  },
  {
    from: "gitops",
    to: ["kube", "policy", "api", "lib"],
    why: "the sync speaks to the Kubernetes API only: it must not see the ledger",
  },
  {
    from: "controller",
    to: ["kube", "ledger", "policy", "api", "lib"],
    why: "the controller is the bridge between declaration and ledger; it knows no other plane",
  },
  {
    from: "gateway",
    to: ["kube", "ledger", "policy", "api", "lib"],
    why: "the gateway enforces from ledger and Secrets; what it enforces on must not be linked into it",
  },
  {
    from: "runtime",
    to: ["policy", "api", "lib"],
    why: "the runtime is untrusted: it reaches the gateway over HTTP and nothing else, no database, no Kubernetes",
  },
  {
    from: "rehearsal",
    to: ["policy", "api", "lib"],
    why: "the offline model is an outside service: an endpoint like any other",
  },
  { from: "console", to: ["api", "lib"], why: "the web page talks to the gateway over HTTP" },
  { from: "examples", to: ["lib"], why: "an example server stands for other people's: it may not lean on ours" },
  {
    from: "cli",
    to: [
      "apiserver",
      "gitops",
      "controller",
      "gateway",
      "rehearsal",
      "console",
      "kube",
      "ledger",
      "policy",
      "api",
      "lib",
    ],
    why: "cli composes the planes; runtime and examples are started as processes, never linked",
  },
];

/** Folders that may import anything of ours. */
export const unbound: readonly string[] = ["test", "bench", "scripts", ""];
