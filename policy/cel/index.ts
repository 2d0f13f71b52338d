export { type CelProgram, type CompileOptions, compileExpression } from "./compile.ts";
export type { CelObjectType, CelType } from "./environment.ts";
export { compilePattern, matchesPattern } from "./regex.ts";
