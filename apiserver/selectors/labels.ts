import { badRequest } from "../http/status.ts";
import { checkLabelKey, checkLabelValue } from "../kinds/names.ts";
import { type Tokens, tokenize } from "./label-tokens.ts";

export type Labels = Readonly<Record<string, string>>;
export type LabelMatch = (labels: Labels) => boolean;

/**
 * Compiles a label selector (`a=b,c in (d,e),!f,g>1`). Undefined when it selects everything. Throws BadRequest in
 * the words of Kubernetes' parser.
 */
export function readLabelSelector(text: string | null): LabelMatch | undefined {
  const tokens = tokenize(text ?? "");
  const requirements: LabelMatch[] = [];
  while (!tokens.ended()) {
    if (!tokens.isWord() && tokens.peek() !== "!") {
      throw badRequest(`found '${tokens.peek()}', expected: !, identifier, or 'end of string'`);
    }
    requirements.push(requirement(tokens));
    if (tokens.ended()) break;
    const token = tokens.next();
    if (token !== ",") throw badRequest(`found '${token}', expected: ',' or 'end of string'`);
    if (!tokens.isWord() && tokens.peek() !== "!") {
      throw badRequest(`found '${tokens.peek()}', expected: identifier after ','`);
    }
  }
  return requirements.length === 0 ? undefined : (labels) => requirements.every((matches) => matches(labels));
}

function requirement(tokens: Tokens): LabelMatch {
  const absent = tokens.peek() === "!";
  if (absent) tokens.next();
  if (!tokens.isWord()) throw refuse(`found '${tokens.next()}', expected: identifier`);
  const key = tokens.next();
  const complaints = checkLabelKey(key);
  if (complaints.length > 0) throw refuse(`<nil>: Invalid value: "${key}": ${complaints.join("; ")}`);
  if (tokens.ended() || tokens.peek() === ",") {
    return absent ? (labels) => !Object.hasOwn(labels, key) : (labels) => Object.hasOwn(labels, key);
  }
  if (absent) return (labels) => !Object.hasOwn(labels, key);
  const operator = tokens.next();
  switch (operator) {
    case "in":
    case "notin": {
      const values = several(tokens);
      checkValues(key, [...values].sort());
      return operator === "in"
        ? (labels) => Object.hasOwn(labels, key) && values.has(labels[key]!)
        : (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key]!);
    }
    case "=":
    case "==":
    case "!=": {
      const value = single(tokens);
      checkValues(key, [value]);
      return operator === "!="
        ? (labels) => !Object.hasOwn(labels, key) || labels[key] !== value
        : (labels) => Object.hasOwn(labels, key) && labels[key] === value;
    }
    case "<":
    case ">":
      return compared(key, operator, single(tokens));
    default:
      throw refuse(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function compared(key: string, operator: "<" | ">", value: string): LabelMatch {
  if (!/^[-+]?\d+$/.test(value)) {
    const text = "for 'Gt', 'Lt' operators, the value must be an integer";
    throw refuse(`values[0]: Invalid value: "${value}": ${text}`);
  }
  const bound = Number(value);
  return (labels) => {
    const have = Object.hasOwn(labels, key) ? Number(labels[key]) : Number.NaN;
    return operator === "<" ? have < bound : have > bound;
  };
}

/** The value after `=`; none at all is the empty one. */
function single(tokens: Tokens): string {
  if (tokens.ended() || tokens.peek() === ",") return "";
  if (!tokens.isWord()) throw refuse(`found '${tokens.next()}', expected: identifier`);
  return tokens.next();
}

/** The values in parentheses; `()`, `(,a)` and `(a,)` hold the empty one. */
function several(tokens: Tokens): ReadonlySet<string> {
  const open = tokens.next();
  if (open !== "(") throw refuse(`found '${open}' expected: '('`);
  const values = new Set<string>();
  if (tokens.peek() === ")") {
    tokens.next();
    return values.add("");
  }
  if (!tokens.isWord() && tokens.peek() !== ",") {
    throw refuse(`found '${tokens.peek()}', expected: ',', ')' or identifier`);
  }
  for (;;) {
    const isWord = tokens.isWord();
    const token = tokens.next();
    if (isWord) {
      values.add(token);
      if (tokens.peek() !== "," && tokens.peek() !== ")")
        throw refuse(`found '${tokens.peek()}', expected: ',' or ')'`);
    } else if (token === ",") {
      if (values.size === 0 || tokens.peek() === ")") values.add("");
      if (tokens.peek() === ",") {
        tokens.next();
        values.add("");
      }
    } else throw refuse(`found '${token}', expected: ',', or identifier`);
    if (tokens.peek() !== ")") continue;
    tokens.next();
    return values;
  }
}

function checkValues(key: string, values: readonly string[]): void {
  const errors = values.flatMap((value, index) => {
    const complaints = checkLabelValue(value);
    return complaints.length > 0
      ? [`values[${index}][${key}]: Invalid value: "${value}": ${complaints.join("; ")}`]
      : [];
  });
  if (errors.length > 0) throw refuse(errors.length === 1 ? errors[0]! : `[${errors.join(", ")}]`);
}

function refuse(message: string): Error {
  return badRequest(`unable to parse requirement: ${message}`);
}

export interface LabelSelectorObject {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Compiles a `metav1.LabelSelector`; an empty one selects everything. */
export function matchesSelector(selector: LabelSelectorObject, labels: Labels): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const has = Object.hasOwn(labels, key);
      if (operator === "In") return has && values.includes(labels[key]!);
      if (operator === "NotIn") return !has || !values.includes(labels[key]!);
      return operator === "Exists" ? has : !has;
    })
  );
}
