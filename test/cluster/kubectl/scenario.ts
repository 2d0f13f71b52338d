/**
 * What somebody types at a shell, line by line, in a namespace of its own: `kubectl` is the one under test, the current
 * context's namespace is the scenario's, and `$ns` is that namespace's name. The working folder holds the shared files
 * and the scenario's own.
 */
export interface Scenario {
  readonly files?: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
  /** It changes what others see, such as which kinds there are, and so runs when no other does. */
  readonly alone?: true;
}

/** Keys are sentences that say what is shown. */
export type Scenarios = Readonly<Record<string, Scenario>>;
