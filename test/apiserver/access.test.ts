import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, configMap, configMapsPath as maps, startCluster, widget, widgets, widgetsPath } from "./kit.ts";

let cluster: Cluster;
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const reviews = "/apis/authorization.k8s.io/v1";
const accounts = "/api/v1/namespaces/default/serviceaccounts";

beforeAll(async () => {
  cluster = await startCluster({ crds: [widgets] });
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function grant(name: string, rules: object[], subject: object): Promise<void> {
  const roles = `${rbac}/namespaces/default`;
  await cluster.post(`${roles}/roles`, {
    kind: "Role",
    apiVersion: "rbac.authorization.k8s.io/v1",
    metadata: { name },
    rules,
  });
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
  await cluster.post(`${roles}/rolebindings`, { metadata: { name }, roleRef, subjects: [subject] });
}

const ana = { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "ana" };

describe("role-based access", () => {
  it("allows what a role says, on the names that it says, from the moment it is bound", async () => {
    await cluster.post(maps, configMap("mine"));
    expect((await cluster.get(`${maps}/mine`, { user: "ana" })).code).toBe(403);
    await grant(
      "one-map",
      [{ verbs: ["get"], apiGroups: [""], resources: ["configmaps"], resourceNames: ["mine"] }],
      ana,
    );
    expect((await cluster.get(`${maps}/mine`, { user: "ana" })).code).toBe(200);
    expect((await cluster.get(`${maps}/other`, { user: "ana" })).code).toBe(403);
    expect((await cluster.get(`${maps}/mine`, { user: "ben" })).code).toBe(403);
    await cluster.remove(`${rbac}/namespaces/default/rolebindings/one-map`);
    expect((await cluster.get(`${maps}/mine`, { user: "ana" })).code).toBe(403);
  });

  it("keeps the status of an object apart from the object", async () => {
    await cluster.post(widgetsPath, widget("w"));
    await grant("statuses", [{ verbs: ["patch"], apiGroups: ["example.com"], resources: ["widgets/status"] }], ana);
    expect((await cluster.merge(`${widgetsPath}/w/status`, { status: { seen: 1 } }, { user: "ana" })).code).toBe(200);
    expect((await cluster.merge(`${widgetsPath}/w`, { spec: { size: 1 } }, { user: "ana" })).code).toBe(403);
  });

  it("answers questions about verbs that it knows nothing else of, on one name", async () => {
    await grant(
      "runner",
      [{ verbs: ["run"], apiGroups: ["example.com"], resources: ["widgets"], resourceNames: ["w"] }],
      ana,
    );
    const ask = async (name: string, user: string) => {
      const resourceAttributes = { verb: "run", group: "example.com", resource: "widgets", namespace: "default", name };
      const spec = { user, groups: [], resourceAttributes };
      return (await cluster.post(`${reviews}/subjectaccessreviews`, { spec })).body.status["allowed"];
    };
    expect([await ask("w", "ana"), await ask("v", "ana"), await ask("w", "ben")]).toEqual([true, false, false]);
  });

  it("tells everybody what they may do", async () => {
    const { body } = await cluster.post(
      `${reviews}/selfsubjectrulesreviews`,
      { spec: { namespace: "default" } },
      { user: "ana" },
    );
    expect(body.status["resourceRules"]).toContainEqual({
      verbs: ["run"],
      apiGroups: ["example.com"],
      resources: ["widgets"],
      resourceNames: ["w"],
    });
    const can = { spec: { resourceAttributes: { verb: "delete", resource: "secrets", namespace: "default" } } };
    expect((await cluster.post(`${reviews}/selfsubjectaccessreviews`, can, { user: "ana" })).body.status).toEqual({
      allowed: false,
    });
    expect((await cluster.post(`${reviews}/selfsubjectaccessreviews`, can)).body.status).toEqual({ allowed: true });
  });

  it("lets nobody give rights that they do not have", async () => {
    await grant(
      "role-writer",
      [{ verbs: ["create"], apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"] }],
      ana,
    );
    const role = (verbs: string[]) => ({
      metadata: { name: "made-by-ana" },
      rules: [{ verbs, apiGroups: [""], resources: ["secrets"] }],
    });
    const refused = await cluster.post(`${rbac}/namespaces/default/roles`, role(["get"]), { user: "ana" });
    expect(refused.code).toBe(403);
    expect(refused.body["message"]).toBe(
      'roles.rbac.authorization.k8s.io "made-by-ana" is forbidden: user "ana" (groups=["staff" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
    );
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
    const binding = { metadata: { name: "rise" }, roleRef, subjects: [ana] };
    expect((await cluster.post(`${rbac}/namespaces/default/rolebindings`, binding, { user: "ana" })).code).toBe(403);
  });

  it("fills aggregated roles from the roles that they select", async () => {
    const labels = { "rbac.authorization.k8s.io/aggregate-to-view": "true" };
    const rules = [{ verbs: ["get"], apiGroups: ["example.com"], resources: ["widgets"] }];
    await cluster.post(`${rbac}/clusterroles`, { metadata: { name: "view-widgets", labels }, rules });
    const has = (role: { readonly body: { readonly [rules: string]: unknown } }) =>
      JSON.stringify(role.body["rules"]).includes("widgets");
    expect(has(await cluster.eventually(`${rbac}/clusterroles/view`, has))).toBe(true);
    await cluster.eventually(`${rbac}/clusterroles/admin`, has);
  });

  it("takes collected rules back even where nobody owns them, as in folders of before they had an owner", async () => {
    const labels = { collect: "old" };
    const rules = [{ verbs: ["get"], apiGroups: ["example.com"], resources: ["gears"] }];
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: labels }] };
    await cluster.post(`${rbac}/clusterroles`, { metadata: { name: "gears", labels }, rules });
    await cluster.post(`${rbac}/clusterroles`, { metadata: { name: "old" }, aggregationRule });
    const path = `${rbac}/clusterroles/old`;
    await cluster.eventually(path, ({ body }) => JSON.stringify(body).includes("gears"));
    const forgotten = await cluster.merge(path, { metadata: { managedFields: [] } });
    expect([forgotten.body.metadata["managedFields"], forgotten.body["rules"]]).toEqual([undefined, rules]);
    await cluster.remove(`${rbac}/clusterroles/gears`);
    const after = await cluster.eventually(path, ({ body }) => body["rules"] === null);
    expect(after.body["aggregationRule"]).toEqual(aggregationRule);
  });
});

describe("impersonation", () => {
  it("is refused without the right to it", async () => {
    const { code, body } = await cluster.get(maps, { user: "ana", headers: { "Impersonate-User": "ben" } });
    expect(code).toBe(403);
    expect(body["message"]).toBe(
      'configmaps is forbidden: User "ana" cannot impersonate-on:user-info:list resource "configmaps" in API group "" in the namespace "default"',
    );
  });

  it("makes an administrator exactly the other user", async () => {
    const headers = { "Impersonate-User": "ana", "Impersonate-Group": "staff" };
    const { body } = await cluster.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, { headers });
    expect(body.status["userInfo"]).toEqual({ username: "ana", groups: ["staff", "system:authenticated"] });
    expect((await cluster.get("/api/v1/secrets", { headers })).code).toBe(403);
  });
});

describe("ServiceAccounts", () => {
  it("get tokens that say who they are, until the account is gone", async () => {
    const account = { metadata: { name: "robot" } };
    await cluster.post(accounts, account);
    const asked = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } };
    const token = String((await cluster.post(`${accounts}/robot/token`, asked)).body.status["token"]);
    const whoami = await cluster.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, { token });
    expect(whoami.body.status["userInfo"]).toMatchObject({
      username: "system:serviceaccount:default:robot",
      groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
    });
    const review = async () =>
      (await cluster.post("/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token } })).body.status;
    expect(await review()).toMatchObject({
      authenticated: true,
      user: { username: "system:serviceaccount:default:robot" },
    });
    await cluster.remove(`${accounts}/robot`);
    await cluster.post(accounts, account);
    expect(await review()).toMatchObject({ error: "invalid bearer token" });
    expect((await cluster.get("/api", { token })).code).toBe(401);
  });

  it("tokens for one audience are not valid for another, and forged ones for none", async () => {
    const asked = { spec: { audiences: ["vault"] } };
    const token = String((await cluster.post(`${accounts}/default/token`, asked)).body.status["token"]);
    expect((await cluster.get("/api", { token })).code).toBe(401);
    const review = async (spec: object) =>
      (await cluster.post("/apis/authentication.k8s.io/v1/tokenreviews", { spec })).body.status;
    expect(await review({ token, audiences: ["vault"] })).toMatchObject({ authenticated: true, audiences: ["vault"] });
    const [head, claims] = token.split(".");
    expect(await review({ token: `${head}.${claims}.AAAA`, audiences: ["vault"] })).toEqual({
      user: {},
      error: "invalid bearer token",
    });
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    expect((await cluster.get("/api", { token: `${none}.${claims}.` })).code).toBe(401);
  });
});

describe("admission policies", () => {
  it("refuse, warn and ask the authorizer, from the moment they are bound", async () => {
    const group = "/apis/admissionregistration.k8s.io/v1";
    const policy = {
      metadata: { name: "own-name" },
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ["example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["widgets"] },
          ],
        },
        validations: [
          {
            expression: "object.spec.colour != 'black'",
            message: "no black widgets",
          },
          {
            expression:
              "authorizer.group('example.com').resource('widgets').namespace(request.namespace).name(object.metadata.name).check('run').allowed()",
            messageExpression: "request.userInfo.username + ' may not run ' + object.metadata.name",
          },
        ],
      },
    };
    await cluster.post(`${group}/validatingadmissionpolicies`, policy);
    const binding = { metadata: { name: "own-name" }, spec: { policyName: "own-name", validationActions: ["Deny"] } };
    await cluster.post(`${group}/validatingadmissionpolicybindings`, binding);
    await grant("creator", [{ verbs: ["create"], apiGroups: ["example.com"], resources: ["widgets"] }], ana);
    const black = await cluster.post(widgetsPath, widget("b", { colour: "black" }));
    expect(black.code).toBe(422);
    expect(black.body["message"]).toBe(
      `widgets.example.com "b" is forbidden: ValidatingAdmissionPolicy 'own-name' with binding 'own-name' denied request: no black widgets`,
    );
    const foreign = await cluster.post(widgetsPath, widget("v"), { user: "ana" });
    expect(foreign.body["message"]).toMatch(/denied request: ana may not run v$/);
    await cluster.remove(`${widgetsPath}/w`);
    expect((await cluster.post(widgetsPath, widget("w"), { user: "ana" })).code).toBe(201);
    await cluster.remove(`${group}/validatingadmissionpolicybindings/own-name`);
    expect((await cluster.post(widgetsPath, widget("b", { colour: "black" }))).code).toBe(201);
  });
});
