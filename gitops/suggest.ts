import { fold } from "./spelling.ts";

/** ` (did you mean "x"?)` for the candidate closest to a misspelt word, or nothing where none is close. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  // Case and separators are what people get wrong most: maxSteps, max_steps and MaxSteps are one word here.
  const plain = fold(word);
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(plain, fold(candidate));
    if (distance <= Math.max(1, Math.floor(plain.length / 3)) && (!best || distance < best.distance)) {
      best = { candidate, distance };
    }
  }
  return best ? ` (did you mean "${best.candidate}"?)` : "";
}

/** Edits (insert, delete, replace, swap of neighbours) between two words, each at most 64 characters long. */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    before = above;
    above = row;
  }
  return above[to.length]!;
}
