import type { Environment } from "@marcbachmann/cel-js";

/** A URL as Go's `url.ParseRequestURI` reads it: absolute, or a path that begins with "/". */
export class CelUrl {
  readonly url: URL;
  readonly absolute: boolean;
  readonly text: string;
  constructor(url: URL, absolute: boolean, text: string) {
    this.url = url;
    this.absolute = absolute;
    this.text = text;
  }
}

export function parseUrl(text: string): CelUrl | undefined {
  if (text.length > 10_000 || /[^\S ]|\p{Cc}|^ | $/u.test(text)) return undefined;
  // A blank may stand in a path or a query, not before.
  if (text.includes(" ") && !/^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^ /?#]*)?[/?#]/.test(text)) return undefined;
  const absolute = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text);
  if (!absolute && !text.startsWith("/")) return undefined;
  try {
    return new CelUrl(new URL(text, absolute ? undefined : "relative://x"), absolute, text);
  } catch {
    return undefined;
  }
}

function query(url: CelUrl): Record<string, string[]> {
  const members: Record<string, string[]> = Object.create(null);
  for (const [key, value] of url.url.searchParams) {
    members[key] ??= [];
    members[key].push(value);
  }
  return members;
}

/** The port is read from the text: the standard class forgets a scheme's default one. */
const host = (url: CelUrl): string =>
  url.absolute ? (/^[^:]+:\/\/(?:[^@/?#]*@)?([^/?#]*)/.exec(url.text)?.[1] ?? "") : "";

/** Kubernetes' URL library. */
export function addUrl(env: Environment): void {
  const type = "kubernetes.URL";
  env.registerType(type, CelUrl as never);
  env
    .registerFunction(`url(string): ${type}`, (text: string) => {
      const parsed = parseUrl(text);
      if (!parsed)
        throw new Error(
          `URL parse error during conversion from string: parse "${text.slice(0, 64)}": invalid URI for request`,
        );
      return parsed;
    })
    .registerFunction("isURL(string): bool", (text: string) => parseUrl(text) !== undefined)
    .registerFunction(`${type}.getScheme(): string`, (a: CelUrl) => (a.absolute ? a.url.protocol.slice(0, -1) : ""))
    .registerFunction(`${type}.getHost(): string`, host)
    .registerFunction(`${type}.getHostname(): string`, (a: CelUrl) =>
      host(a)
        .replace(/:\d*$/, "")
        .replace(/^\[(.*)\]$/, "$1"),
    )
    .registerFunction(`${type}.getPort(): string`, (a: CelUrl) => /:(\d+)$/.exec(host(a))?.[1] ?? "")
    .registerFunction(`${type}.getEscapedPath(): string`, (a: CelUrl) =>
      a.url.pathname === "/" && !/^[^:]+:\/\/[^/]*\//.test(a.text) && a.absolute ? "" : a.url.pathname,
    )
    .registerFunction(`${type}.getQuery(): map<string, list<string>>`, query)
    .registerOperator(`${type} == ${type}`, (a: CelUrl, b: CelUrl) => a.text === b.text);
}
