// Generated from crds/toolserver.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { Condition, Resource } from "../resource.ts";

/** ToolServer is an MCP server that agents may use through the gateway, and what its tools do. Actions are named <server>.<tool>. */
export interface ToolServer extends Resource {
  readonly spec: ToolServerSpec;
  readonly status?: ToolServerStatus;
}

/** Where it is and what its tools do. */
export interface ToolServerSpec {
  /** How it is reached. Immutable. */
  readonly type: "HTTP" | "Local";
  /** An MCP server over streamable HTTP. */
  readonly http?: ToolServerHttp;
  /** An entry in the gateway's own configuration. A tenant can never make the gateway start a program. */
  readonly local?: ToolServerLocal;
  /** How the binding's credential is sent. Absent means none is. */
  readonly credential?: ToolServerCredential;
  /** What each tool does. A tool that is not listed counts as Destructive; the server's own hints may only tighten this. */
  readonly tools?: readonly ToolServerTool[];
}

/** An MCP server over streamable HTTP. */
export interface ToolServerHttp {
  /** Its endpoint. Private networks only by the gateway operator's setting. */
  readonly url: string;
}

/** An entry in the gateway's own configuration. A tenant can never make the gateway start a program. */
export interface ToolServerLocal {
  /** Name of the entry. */
  readonly name: string;
}

/** How the binding's credential is sent. Absent means none is. */
export interface ToolServerCredential {
  /** Name of the header. */
  readonly header: string;
  /** Text before the credential, such as 'Bearer '. */
  readonly prefix?: string;
}

/** One tool. */
export interface ToolServerTool {
  /** Name of the tool at the server. */
  readonly name: string;
  /** Read changes nothing; Write can be undone; Destructive cannot. */
  readonly effect: "Read" | "Write" | "Destructive";
  /** Whom it touches. */
  readonly impact?: readonly string[];
  /** USD per call. */
  readonly price?: string;
  /** Whether a call may be sent twice. */
  readonly idempotency?: ToolServerToolIdempotency;
  /** Asks whether a call happened when its answer was lost. */
  readonly probe?: ToolServerToolProbe;
  /** Asks whether a reported success is true. */
  readonly verify?: ToolServerToolVerify;
  /** CEL over arguments for the USD that the call itself spends. */
  readonly spend?: string;
  /** The tool's schema that is admitted. A tool that differs is quarantined. Absent pins the first one seen. */
  readonly schemaHash?: string;
}

/** Whether a call may be sent twice. */
export interface ToolServerToolIdempotency {
  /** Key removes duplicates by a key; Natural has the same effect twice as once. */
  readonly type: "Key" | "Natural" | "None";
  /** Argument that carries the key. */
  readonly argument?: string;
  /** How long the server remembers keys. */
  readonly retentionSeconds?: number;
}

/** Asks whether a call happened when its answer was lost. */
export interface ToolServerToolProbe {
  /** A Read tool of the same server. */
  readonly tool: string;
  /** Arguments of the read; each value is a CEL expression. */
  readonly arguments?: Readonly<Record<string, string>>;
  /** CEL over result that is true when it happened. */
  readonly expect: string;
  /** A no counts only after this long. */
  readonly conclusiveAfterSeconds?: number;
}

/** Asks whether a reported success is true. */
export interface ToolServerToolVerify {
  /** A Read tool of the same server. */
  readonly tool: string;
  /** Arguments of the read; each value is a CEL expression over receipt. */
  readonly arguments?: Readonly<Record<string, string>>;
  /** CEL over result that must be true. */
  readonly expect: string;
}

/** What the controller observed. Written by Roster only. */
export interface ToolServerStatus {
  /** Generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** MCP revision that the server speaks. */
  readonly protocolVersion?: string;
  /** Text for people. */
  readonly summary?: ToolServerStatusSummary;
  /** The catalog as it was last seen. */
  readonly tools?: readonly ToolServerStatusTool[];
  /** What is true about the object. See docs/reference for each type. */
  readonly conditions?: readonly Condition[];
}

/** Text for people. */
export interface ToolServerStatusSummary {
  /** Tools by state. */
  readonly tools?: string;
}

/** One tool. */
export interface ToolServerStatusTool {
  /** Name of the tool. */
  readonly name: string;
  /** Digest of its schema. */
  readonly schemaHash?: string;
  /** Whether agents may use it. */
  readonly state?: "Admitted" | "Quarantined";
}
