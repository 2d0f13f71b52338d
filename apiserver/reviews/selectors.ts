import { isObject } from "../../lib/json.ts";
import { type FieldError, fieldError } from "../http/status.ts";
import { readLabelSelector } from "../selectors/labels.ts";

const field = "spec.resourceAttributes";
const operators = new Set(["In", "NotIn", "Exists", "DoesNotExist"]);
const filled = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length > 0;

/**
 * What is wrong with the selectors of an access review, and whether one is ignored because it cannot be read. RBAC
 * decides without them, so they change no answer.
 */
export function reviewSelectors(attributes: Record<string, unknown>): { errors: FieldError[]; ignored?: string } {
  const errors = ["fieldSelector", "labelSelector"].flatMap((name) =>
    selectorErrors(attributes[name], `${field}.${name}`),
  );
  const unread = isObject(attributes.labelSelector) && !isReadable(attributes.labelSelector);
  return { errors, ...(unread ? { ignored: `${field}.labelSelector ignored due to parse error` } : {}) };
}

function selectorErrors(selector: unknown, at: string): FieldError[] {
  if (!isObject(selector)) return [];
  const { rawSelector, requirements } = selector;
  if (rawSelector && filled(requirements)) {
    return [fieldError.invalid(`${at}.rawSelector`, rawSelector, "may not specified at the same time as requirements")];
  }
  if (rawSelector || filled(requirements)) return [];
  return [
    fieldError.required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`),
  ];
}

function isReadable({ rawSelector, requirements }: Record<string, unknown>): boolean {
  if (filled(requirements)) return requirements.every((one) => isObject(one) && operators.has(String(one.operator)));
  try {
    readLabelSelector(String(rawSelector ?? ""));
    return true;
  } catch {
    return false;
  }
}
