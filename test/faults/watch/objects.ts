import type { Loose } from "../../apiserver/kit.ts";
import type { Content } from "./history.ts";

/** The kinds that the histories are about, and how the number of a write and what selectors see lie in each. */
export interface Shape {
  readonly kind: string;
  path(namespace: string, name?: string): string;
  everywhere: string;
  make(name: string, content: Content): object;
  read(object: Loose): Content;
}

/** The number of the write; below zero for an object that no writer of ours made. */
const numbered = (value: unknown): number => Number(value ?? -1);

export const shapes: Readonly<Record<"configmaps" | "widgets", Shape>> = {
  configmaps: {
    kind: "configmaps",
    path: (namespace, name) => `/api/v1/namespaces/${namespace}/configmaps${name ? `/${name}` : ""}`,
    everywhere: "/api/v1/configmaps",
    make: (name, { n, team, colour }) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, labels: { team } },
      data: { n: String(n), colour },
    }),
    read: (object) => ({
      n: numbered(object.data?.n),
      team: String(object.metadata.labels?.team ?? ""),
      colour: String(object.data?.colour ?? ""),
    }),
  },
  widgets: {
    kind: "widgets",
    path: (namespace, name) => `/apis/example.com/v1/namespaces/${namespace}/widgets${name ? `/${name}` : ""}`,
    everywhere: "/apis/example.com/v1/widgets",
    make: (name, { n, team, colour }) => ({
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { name, labels: { team } },
      spec: { size: n, colour },
    }),
    read: (object) => ({
      n: numbered(object.spec?.size),
      team: String(object.metadata.labels?.team ?? ""),
      colour: String(object.spec?.colour ?? ""),
    }),
  },
};

export const shapeOf = (kind: string): Shape => shapes[kind as keyof typeof shapes];
