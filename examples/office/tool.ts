import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { z } from "zod";
import type { Clock } from "../../lib/clock.ts";
import type { JsonObject } from "../../lib/json.ts";
import { messageOf, Problem } from "../../lib/problem.ts";
import type { Expander } from "./calendar/expander.ts";
import type { OfficeUser } from "./users.ts";

/** All that a tool may touch: one person's folders and the time. */
export interface Desk {
  readonly user: OfficeUser;
  readonly clock: Clock;
  readonly expander: Expander;
  /** Runs writers one after another: they read a file, change it and put it back. */
  alone<T>(act: () => Promise<T>): Promise<T>;
}

/** One tool of one of the three servers. */
export interface Tool {
  readonly name: string;
  register(server: McpServer, desk: Desk): void;
}

type Shape = Readonly<Record<string, z.ZodType>>;
type Arguments<S extends Shape> = { readonly [K in keyof S]: z.infer<S[K]> };

interface ToolSpec<S extends Shape> {
  readonly name: string;
  readonly description: string;
  readonly effect: "Read" | "Write" | "Destructive";
  readonly idempotent?: true;
  readonly input: S;
  run(input: Arguments<S>, desk: Desk): Promise<JsonObject>;
}

// What a model can read in one answer. Tools page below this; it is the wall behind them.
const maxResultBytes = 200_000;

/**
 * Makes a tool whose answer is one JSON object, as `structuredContent` and as text. A `Problem` becomes a tool error with
 * its message; anything else is a bug and says only that, because its text could name another person's paths.
 */
export function defineTool<S extends Shape>(spec: ToolSpec<S>): Tool {
  const annotations = {
    readOnlyHint: spec.effect === "Read",
    destructiveHint: spec.effect === "Destructive",
    idempotentHint: spec.effect === "Read" || spec.idempotent === true,
    openWorldHint: spec.effect === "Destructive",
  };
  return {
    name: spec.name,
    register(server, desk) {
      const config = {
        description: spec.description,
        inputSchema: spec.input as Record<string, z.ZodType>,
        annotations,
      };
      server.registerTool(spec.name, config, async (input) => {
        try {
          const result = await spec.run(input as unknown as Arguments<S>, desk);
          const text = JSON.stringify(result);
          if (text.length > maxResultBytes) throw new Problem("TooLarge", "the answer is too large: ask for less");
          return { content: [{ type: "text" as const, text }], structuredContent: { ...result } };
        } catch (thrown) {
          const error = thrown instanceof Problem ? messageOf(thrown) : "the office server failed";
          return { isError: true, content: [{ type: "text" as const, text: JSON.stringify({ error }) }] };
        }
      });
    },
  };
}
