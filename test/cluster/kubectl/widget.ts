/** YAML of one Widget of the conformance definitions. */
export function widget(
  name: string,
  { labels = "", size, color }: { readonly labels?: string; readonly size: number; readonly color?: string },
): string {
  return `apiVersion: conform.roster.dev/v1
kind: Widget
metadata:
  name: ${name}
  labels: { ${labels} }
spec:
  size: ${size}
${color ? `  color: ${color}\n` : ""}`;
}
