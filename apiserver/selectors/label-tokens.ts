/** Reads the tokens of a label selector one after the other; at the end every token is the empty text. */
export interface Tokens {
  next(): string;
  peek(): string;
  ended(): boolean;
  /** True for a key or value (`in` and `notin` may be either), false for a sign and at the end. */
  isWord(): boolean;
}

// A zero byte ends a word, and the whole text where a word would begin.
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what ends a text in Kubernetes' lexer
const token = /[ \t\r\n]*(!=|==|=|\(|\)|,|!|<|>|[^ \t\r\n!=(),<>\u0000]+)\u0000?/y;
const sign = /^[!=(),<>]/;

/** Splits a label selector as Kubernetes' lexer does. */
export function tokenize(text: string): Tokens {
  const tokens: string[] = [];
  token.lastIndex = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) tokens.push(match[1]!);
  let at = 0;
  return {
    next: () => tokens[at++] ?? "",
    peek: () => tokens[at] ?? "",
    ended: () => at >= tokens.length,
    isWord: () => at < tokens.length && !sign.test(tokens[at]!),
  };
}
