const most = 5_000;

/**
 * Keeps one copy of parts that many objects have in common: names of kinds, conditions, references. A fleet of ten thousand
 * bindings says the same of itself ten thousand times, and its agents cost what is different about them. What goes in is
 * plain data that nobody changes afterwards.
 */
export class Sharing {
  readonly #texts = new Map<string, string>();
  readonly #parts = new Map<string, unknown>();

  text(value: string): string {
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    // Nothing is lost by beginning anew: what is shared already stays shared.
    if (this.#texts.size >= most) this.#texts.clear();
    this.#texts.set(value, value);
    return value;
  }

  /** The same part as one that was equal to it, member order included. */
  part<T>(value: T): T {
    if (value === undefined || value === null) return value;
    const key = JSON.stringify(value);
    const known = this.#parts.get(key);
    if (known !== undefined) return known as T;
    if (this.#parts.size >= most) this.#parts.clear();
    this.#parts.set(key, value);
    return value;
  }
}
