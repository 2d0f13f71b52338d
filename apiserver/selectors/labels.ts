import { badRequest } from "../http/status.ts";
import { checkLabelValue, checkQualifiedName } from "../kinds/names.ts";

export type Labels = Readonly<Record<string, string>>;
export type LabelMatch = (labels: Labels) => boolean;

const symbols = /\s*(!=|==|=|\(|\)|,|!|<|>|[^\s!=(),<>]+)/y;

/**
 * Compiles a label selector (`a=b,c in (d,e),!f,g>1`). Undefined when it selects everything. Throws BadRequest in
 * the words of Kubernetes' parser.
 */
export function readLabelSelector(text: string | null): LabelMatch | undefined {
  if (!text?.trim()) return undefined;
  const tokens = tokenize(text);
  const requirements: LabelMatch[] = [];
  let at = 0;
  const next = () => tokens[at++] ?? "";
  for (;;) {
    requirements.push(requirement(next, () => tokens[at] ?? ""));
    const token = next();
    if (token === "") break;
    if (token !== ",") throw badRequest(`found '${token}', expected: ',' or 'end of string'`);
  }
  return (labels) => requirements.every((matches) => matches(labels));
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  symbols.lastIndex = 0;
  for (let match = symbols.exec(text); match; match = symbols.exec(text)) tokens.push(match[1]!);
  return tokens;
}

function requirement(next: () => string, peek: () => string): LabelMatch {
  let key = next();
  const absent = key === "!";
  if (absent) key = next();
  if (!key || /^[=(),<>]|^!=$/.test(key)) {
    if (!absent) throw badRequest(`found '${key}', expected: !, identifier, or 'end of string'`);
    throw refuse(`found '${key}', expected: identifier`);
  }
  const [complaint] = checkQualifiedName(key);
  if (complaint) throw refuse(`<nil>: Invalid value: "${key}": ${complaint}`);
  if (absent) return (labels) => !Object.hasOwn(labels, key);
  const operator = peek();
  if (operator === "" || operator === ",") return (labels) => Object.hasOwn(labels, key);
  next();
  if (operator === "=" || operator === "==") {
    const value = single(next, peek);
    checkValue(key, value);
    return (labels) => Object.hasOwn(labels, key) && labels[key] === value;
  }
  if (operator === "!=") {
    const value = single(next, peek);
    checkValue(key, value);
    return (labels) => !Object.hasOwn(labels, key) || labels[key] !== value;
  }
  if (operator === "<" || operator === ">") {
    const value = single(next, peek);
    if (!/^-?\d+$/.test(value)) {
      throw refuse(
        `values[0][${key}]: Invalid value: "${value}": for 'Gt', 'Lt' operators, the value must be an integer`,
      );
    }
    const bound = Number(value);
    return (labels) => {
      const have = Object.hasOwn(labels, key) ? Number(labels[key]) : Number.NaN;
      return operator === "<" ? have < bound : have > bound;
    };
  }
  if (operator === "in" || operator === "notin") {
    const values = many(next);
    for (const value of values) checkValue(key, value);
    return operator === "in"
      ? (labels) => Object.hasOwn(labels, key) && values.has(labels[key]!)
      : (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key]!);
  }
  throw refuse(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
}

function single(next: () => string, peek: () => string): string {
  const value = peek();
  if (value === "" || value === ",") return "";
  if (/^[!=()<>]/.test(value)) throw refuse(`found '${value}', expected: identifier`);
  return next();
}

function many(next: () => string): ReadonlySet<string> {
  const open = next();
  if (open !== "(") throw refuse(`found '${open}' expected: '('`);
  const values = new Set<string>();
  let expectValue = true;
  for (;;) {
    const token = next();
    if (token === ")") {
      if (expectValue) values.add("");
      return values;
    }
    if (token === "") throw refuse("found '', expected: ',' or ')'");
    if (token === ",") {
      if (expectValue) values.add("");
      expectValue = true;
    } else {
      values.add(token);
      expectValue = false;
    }
  }
}

function checkValue(key: string, value: string): void {
  const [complaint] = checkLabelValue(value);
  if (complaint) throw refuse(`values[0][${key}]: Invalid value: "${value}": ${complaint}`);
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
