import { Option } from "commander";

/** `-o`, as kubectl has it. */
export function outputOption<const T extends string>(formats: readonly T[], standard?: T): Option {
  const option = new Option("-o, --output <format>", `one of ${formats.join(", ")}`).choices(formats);
  return standard === undefined ? option : option.default(standard);
}
