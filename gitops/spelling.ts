/** `max_steps` → `maxSteps`. */
export function toCamel(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, char: string) => char.toUpperCase());
}

/** `maxSteps` → `max_steps`. */
export function toSnake(key: string): string {
  return key.replace(/[A-Z]/g, (char) => `_${char.toLowerCase()}`);
}

/** The same word but for case and separators: `bounded_mutator` and `BoundedMutator`. */
export function sameWord(a: string, b: string): boolean {
  return fold(a) === fold(b);
}

/** A word without case and separators, cut to a length that is cheap to compare. */
export function fold(word: string): string {
  return word.slice(0, 64).toLowerCase().replace(/[_-]/g, "");
}
