/** One number by its labels. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly values: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/** Prometheus text format 0.0.4. Labels are from closed lists, so nothing is escaped. */
export function metricsText(gauges: readonly Gauge[]): string {
  const lines = gauges.flatMap(({ name, help, values }) => [
    `# HELP roster_controller_${name} ${help}`,
    `# TYPE roster_controller_${name} gauge`,
    ...values.map(({ labels = {}, value }) => {
      const set = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
      return `roster_controller_${name}${set.length > 0 ? `{${set.join(",")}}` : ""} ${value}`;
    }),
  ]);
  return `${lines.join("\n")}\n`;
}
