/** Columns aligned with two spaces between them and no trailing blanks; numbers to the right. Empty without rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const widths = head.map((title, i) => Math.max(width(title), ...rows.map((row) => width(row[i] ?? ""))));
  const right = head.map((_, i) => rows.every((row) => /^(-|[\d.,]+( ?(ms|s|B))?|)$/.test(row[i] ?? "")));
  const line = (cells: readonly string[]) =>
    widths
      .map((size, i) => {
        const cell = cells[i] ?? "";
        const blanks = " ".repeat(Math.max(0, size - width(cell)));
        return right[i] ? blanks + cell : cell + blanks;
      })
      .join("  ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}

/** Characters, not UTF-16 units. Wide scripts count as one: good enough for names and numbers. */
function width(text: string): number {
  return [...text].length;
}
