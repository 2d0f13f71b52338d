import { crdsPath, item, itemCrd, itemCrdPath, itemPath, itemsPath, version } from "../made.ts";
import { apply, del, get, mergePatch, post, type Sequences, type Step, table } from "../step.ts";

/** What definitions of others, as they are found in the world, showed of the life of a definition. */

const text = { type: "string" };
const object = (properties: object): object => ({ type: "object", properties });
const empties = [
  {
    ...version(
      "v1",
      object({
        a: {
          ...text,
          description: "",
          "x-kubernetes-validations": [{ rule: "self != 'x'", message: "", fieldPath: "", messageExpression: "" }],
        },
        b: { ...text, externalDocs: { url: "https://made.dev", description: "" } },
      }),
    ),
    deprecated: false,
    additionalPrinterColumns: [
      { name: "A", type: "string", jsonPath: ".spec.a", priority: 0, description: "", format: "" },
    ],
  },
];
const settled = 1_000;
/** Whether its last condition's time is another one depends on the tick of a second. */
const ended = ["status", "metadata.finalizers", "metadata.generation", "metadata.deletionGracePeriodSeconds"];
const conditions = { settled, pick: ["status", "kind", "message"] };
const approved = (annotation: string): object => ({
  ...itemCrd([version("v1", object({ a: text }))], { group: "{ns}.k8s.io" }),
  metadata: { name: "items.{ns}.k8s.io", annotations: { "api-approved.kubernetes.io": annotation } },
});
const approvedPath = `${crdsPath}/items.{ns}.k8s.io`;
const made: Step[] = [
  post(crdsPath, itemCrd([version("v1", object({ a: text }))]), { pick: ["kind", "message"] }),
  get(itemsPath, { until: 200, pick: ["kind"] }),
];
/** Its verbs; the hash of its storage version tells the group's name, which is another one each time. */
const verbs = { settled, pick: ["resources.0.name", "resources.0.verbs", "resources.1.name", "resources.1.verbs"] };
/** Asks for a definition with a rule over `spec.x`. */
const price = (rule: string, x: object): Step =>
  post(
    `${crdsPath}?dryRun=All`,
    itemCrd([version("v1", object({ x: { ...x, "x-kubernetes-validations": [{ rule }] } }))]),
    { pick: ["kind", "message"] },
  );
const array = (maxItems: number, items: object = text): object => ({ type: "array", maxItems, items });
const upTo = (maxLength: number): object => ({ ...text, maxLength });
const named = object({ name: upTo(63), n: { type: "integer" } });
/** Asks for a definition whose rule has this message. */
const message = (messageExpression: string): Step =>
  post(
    `${crdsPath}?dryRun=All`,
    itemCrd([
      version(
        "v1",
        object({ x: { ...upTo(5), "x-kubernetes-validations": [{ rule: "self == ''", messageExpression }] } }),
      ),
    ]),
    { pick: ["kind", "message"] },
  );
/** Defines rules with these messages and breaks one after the other. */
const answers = (...expressions: readonly string[]): Step[] => [
  post(
    crdsPath,
    itemCrd([
      version(
        "v1",
        object(
          Object.fromEntries(
            expressions.map((messageExpression, index) => [
              `f${index}`,
              {
                ...upTo(5),
                "x-kubernetes-validations": [{ rule: "self == ''", message: "no text", messageExpression }],
              },
            ]),
          ),
        ),
      ),
    ]),
    { pick: ["kind", "message"] },
  ),
  get(itemsPath, { until: 200, pick: ["kind"] }),
  ...expressions.map((_, index) =>
    post(`${itemsPath}?dryRun=All`, item({ [`f${index}`]: "x" }), { pick: ["details.causes"] }),
  ),
];
const thingPath = `${crdsPath}/things.{ns}.made.dev`;
/** Asks for Things beside the Items, under these names. */
const beside = (names: object): Step[] => [
  ...made,
  post(
    crdsPath,
    {
      ...itemCrd([version("v1", object({ a: text }))], { names: { plural: "things", ...names } }),
      metadata: { name: "things.{ns}.made.dev" },
    },
    { pick: ["kind", "message"] },
  ),
  get(thingPath, { settled }),
];
const discovery = "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io";
/** Defines Items with these columns and makes one. */
const withColumns = (...columns: readonly [string, string][]): Step[] => [
  post(
    crdsPath,
    itemCrd([
      version(
        "v1",
        { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        { additionalPrinterColumns: columns.map(([type, jsonPath], index) => ({ name: `C${index}`, type, jsonPath })) },
      ),
    ]),
    { pick: ["kind", "message"] },
  ),
  get(itemsPath, { until: 200, pick: ["kind"] }),
  post(
    itemsPath,
    item(
      {
        m: { z: "<&>", a: 1 },
        l: [{ a: "x", b: "B1", n: 1 }, { a: "y", b: "B2", n: 2 }, { a: "z" }],
        f: 1e21,
        g: 1.5e-7,
        b: true,
        html: "<a&b>",
        nul: null,
      },
      { annotations: { "made.dev/x": "V" } },
    ),
    { pick: ["kind", "message"] },
  ),
];
const itemNames = { plural: "items", singular: "item", kind: "Item", listKind: "ItemList" };
const thingNames = { singular: "thing", kind: "Thing", listKind: "ThingList" };

export const foundCrds: Sequences = {
  "empty fields of a definition are not stored": [
    post(crdsPath, itemCrd(empties, { preserveUnknownFields: false, names: { ...itemNames, shortNames: [] } })),
    get(itemCrdPath, { settled }),
  ],
  "empty fields of an applied definition are not stored": [
    apply(itemCrdPath, "helm", itemCrd(empties, { preserveUnknownFields: false })),
    get(itemCrdPath, { settled }),
    apply(itemCrdPath, "helm", itemCrd(empties, { preserveUnknownFields: false })),
  ],
  "a definition in a group of Kubernetes says who approved it": [
    post(crdsPath, approved("https://github.com/kubernetes-sigs/gateway-api/pull/3328"), { pick: ["kind", "message"] }),
    get(approvedPath, { settled }),
  ],
  "an unapproved definition says so until it is approved": [
    post(crdsPath, approved("unapproved, trial"), { pick: ["kind", "message"] }),
    get(approvedPath, { settled }),
    mergePatch(approvedPath, { metadata: { annotations: { "api-approved.kubernetes.io": "https://made.dev/a" } } }),
    get(approvedPath, conditions),
  ],
  "a singular that is in use": beside({ ...thingNames, singular: "item" }),
  "short names that are in use": beside({ ...thingNames, shortNames: ["item", "items", "ok"], categories: ["all"] }),
  "a kind that is in use": beside({ ...thingNames, kind: "Item" }),
  "a list kind that is in use": beside({ ...thingNames, listKind: "ItemList" }),
  "several names that are in use: the last one is told": beside({
    ...itemNames,
    plural: "things",
    shortNames: ["items"],
  }),
  "an established kind keeps its short names when new ones are in use": [
    ...beside({ ...thingNames, shortNames: ["th"] }),
    mergePatch(
      thingPath,
      { spec: { names: { shortNames: ["th", "item"], categories: ["cat"] } } },
      { pick: ["kind", "message"] },
    ),
    get(thingPath, { settled }),
    del(itemCrdPath, undefined, { pick: ["kind"] }),
    get(itemCrdPath, { until: 404, pick: ["kind"] }),
    get(thingPath, conditions),
    get("/apis/{ns}.made.dev/v1", { settled, pick: ["resources.0.shortNames", "resources.0.categories"] }),
  ],
  "a definition that is being deleted says what it waits for": [
    ...made,
    post(itemsPath, item({ a: "1" }, { finalizers: ["made.dev/hold"] }), { pick: ["kind"] }),
    del(`${itemCrdPath}?dryRun=All`),
    del(itemCrdPath),
    get(itemCrdPath, { settled }),
    get("/apis/{ns}.made.dev/v1", verbs),
    del(itemCrdPath),
    mergePatch(itemCrdPath, { metadata: { labels: { a: "b" } } }, { pick: ["metadata.labels", "metadata.generation"] }),
    mergePatch(itemPath, { metadata: { finalizers: null } }, { pick: ["kind"] }),
    get(itemCrdPath, { until: 404 }),
  ],
  "a definition without objects goes the same way": [...made, del(itemCrdPath), get(itemCrdPath, { until: 404 })],
  "a definition with a finalizer of somebody else's": [
    post(
      crdsPath,
      {
        ...itemCrd([version("v1", object({ a: text }))]),
        metadata: { name: "items.{ns}.made.dev", finalizers: ["made.dev/hold"] },
      },
      { pick: ["kind", "message"] },
    ),
    get(itemsPath, { until: 200, pick: ["kind"] }),
    del(itemCrdPath),
    get(itemCrdPath, { settled, pick: ended }),
    get(itemsPath, { pick: ["kind", "message"] }),
    get("/apis/{ns}.made.dev/v1", verbs),
    del(itemCrdPath, undefined, { pick: ended }),
    mergePatch(itemCrdPath, { metadata: { finalizers: null } }, { pick: ["kind"] }),
    get(itemCrdPath, { until: 404 }),
  ],
  "a definition that was never established": [
    ...beside({ ...thingNames, kind: "Item" }),
    mergePatch(thingPath, { metadata: { finalizers: ["made.dev/hold"] } }, { pick: ["kind"] }),
    del(thingPath, undefined, conditions),
    get(thingPath, conditions),
  ],
  "what a rule costs, by the functions that it calls": [
    price("sets.contains(self, self)", array(2500, upTo(63))),
    price("sets.contains(self, self)", array(5000, upTo(100))),
    price("sets.equivalent(self, self)", array(2500, upTo(63))),
    price("self.all(x, url(x).getHost() == 'a')", array(25)),
    price("self.all(x, cidr(x).containsIP('1.2.3.4'))", array(130, upTo(100_000))),
    price("self.all(x, quantity(x).isGreaterThan(quantity('1')))", array(25)),
    price("self.all(x, format.dns1123Label().validate(x).hasValue() == false)", array(10_000, upTo(1000))),
    price("self.all(x, isIP(x))", array(1000, upTo(45))),
    price("self.all(x, ip.isCanonical(x))", array(10_000, upTo(1000))),
    price("self.all(x, x.matches('^[a-z]{1,63}$') == true)", array(100_000, upTo(63))),
    price("self.all(x, x.replace('a', 'bb').replace('b', '') != 'q')", array(1000, upTo(1000))),
    price("self.all(x, x.replace('', 'bbbb') == x)", array(10_000, upTo(1000))),
    price("self.all(k, 'a' in self)", { type: "object", maxProperties: 100_000, additionalProperties: upTo(9) }),
  ],
  "what a rule costs over lists that it makes": [
    price("self.all(x, ['a','b','c'].exists(y, y == x))", array(10_000)),
    price("self.all(x, x in ['a','b'])", array(100_000)),
    price("['a','b'].exists(y, y == self)", text),
    price("self.all(x, x.join('').size() > 1)", array(1000, array(1000))),
    price("self.join(',').size() < 100", array(16, upTo(253))),
    price("self.map(x, x.lowerAscii()).isSorted()", array(1000, upTo(1000))),
    price("self.map(x, x.lowerAscii()).all(y, y != 'a')", array(1000, upTo(1000))),
    price("self.map(x, x.n).isSorted()", array(1000, named)),
    price("self.map(x, x.name).all(y, y == 'a')", array(1000, named)),
    price("self.filter(x, x.n > 1).all(y, y.name == self[0].name)", array(1000, named)),
    price("self.filter(x, x.n > 1)[0].n == self.filter(x, x.n < 1)[0].n", array(100, named)),
    price("self.filter(x, x.n > 1).map(y, y.name).exists(z, self.exists(a, a.name == z))", array(300, named)),
    price("self.split('.').all(x, x.size() <= 63)", upTo(253)),
    price("self.all(x, x.split('/')[0].size() < 254)", array(16, upTo(253))),
    price("self.all(x, self.all(y, x.split('/')[0] == y.split('/')[0]))", array(64, upTo(253))),
    price("(self + self).all(x, x != '')", { type: "array", items: upTo(100) }),
    price("self.all(a, self.exists_one(b, a == b))", array(200, upTo(253))),
    message("'a,b,c'.split(',',2).join('|')"),
    message("string(['b','a'].isSorted())"),
    message("string([2,1].isSorted())"),
    message("['b','a'].join('')"),
    message("[self, 'a'].filter(x, x != '')[0]"),
  ],
  "columns show values as Go prints them": [
    ...withColumns(
      ["string", ".spec.m"],
      ["string", ".spec.l"],
      ["string", ".metadata.annotations['made\\.dev/x']"],
      ["string", ".metadata.annotations['made.dev/x']"],
      ["string", ".spec['m']"],
      ["string", ".spec.g"],
      ["string", ".spec.f"],
      ["string", ".spec.b"],
      ["string", ".spec.html"],
      ["string", ".spec.nul"],
      ["integer", ".spec.nul"],
      ["string", ".spec.l[0,1].a"],
      ["string", ".spec.l[0:3:2].a"],
      ["string", ".spec.l[1:3:2].a"],
      ["string", ".spec.l[?(@.n>1)].b"],
    ),
    get(itemsPath, { accept: table, pick: ["rows.0.cells"] }),
  ],
  "a column that cannot be read ends the table": [
    ...withColumns(["string", ".spec.html"], ["string", '.spec["m"]'], ["string", ".spec.b"]),
    get(itemsPath, { accept: table, pick: ["rows.0.cells", "columnDefinitions"] }),
  ],
  "aggregated discovery may be kept by caches": [
    get("/apis", { accept: discovery, shows: ["cache-control", "vary"], pick: ["kind"] }),
    get("/api", { accept: discovery, shows: ["cache-control", "vary"], pick: ["kind"] }),
    get("/apis", { shows: ["cache-control"], pick: ["kind"] }),
  ],
  "functions that a rule may call": [
    "string([1,2,3].first().value())",
    "string([1,2].last().value())",
    "string([].first().hasValue())",
    "['a'].first().value()",
    "string(sign(quantity('-1')))",
    "string(quantity('-1').sign())",
  ].map(message),
  "what functions answer": answers(
    "string([1,2,3].first().value())",
    "string([1,2].last().orValue(7))",
    "string(sign(quantity('-1')))",
    "string(quantity('1.5Gi').asInteger())",
    "string(quantity('1Gi').asInteger())",
    "string(quantity('1Ti').isInteger())",
    "string(quantity('100Ti').isInteger())",
    "string(quantity('1000m').isInteger())",
    "string(quantity('1.0').isInteger())",
    "string(quantity('2k').isInteger())",
    "string(quantity('0').isInteger())",
    "string(quantity('500m').add(quantity('1.5')).isInteger())",
    "string(quantity('5').add(quantity('1k')).asInteger())",
    "string(quantity('5').sub(7).asInteger())",
    "url('https://u:p@h.dev:80/a b?x=1').getHostname()",
    "url('https://u:p@h.dev:80/a b?x=1').getEscapedPath()",
    "string(isURL('https://h .dev/a'))",
    "string(isURL('/a b'))",
    "string(isURL('/a?b c'))",
  ),
};
