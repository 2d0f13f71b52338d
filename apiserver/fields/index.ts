export { type ApplyOptions, type ApplyResult, serverSideApply } from "./apply.ts";
export { conflictMessage, type FieldConflict } from "./ownership.ts";
export { type TrackOptions, trackUpdate } from "./track.ts";
export type { KindVersions } from "./versions.ts";
