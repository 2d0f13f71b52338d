import { parentPort } from "node:worker_threads";
import { type CalendarText, expand, type Window } from "./expand.ts";

/** What the other thread asks for. */
export interface ExpandRequest {
  readonly calendars: readonly CalendarText[];
  readonly window: Window;
  readonly excluded: readonly string[];
}

parentPort?.on("message", ({ calendars, window, excluded }: ExpandRequest) => {
  const expansion = expand(calendars, window, new Set(excluded), (key) => parentPort?.postMessage({ entering: key }));
  parentPort?.postMessage({ expansion });
});
