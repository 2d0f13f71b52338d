import { isObject } from "../../lib/json.ts";

type Step = (values: readonly unknown[]) => unknown[];

/**
 * Compiles the JSONPath of a printer column (kubectl's dialect: fields, quoted fields, indexes, wildcards, recursive
 * descent and `[?(@.type=="Ready")]` filters). What it does not understand selects nothing, as in a Table.
 */
export function readPath(path: string): (object: unknown) => unknown[] {
  const steps: Step[] = [];
  let rest = path
    .trim()
    .replace(/^\{|\}$/g, "")
    .replace(/^\$/, "");
  while (rest !== "") {
    const read = readStep(rest);
    if (!read) return () => [];
    steps.push(read.step);
    rest = rest.slice(read.length);
  }
  return (object) => steps.reduce<unknown[]>((values, step) => step(values), [object]);
}

const patterns: readonly { readonly pattern: RegExp; readonly make: (match: RegExpMatchArray) => Step | undefined }[] =
  [
    { pattern: /^\.\.([\w-]+)/, make: ([, name]) => each((value) => descend(value, name!)) },
    { pattern: /^\.\*|^\[\*\]/, make: () => each(children) },
    // A backslash keeps a dot inside a name: .metadata.labels.app\.kubernetes\.io/name
    {
      pattern: /^\.?((?:[^.[\]\\]|\\.)+)/,
      make: ([, name]) => each((value) => field(value, name!.replace(/\\(.)/g, "$1"))),
    },
    // What is quoted is read as a path of its own, so that a dot in a name wants its backslash here too.
    {
      pattern: /^\['([^']*)'\]/,
      make: ([, name]) => {
        const read = readPath(`.${name}`);
        return each(read);
      },
    },
    {
      pattern: /^\[(-?\d+)\]/,
      make: ([, index]) => each((value) => (Array.isArray(value) ? at(value, Number(index)) : [])),
    },
    {
      pattern: /^\[(-?\d*):(-?\d*)(?::(\d*))?\]/,
      make: ([, from, to, step]) =>
        each((value) =>
          Array.isArray(value)
            ? value
                .slice(Number(from || 0), to ? Number(to) : undefined)
                .filter((_, index) => index % (Number(step) || 1) === 0)
            : [],
        ),
    },
    {
      pattern: /^\[([^\]'"?]+,[^\]'"?]+)\]/,
      make: ([, parts]) => {
        const reads = parts!.split(",").map((part) => readPath(`[${part.trim()}]`));
        return each((value) => reads.flatMap((read) => read(value)));
      },
    },
    { pattern: /^\[\?\(([^\]]*)\)\]/, make: ([, condition]) => filter(condition!) },
  ];

const subscript = /^(?:\*|'[^']*'|-?\d*(?::-?\d*)?(?::-?\d*)?)$/;

/** Whether kubectl's parser can read the brackets of a path. */
export function isReadable(path: string): boolean {
  const rest = path.replace(/\[\?\([^\]]*\)\]/g, "");
  const whole = rest.replace(/\[([^\]]*)\]/g, (_, inner: string) =>
    inner.split(",").every((part) => subscript.test(part.trim())) ? "" : "[",
  );
  return !whole.includes("[");
}

function readStep(text: string): { readonly step: Step; readonly length: number } | undefined {
  if (text === ".") return { step: (values) => [...values], length: 1 };
  for (const { pattern, make } of patterns) {
    const match = text.match(pattern);
    const step = match && make(match);
    if (step) return { step, length: match[0].length };
  }
  return undefined;
}

const each =
  (select: (value: unknown) => readonly unknown[]): Step =>
  (values) =>
    values.flatMap((value) => select(value));

function field(value: unknown, name: string): unknown[] {
  return isObject(value) && Object.hasOwn(value, name) ? [value[name]] : [];
}

function at(list: readonly unknown[], index: number): unknown[] {
  const value = list.at(index);
  return value === undefined ? [] : [value];
}

function children(value: unknown): unknown[] {
  return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
}

function descend(value: unknown, name: string): unknown[] {
  return [...field(value, name), ...children(value).flatMap((child) => descend(child, name))];
}

function filter(condition: string): Step | undefined {
  const match = condition.match(/^\s*@((?:\.|\[).*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?))?\s*$/);
  if (!match) return undefined;
  const [, path, operator, literal] = match;
  const read = readPath(path!);
  if (!operator) return each((value) => children(value).filter((item) => read(item).length > 0));
  const want = readLiteral(literal!);
  return each((value) => children(value).filter((item) => compare(read(item)[0], operator, want)));
}

function readLiteral(text: string): unknown {
  const quoted = text.match(/^(?:"(.*)"|'(.*)')$/);
  if (quoted) return quoted[1] ?? quoted[2];
  if (text === "true" || text === "false") return text === "true";
  return Number(text);
}

function compare(have: unknown, operator: string, want: unknown): boolean {
  if (operator === "==") return have === want;
  if (have === undefined) return false;
  if (operator === "!=") return have !== want;
  if (typeof have !== typeof want || (typeof have !== "number" && typeof have !== "string")) return false;
  const order = have < (want as typeof have) ? -1 : have > (want as typeof have) ? 1 : 0;
  return { "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[operator] ?? false;
}
