import { AsyncLocalStorage } from "node:async_hooks";

/** Where the request of a tool call reports that its answer will not come. */
export interface CallScope {
  readonly broken: (why: unknown) => void;
}

/**
 * Which tool call a request of the MCP client belongs to. The client does not fail a call whose answering stream breaks
 * or ends early: it waits for a resumption that we do not want. The fetch below it knows, and tells the call.
 */
export const callScope = new AsyncLocalStorage<CallScope>();
