import { type Environment, Optional } from "@marcbachmann/cel-js";
import { formatErrors, namedFormats } from "../formats.ts";

class Format {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Kubernetes' named formats (1.31): `format.dns1123Label().validate(x)` is none when x fits, else the reasons. */
export function addFormat(env: Environment): void {
  class FormatNamespace {}
  const [type, namespace] = ["kubernetes.NamedFormat", "kubernetes.FormatNamespace"];
  env.registerType(type, Format as never);
  env.registerType(namespace, FormatNamespace as never);
  env.registerConstant("format", namespace, new FormatNamespace());
  for (const name of namedFormats) env.registerFunction(`${namespace}.${name}(): ${type}`, () => new Format(name));
  env
    .registerFunction(`${namespace}.named(string): optional<${type}>`, (_: unknown, name: string) =>
      namedFormats.includes(name) ? Optional.of(new Format(name)) : Optional.none(),
    )
    .registerFunction(`${type}.validate(string): optional<list<string>>`, (format: Format, text: string) => {
      const errors = formatErrors(format.name, text);
      return errors.length === 0 ? Optional.none() : Optional.of(errors);
    });
}
