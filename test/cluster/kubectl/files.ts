import { widget } from "./widget.ts";

/** Files that every scenario finds in its folder. */
export const sharedFiles: Readonly<Record<string, string>> = {
  "widgets.yaml": [
    widget("a", { labels: "tier: front, app: shop", size: 3, color: "red" }),
    widget("b", { labels: "tier: back, app: shop", size: 1, color: "green" }),
    widget("c", { labels: "app: other", size: 2, color: "red" }),
  ].join("---\n"),
  "a.yaml": widget("a", { labels: "tier: front, app: shop", size: 3, color: "red" }),
  "a-changed.yaml": widget("a", { labels: "tier: front, app: shop", size: 4 }),
  "settings.properties": "one=1\ntwo=2\n",
  "config.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { one: "1", two: "2" }
`,
};
