import { spawnSync } from "node:child_process";

/** Why system calls cannot be tampered with here, in one line; undefined when they can. */
export function missingStrace(): string | undefined {
  const { status, error, stderr } = spawnSync("strace", ["-f", "--seccomp-bpf", "-e", "trace=fsync", "true"], {
    encoding: "utf8",
  });
  if (error) return "strace is not installed (apt-get install strace)";
  return status === 0 ? undefined : `strace may not trace here: ${stderr.trim().split("\n").at(-1)}`;
}

/** The command before a server's own that lets some of its system calls fail or kill it, such as `fsync:error=EIO:when=3`. */
export function tampering(...injections: readonly string[]): readonly string[] {
  const calls = [...new Set(injections.map((injection) => injection.split(":")[0]))].join(",");
  const inject = injections.flatMap((injection) => ["-e", `inject=${injection}`]);
  // With its filter strace is quick, but forgets to deliver signals.
  const filter = injections.some((injection) => injection.includes(":signal=")) ? [] : ["--seccomp-bpf"];
  return ["strace", "-f", ...filter, "-qq", "-o", "/dev/null", "-e", `trace=${calls}`, ...inject];
}
