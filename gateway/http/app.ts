import { type Context, Hono } from "hono";
import { problem } from "../../api/reasons.ts";
import { messageOf } from "../../lib/problem.ts";
import { authenticate, type Caller } from "../identity/authenticate.ts";
import { requireListed } from "../identity/bearer.ts";
import { introspect } from "../identity/introspect.ts";
import { revoke } from "../identity/revoke.ts";
import { routeLedger } from "../ledger/routes.ts";
import { withinLedgerTime } from "../ledger-time.ts";
import { listModels } from "../models/list.ts";
import { listOffboardings } from "../offboardings/list.ts";
import type { Ports } from "../ports.ts";
import { failRun, parseFail } from "../runs/fail.ts";
import { finishRun, parseFinish } from "../runs/finish.ts";
import { listRuns, toRunQuery } from "../runs/list.ts";
import { readTrace } from "../runs/trace.ts";
import { serveMcp } from "../tools/mcp.ts";
import { parseBody, readWebBody } from "./body.ts";
import { toProblem, toProblemDetails } from "./status.ts";

const smallBodyBytes = 16_384;

/** Everything that answers once and is done. Streams are in `serve.ts`, which controls their sockets. */
export function toApp(ports: Ports): Hono {
  const app = new Hono();
  app.onError((thrown) => refusal(thrown, ports));
  app.notFound((c) => refusal(problem("NotFound", `there is no ${c.req.method} ${c.req.path.slice(0, 200)}`), ports));

  app.get("/healthz", (c) => c.text("ok"));
  app.get("/readyz", async (c) => {
    ports.lease.assertHeld();
    if (ports.drain.begun) throw problem("GatewayUnavailable", "the gateway is stopping");
    await withinLedgerTime(ports, ports.ledger.ping(1_000));
    return c.text("ok");
  });
  app.get("/metrics", (c) => {
    ports.metrics.gauge("open_calls", ports.open.size);
    ports.metrics.gauge("open_claims", ports.owned.size);
    return c.body(ports.metrics.text(), 200, { "content-type": "text/plain; version=0.0.4" });
  });

  app.all("/mcp", (c) => serveMcp(c.req.raw, ports));
  app.get("/v1/models", async (c) => c.json(await listModels(await authenticate(authorizationOf(c), ports), ports)));
  app.get("/v1/namespaces/:namespace/runs/:name/trace", async (c) => {
    const { namespace, name } = c.req.param();
    return c.json(await readTrace({ namespace, name, authorization: authorizationOf(c) }, ports));
  });
  app.get("/v1/namespaces/:namespace/runs", async (c) => {
    const where = { namespace: c.req.param("namespace"), authorization: authorizationOf(c) };
    return c.json(await listRuns(where, toRunQuery(c.req.query()), ports));
  });
  for (const path of ["/v1/offboardings", "/v1/namespaces/:namespace/offboardings"])
    app.get(path, async (c) =>
      c.json(await listOffboardings({ namespace: c.req.param("namespace"), authorization: authorizationOf(c) }, ports)),
    );
  routeIdentity(app, ports);
  routeRuns(app, ports);
  routeLedger(app, ports);
  return app;
}

/** RFC 7662 and RFC 7009: form bodies, operator tokens, nothing to be cached. */
function routeIdentity(app: Hono, ports: Ports): void {
  const operator = (c: Context) =>
    requireListed(authorizationOf(c), { prefix: "rso_", name: "operator", hashes: ports.config.operatorTokenHashes });
  app.post("/introspect", async (c) => {
    operator(c);
    return c.json(await introspect(await formToken(c), ports), 200, { "cache-control": "no-store" });
  });
  app.post("/revoke", async (c) => {
    const by = operator(c);
    await revoke(await formToken(c), by, ports);
    return c.body(null, 200);
  });
}

function routeRuns(app: Hono, ports: Ports): void {
  const path = (verb: string) => `/runtime/v1/runs/:id/${verb}`;
  app.post(path("beat"), async (c) => {
    const { token } = await callerOf(c, ports);
    await withinLedgerTime(ports, ports.ledger.runs.beat(token.run.id, token.run.epoch, ports.config.runLeaseMs));
    return c.body(null, 204);
  });
  app.post(path("finish"), async (c) => {
    const caller = await callerOf(c, ports);
    const answer = await finishRun(caller, parseFinish(parseBody(await readWebBody(c.req.raw))), ports);
    if (answer.outcome === "finished") ports.owned.finish(caller.token.run.id, caller.token.run.epoch);
    return c.json(answer);
  });
  app.post(path("fail"), async (c) => {
    const caller = await callerOf(c, ports);
    await failRun(caller, parseFail(parseBody(await readWebBody(c.req.raw, smallBodyBytes))), ports);
    ports.owned.finish(caller.token.run.id, caller.token.run.epoch);
    return c.body(null, 204);
  });
  app.post(path("release"), async (c) => {
    const { token } = await callerOf(c, ports);
    await withinLedgerTime(ports, ports.ledger.runs.release(token.run.id, token.run.epoch, "release"));
    ports.owned.finish(token.run.id, token.run.epoch);
    return c.body(null, 204);
  });
}

/** The caller, who may speak of their own run only. */
async function callerOf(c: Context, ports: Ports): Promise<Caller> {
  const caller = await authenticate(authorizationOf(c), ports);
  if (caller.token.run.id !== c.req.param("id")) throw problem("Forbidden", "the token belongs to another run");
  return caller;
}

function authorizationOf(c: Context): string | undefined {
  return c.req.header("authorization");
}

async function formToken(c: Context): Promise<string> {
  const type = c.req.header("content-type") ?? "";
  if (!type.startsWith("application/x-www-form-urlencoded")) {
    throw problem("InvalidRequest", "send a form (application/x-www-form-urlencoded) with the field token");
  }
  const fields = new URLSearchParams(await readWebBody(c.req.raw, smallBodyBytes));
  const tokens = fields.getAll("token");
  if (tokens.length !== 1 || tokens[0] === "")
    throw problem("InvalidRequest", "the form needs the field token exactly once");
  return tokens[0]!;
}

/** RFC 9457. A bug is logged with its cause and shown without it. */
function refusal(thrown: unknown, ports: Ports): Response {
  const why = toProblem(thrown);
  if (why.reason === "InternalError") ports.log.error("a request failed", { error: messageOf(why.cause ?? thrown) });
  const details = toProblemDetails(why);
  const headers: Record<string, string> = { "content-type": "application/problem+json", "cache-control": "no-store" };
  if (details.status === 401) headers["www-authenticate"] = `Bearer error="invalid_token"`;
  return new Response(JSON.stringify(details), { status: details.status, headers });
}
