/** Prometheus text format 0.0.4, for a handful of counters and histograms with bounded labels. */
export interface Metrics {
  /** One call of a kind ended with an outcome; both are from closed lists, never a subject or run. */
  call(kind: string, outcome: string): void;
  /** Time that the gateway itself added to a call. */
  overhead(kind: string, ms: number): void;
  /** Sets a gauge. */
  gauge(name: "open_calls" | "open_claims" | "fenced" | "recovering", value: number): void;
  text(): string;
}

const bucketsMs = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const;
// A label set that grows without bound is a leak; whatever comes after this many shows as "other".
const maxSeries = 500;

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** Opens an empty registry. */
export function openMetrics(): Metrics {
  const calls = new Map<string, number>();
  const overheads = new Map<string, Histogram>();
  const gauges = new Map<string, number>([
    ["open_calls", 0],
    ["open_claims", 0],
    ["fenced", 0],
    ["recovering", 0],
  ]);
  return {
    call(kind, outcome) {
      const known = `kind="${kind}",outcome="${label(outcome)}"`;
      const key = calls.has(known) || calls.size < maxSeries ? known : `kind="${kind}",outcome="other"`;
      calls.set(key, (calls.get(key) ?? 0) + 1);
    },
    overhead(kind, ms) {
      const found = overheads.get(kind) ?? { counts: bucketsMs.map(() => 0), sum: 0, count: 0 };
      overheads.set(kind, found);
      const bucket = bucketsMs.findIndex((edge) => ms <= edge);
      if (bucket >= 0) found.counts[bucket]! += 1;
      found.sum += ms / 1000;
      found.count += 1;
    },
    gauge(name, value) {
      gauges.set(name, value);
    },
    text: () => [...callLines(calls), ...overheadLines(overheads), ...gaugeLines(gauges), ""].join("\n"),
  };
}

function label(value: string): string {
  return value.replace(/[^A-Za-z0-9_.-]/g, "_").slice(0, 64);
}

function callLines(calls: ReadonlyMap<string, number>): string[] {
  return [
    "# HELP roster_gateway_calls_total Calls that the gateway answered, by kind and outcome.",
    "# TYPE roster_gateway_calls_total counter",
    ...[...calls].map(([labels, n]) => `roster_gateway_calls_total{${labels}} ${n}`),
  ];
}

function overheadLines(overheads: ReadonlyMap<string, Histogram>): string[] {
  const name = "roster_gateway_overhead_seconds";
  const lines = [
    `# HELP ${name} Time the gateway itself added to a call, without the time outside.`,
    `# TYPE ${name} histogram`,
  ];
  for (const [kind, { counts, sum, count }] of overheads) {
    let below = 0;
    for (const [i, edge] of bucketsMs.entries()) {
      below += counts[i]!;
      lines.push(`${name}_bucket{kind="${kind}",le="${edge / 1000}"} ${below}`);
    }
    lines.push(`${name}_bucket{kind="${kind}",le="+Inf"} ${count}`);
    lines.push(`${name}_sum{kind="${kind}"} ${sum}`, `${name}_count{kind="${kind}"} ${count}`);
  }
  return lines;
}

function gaugeLines(gauges: ReadonlyMap<string, number>): string[] {
  return [...gauges].flatMap(([name, value]) => [
    `# TYPE roster_gateway_${name} gauge`,
    `roster_gateway_${name} ${value}`,
  ]);
}
