// Stand-in for apiserver/fields/managed-fields.ts until it lands; then this file goes.
import { applyMergePatch } from "./patch/index.ts";
import type { CompiledSchema } from "./schema/structural.ts";
export function serverSideApply(o: {
  live?: unknown;
  config: unknown;
  manager: string;
  force: boolean;
  subresource: string;
  schema: CompiledSchema;
  apiVersion: string;
  now: string;
}): { object: unknown; conflicts?: unknown[] } {
  return { object: o.live === undefined ? o.config : applyMergePatch(o.live as never, o.config as never) };
}
export function trackUpdate(o: {
  live?: unknown;
  next: { metadata: { managedFields?: unknown[] } };
  manager: string;
  subresource: string;
  apiVersion: string;
  schema: CompiledSchema;
  now: string;
}): unknown[] {
  return o.next.metadata.managedFields ?? [];
}
