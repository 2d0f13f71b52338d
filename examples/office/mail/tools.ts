import type { Tool } from "../tool.ts";
import { readingTools } from "./reading.ts";
import { writingTools } from "./writing.ts";

/** Everything that `/mail` serves. */
export const mailTools: readonly Tool[] = [...readingTools, ...writingTools];
