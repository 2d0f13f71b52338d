/** How a piece of text looks on a terminal. */
export type Style = "plain" | "strong" | "faint" | "title" | "good" | "bad" | "notice" | "label" | "command";

export type Part = readonly [text: string, style: Style];
export type Line = readonly Part[];

// SGR codes of the sixteen basic colours only: they follow the user's own theme, light or dark.
const codes: Readonly<Record<Style, string>> = {
  plain: "",
  strong: "1",
  faint: "2",
  title: "1;4",
  good: "32",
  bad: "31",
  notice: "33",
  label: "7;33",
  command: "36",
};

/** One line of text, cut to the width with an ellipsis. Control characters in data cannot reach the terminal. */
export function paint(line: Line, columns: number, colours: boolean): string {
  let room = columns;
  let text = "";
  for (const [raw, style] of line) {
    if (room <= 0) break;
    const clean = [...raw.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "·")];
    const shown = clean.length > room ? [...clean.slice(0, Math.max(0, room - 1)), "…"] : clean;
    room -= shown.length;
    const code = codes[style];
    text += colours && code !== "" ? `\u001b[${code}m${shown.join("")}\u001b[0m` : shown.join("");
  }
  return text.trimEnd();
}
