import { canonicalJson, isObject, type JsonObject } from "../lib/json.ts";
import type { Catalog, RoleRecord, TierRecord, ToolServerRecord } from "./ledger.ts";
import { authority, fenced, type Ports } from "./ports.ts";
import type { Row } from "./sql.ts";
import { dropStop, listStops, putStop } from "./stops.ts";
import { admitPinned, listTools, recordTools } from "./tools.ts";

/** Read when reading, never stored as a default: an absent limit means this. */
export const defaultLimits = { maxConcurrentRuns: 2, maxWaitingRuns: 20, maxAgeSeconds: 86_400 } as const;

export function limitOf(content: JsonObject, name: keyof typeof defaultLimits): number {
  const limits = content.limits;
  const value = isObject(limits) ? limits[name] : undefined;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : defaultLimits[name];
}

export const revisionColumns =
  "v.role_uid, v.tenant, v.namespace, v.name, v.revision, v.content, v.source_map, v.compiled as revision_compiled";

export function toRole(row: Row, compiled = row.revision_compiled as boolean): RoleRecord {
  return {
    uid: row.role_uid as string,
    tenant: row.tenant as string,
    namespace: row.namespace as string,
    name: row.name as string,
    revision: row.revision as string,
    content: row.content as JsonObject,
    compiled,
    sourceMap: row.source_map as Record<string, string>,
  };
}

/** Declarations as the controller hands them in. Each put is idempotent; an equal one changes and wakes nothing. */
export function makeCatalog(ports: Ports): Catalog {
  const { db, time } = ports;
  return {
    async ensureTenant(tenant, namespace) {
      await db.query(
        `insert into tenants (tenant, namespace) values ($1, $2)
         on conflict (tenant) do update set namespace = $2 where tenants.namespace <> $2`,
        [tenant, namespace],
      );
    },

    async putRole(fence, role) {
      await db.tx(
        async (tx) => {
          const [was] = await tx.query("select revision, compiled, dropped, name from roles where uid = $1", [
            role.uid,
          ]);
          const same = was && was.revision === role.revision && was.compiled === role.compiled && !was.dropped;
          const [stored] = await tx.query("select source_map from revisions where role_uid = $1 and revision = $2", [
            role.uid,
            role.revision,
          ]);
          if (same && stored && canonicalJson(stored.source_map) === canonicalJson(role.sourceMap)) return;
          await tx.query("select change_authority($1)", [[authority.role(role.uid)]]);
          // A role deleted and created again under its name: the older one is history.
          await tx.query(
            "update roles set dropped = true where tenant = $1 and name = $2 and uid <> $3 and not dropped",
            [role.tenant, role.name, role.uid],
          );
          await tx.query(
            `insert into roles (uid, tenant, namespace, name, revision, compiled, authority_seq, max_running, max_waiting)
             values ($1, $2, $3, $4, $5, $6, nextval('authority_seq'), $7, $8)
             on conflict (uid) do update set revision = $5, compiled = $6, dropped = false,
               authority_seq = excluded.authority_seq, max_running = $7, max_waiting = $8`,
            [
              role.uid,
              role.tenant,
              role.namespace,
              role.name,
              role.revision,
              role.compiled,
              limitOf(role.content, "maxConcurrentRuns"),
              limitOf(role.content, "maxWaitingRuns"),
            ],
          );
          await tx.query(
            `insert into revisions (role_uid, revision, tenant, namespace, name, content, source_map, compiled, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (role_uid, revision) do update set source_map = $7, compiled = $8`,
            [
              role.uid,
              role.revision,
              role.tenant,
              role.namespace,
              role.name,
              JSON.stringify(role.content),
              JSON.stringify(role.sourceMap),
              role.compiled,
              time.now(),
            ],
          );
          await tx.query(
            "select refresh_lanes(array(select uid from bindings where role_uid = $1 and state <> 'revoked'))",
            [role.uid],
          );
          tx.wake("authority", "queue");
        },
        { first: fenced(fence) },
      );
    },

    async dropRole(fence, uid) {
      await db.tx(
        async (tx) => {
          await tx.query("select change_authority($1)", [[authority.role(uid)]]);
          await tx.query("update roles set dropped = true, authority_seq = nextval('authority_seq') where uid = $1", [
            uid,
          ]);
          await tx.query(
            "select refresh_lanes(array(select uid from bindings where role_uid = $1 and state <> 'revoked'))",
            [uid],
          );
          tx.wake("authority");
        },
        { first: fenced(fence) },
      );
    },

    async findRole(tenant, name) {
      const [row] = await db.query(
        `select ${revisionColumns}, r.compiled from roles r
           join revisions v on v.role_uid = r.uid and v.revision = r.revision
          where r.tenant = $1 and r.name = $2 and not r.dropped`,
        [tenant, name],
      );
      return row && toRole(row, row.compiled as boolean);
    },

    async findRevision(tenant, revision) {
      const [row] = await db.query(
        `select ${revisionColumns} from revisions v where v.tenant = $1 and v.revision = $2
          order by v.created_at desc limit 1`,
        [tenant, revision],
      );
      return row && toRole(row);
    },

    async putTier(fence, tier) {
      const record = JSON.stringify(tier, (_, value) => (typeof value === "bigint" ? value.toString() : value));
      await db.tx(
        async (tx) => {
          await tx.query(
            `insert into tiers (name, record) values ($1, $2)
             on conflict (name) do update set record = $2, dropped = false`,
            [tier.name, record],
          );
        },
        { first: fenced(fence) },
      );
    },
    async dropTier(fence, name) {
      await db.tx((tx) => tx.query("update tiers set dropped = true where name = $1", [name]), {
        first: fenced(fence),
      });
    },
    async findTier(name) {
      const [row] = await db.query("select record from tiers where name = $1 and not dropped", [name]);
      return row && toTier(row.record as StoredTier);
    },
    async listTiers() {
      const rows = await db.query("select record from tiers where not dropped order by name");
      return rows.map((row) => toTier(row.record as StoredTier));
    },

    async putToolServer(fence, server) {
      await db.tx(
        async (tx) => {
          await tx.query(
            "update tool_servers set dropped = true where tenant = $1 and name = $2 and uid <> $3 and not dropped",
            [server.tenant, server.name, server.uid],
          );
          await tx.query(
            `insert into tool_servers (uid, tenant, namespace, name, spec, ready) values ($1, $2, $3, $4, $5, $6)
             on conflict (uid) do update set spec = $5, ready = $6, dropped = false`,
            [server.uid, server.tenant, server.namespace, server.name, JSON.stringify(server.spec), server.ready],
          );
          await admitPinned(tx, server);
        },
        { first: fenced(fence) },
      );
    },
    async dropToolServer(fence, uid) {
      await db.tx((tx) => tx.query("update tool_servers set dropped = true where uid = $1", [uid]), {
        first: fenced(fence),
      });
    },
    async findToolServer(tenant, name) {
      const [row] = await db.query("select * from tool_servers where tenant = $1 and name = $2 and not dropped", [
        tenant,
        name,
      ]);
      return row && toToolServer(row);
    },
    async listToolServers(tenant) {
      const rows = await db.query("select * from tool_servers where tenant = $1 and not dropped order by name", [
        tenant,
      ]);
      return rows.map(toToolServer);
    },
    recordTools: (serverUid, protocolVersion, tools) => recordTools(ports, serverUid, protocolVersion, tools),
    listTools: (serverUid) => listTools(db, serverUid),
    putStop: (stop) => putStop(ports, stop),
    dropStop: (fence, uid) => dropStop(ports, fence, uid),
    listStops: (tenant) => listStops(ports, tenant),
  };
}

type StoredTier = Omit<TierRecord, "prices"> & {
  readonly prices: Readonly<Record<keyof TierRecord["prices"], string>>;
};

function toTier(stored: StoredTier): TierRecord {
  const prices = Object.fromEntries(Object.entries(stored.prices).map(([name, value]) => [name, BigInt(value)]));
  return { ...stored, prices };
}

function toToolServer(row: Row): ToolServerRecord {
  return {
    uid: row.uid as string,
    tenant: row.tenant as string,
    namespace: row.namespace as string,
    name: row.name as string,
    spec: row.spec as JsonObject,
    ready: row.ready as boolean,
  };
}
