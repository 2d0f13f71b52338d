/** What a transcript's words are made of that differ from run to run. */
interface Around {
  readonly ns: string;
  readonly url: string;
  readonly folder: string;
}

const replacements: readonly (readonly [RegExp, string])[] = [
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "{jwt}"],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "{uid}"],
  [/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?( ?[+-]\d{4}|Z)?/g, "{time}"],
  [/(resourceVersion"?: ?"?)\d+/g, "$1{rv}"],
  [/(Resource Version: +)\d+/g, "$1{rv}"],
  // Ages: 3s, 2m10s, 5d; what they stand in is padded to their length.
  [/(?<=[ (])(\d+[dhms]){1,2}(?=[ )\n])/g, "{age}"],
  [/<unknown>(?= *\n)/g, "{age}"],
  [/(Expected resource version to be 1, was )\d+/g, "$1{rv}"],
  [/(LIVE|MERGED)-\d+/g, "$1-{random}"],
  [/(kubectl(?:-exe)?-edit-|-edit-)\w+\.yaml/g, "$1{random}.yaml"],
  // What a kubectl that is about to exit still logs of its own watch is a race in it.
  [/^[EIW]\d{4} .* reflector\.go:.*\n/gm, ""],
  [/([EIW]\d{4}) \d{2}:\d{2}:\d{2}\.\d+ +\d+ /g, "$1 {time} "],
];

/** A transcript without times, ids, versions, places, and the padding that depends on their length. */
export function transcriptText(text: string, { ns, url, folder }: Around): string {
  let shown = text.replaceAll(folder, "{folder}").replaceAll(url, "{server}").replaceAll(new URL(url).host, "{host}");
  shown = shown.replaceAll(ns, "{ns}");
  for (const [pattern, by] of replacements) shown = shown.replace(pattern, by);
  // Columns: runs of spaces inside a line, and dashes below a heading.
  return shown.replace(/(?<=\S) {2,}/g, "  ").replace(/ +$/gm, "");
}
