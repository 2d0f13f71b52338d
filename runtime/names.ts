/** OpenAI's function names have no dot: the action `mail.search` is the function `mail__search`. */
export function toFunctionName(action: string): string {
  return action.replace(".", "__");
}

/** The action of a function name. Server names have no underscore, so the first pair is the dot. */
export function toAction(functionName: string): string {
  return functionName.replace("__", ".");
}
