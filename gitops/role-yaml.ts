import { parseUsd } from "../lib/money.ts";
import { messageOf } from "../lib/problem.ts";
import { unknownField } from "./conform.ts";
import type { Finding, Position } from "./finding.ts";
import { toCamel } from "./spelling.ts";
import { didYouMean } from "./suggest.ts";
import { type Entry, type ListTree, type MapTree, mapOf, scalar, type Tree, typeOf } from "./tree.ts";

/** role.yaml in its long form: the keys of an AgentRoleSpec, positions kept. */
export interface ExpandedRole {
  readonly name: string;
  readonly spec: MapTree;
  /** Rule → where it was written. */
  readonly rules: ReadonlyMap<string, Position>;
  readonly findings: readonly Finding[];
}

const permissionLists = ["writeAutonomous", "writeRequiresApproval", "deny"];
const amounts = { max_daily_cost_usd: "day", per_run_ceiling_usd: "run" } as const;

/**
 * Turns the short form that people know (`role`, `permissions` of business verbs, `budgets` in USD, `actions` as a map)
 * into the long form. Long-form keys pass through in snake_case or camelCase; the schema refuses unknown ones later.
 */
export function expandRole(tree: MapTree): ExpandedRole {
  const findings: Finding[] = [];
  const spec = new Map<string, Entry>();
  const rules = new Map<string, Position>();
  let name = "";
  const put = (key: string, entry: Entry) => {
    if (spec.has(key)) findings.push({ at: entry.at, message: `"${key}" is there twice` });
    spec.set(key, entry);
  };
  const budgets = tree.entries.get("budgets");
  const given = [...tree.entries].flatMap(([key, entry]) =>
    key === "spec" && entry.tree.kind === "map" ? [...entry.tree.entries] : [[key, entry] as const],
  );
  for (const [key, entry] of given) {
    switch (key) {
      case "role":
        name = roleName(entry, findings);
        break;
      case "budgets":
        break;
      case "permissions":
        put(key, { at: entry.at, tree: expandPermissions(entry.tree, rules, findings) });
        break;
      case "actions":
        put(key, { at: entry.at, tree: expandActions(entry.tree) });
        break;
      default:
        put(key, entry);
    }
  }
  if (budgets) put("budget", { at: budgets.at, tree: expandBudgets(budgets.tree, findings) });
  if (!tree.entries.has("role"))
    findings.push({ at: tree.at, message: "role is required: the name of the role, such as executive_assistant" });
  const long = mapOf(spec, tree.at);
  checkVerbs(long, findings);
  return { name, spec: long, rules, findings };
}

/** `executive_assistant` → `executive-assistant`, the same name as Kubernetes writes it. */
function roleName(entry: Entry, findings: Finding[]): string {
  const written = entry.tree.kind === "scalar" && typeof entry.tree.value === "string" ? entry.tree.value : "";
  const name = written.replaceAll("_", "-");
  if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) {
    findings.push({
      at: entry.tree.at,
      message: `role must be 1 to 40 of a-z, 0-9, "_" and "-", beginning and ending with a letter or digit, not ${typeOf(entry.tree)} ${JSON.stringify(written.slice(0, 60))}`,
    });
  }
  return name;
}

/** `[send_email]` → `[{ name: send_email, action: send_email }]`. */
function expandPermissions(tree: Tree, rules: Map<string, Position>, findings: Finding[]): Tree {
  if (tree.kind !== "map") return tree;
  const lists = [...tree.entries].map(([key, entry]): [string, Entry] => {
    const list = toCamel(key);
    if (!permissionLists.includes(list)) {
      findings.push({ at: entry.at, message: unknownField(key, "permissions", permissionLists, "friendly") });
    }
    if (entry.tree.kind !== "list") return [list, entry];
    const items = entry.tree.items.map((item) => expandRule(item, rules, findings));
    return [list, { at: entry.at, tree: { kind: "list", at: entry.tree.at, items } }];
  });
  // An unknown list is reported above with its own suggestions; the schema need not say it again.
  return mapOf(
    lists.filter(([list]) => permissionLists.includes(list)),
    tree.at,
  );
}

function expandRule(item: Tree, rules: Map<string, Position>, findings: Finding[]): Tree {
  const { at } = item;
  let rule = item;
  if (item.kind === "scalar" && typeof item.value === "string") {
    const verb = { at, tree: item };
    rule = mapOf(
      [
        ["name", verb],
        ["action", verb],
      ],
      at,
    );
  }
  if (rule.kind !== "map") return rule;
  const action = rule.entries.get("action");
  if (!rule.entries.has("name") && action) rule = mapOf([["name", action], ...rule.entries], at);
  const name = rule.kind === "map" ? rule.entries.get("name")?.tree : undefined;
  if (name?.kind === "scalar" && typeof name.value === "string") {
    // Refusals and audit rows name a rule by this word alone, so it must mean one rule in all three lists.
    if (rules.has(name.value))
      findings.push({ at, message: `a second rule named "${name.value}"; give one of them another name` });
    rules.set(name.value, at);
  }
  return rule;
}

/** `{ send_email: [mail.send] }` → `[{ name: send_email, tools: [mail.send] }]`. */
function expandActions(tree: Tree): Tree {
  if (tree.kind !== "map") return tree;
  const items = [...tree.entries].map(([verb, { at, tree: tools }]) =>
    mapOf(
      [
        ["name", { at, tree: scalar(verb, at) }],
        [
          "tools",
          {
            at,
            tree:
              tools.kind === "scalar" && tools.value !== null
                ? ({ kind: "list", at, items: [tools] } as ListTree)
                : tools,
          },
        ],
      ],
      at,
    ),
  );
  return { kind: "list", at: tree.at, items };
}

/** Amounts are per binding and stay the text that was written. */
function expandBudgets(tree: Tree, findings: Finding[]): Tree {
  if (tree.kind !== "map") {
    findings.push({
      at: tree.at,
      message: `budgets must be an object with ${Object.keys(amounts).join(" and ")}, not ${typeOf(tree)}`,
    });
    return mapOf([], tree.at);
  }
  const perBinding = new Map<string, Entry>();
  for (const [key, { at, tree: amount }] of tree.entries) {
    const window = Object.hasOwn(amounts, key) ? amounts[key as keyof typeof amounts] : undefined;
    if (!window) {
      findings.push({ at, message: unknownField(key, "budgets", Object.keys(amounts), "friendly") });
      continue;
    }
    const text =
      amount.kind === "scalar" && amount.value !== null && typeof amount.value !== "boolean" ? amount.text : "";
    try {
      parseUsd(text);
      perBinding.set(window, { at, tree: { ...scalar(text, amount.at), text } });
    } catch (thrown) {
      findings.push({ at: amount.at, message: `budgets.${key}: ${messageOf(thrown)}` });
    }
  }
  return mapOf([["perBinding", { at: tree.at, tree: mapOf(perBinding, tree.at) }]], tree.at);
}

/** A rule about a verb that no `actions` entry explains would match nothing, for ever and in silence. */
function checkVerbs(spec: MapTree, findings: Finding[]): void {
  const actions = spec.entries.get("actions")?.tree;
  const verbs = new Set<string>();
  for (const item of actions?.kind === "list" ? actions.items : []) {
    const name = item.kind === "map" ? item.entries.get("name")?.tree : undefined;
    if (name?.kind === "scalar") verbs.add(name.text);
  }
  const permissions = spec.entries.get("permissions")?.tree;
  for (const { tree } of permissions?.kind === "map" ? permissions.entries.values() : []) {
    for (const rule of tree.kind === "list" ? tree.items : []) {
      const action = rule.kind === "map" ? rule.entries.get("action")?.tree : undefined;
      if (action?.kind !== "scalar" || typeof action.value !== "string") continue;
      if (action.value.includes(".") || action.value === "*" || verbs.has(action.value)) continue;
      findings.push({
        at: action.at,
        message: `"${action.value}" is neither a tool (<server>.<tool>) nor a verb of actions${didYouMean(action.value, verbs)}`,
      });
    }
  }
}
