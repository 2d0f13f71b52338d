import type { ToolServer } from "../../api/generated/tool-server.ts";
import { kinds } from "../../api/kinds.ts";
import { driven, reads } from "../kit/access.ts";
import type { Reconciler } from "../kit/reconciler.ts";
import { decide, release, type Snapshot } from "./decide.ts";

/** Brings tool servers into force and shows the catalog that the gateway pinned. */
export const toolServer: Reconciler<ToolServer, Snapshot> = {
  kind: kinds.ToolServer,
  owns: ["CatalogStable"],
  finalizer: "roster.dev/ledger",
  watches: [],
  channels: [{ channel: "tools", keys: (view) => view.keysBy(kinds.ToolServer, "all", "") }],
  access: [...driven(kinds.ToolServer), ...reads(kinds.Namespace)],
  async gather(server, view) {
    return {
      server,
      tenant: view.tenantOf(server.metadata.namespace!),
      catalog: await view.ledger.catalog.listTools(server.metadata.uid),
    };
  },
  decide,
  release,
};
