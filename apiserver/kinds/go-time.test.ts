import { expect, it } from "vitest";
import { goTime } from "./go-time.ts";

it("writes times as a cluster does, whatever a client library wrote", () => {
  expect(goTime("2026-11-21T07:21:08Z")).toBe("2026-11-21T07:21:08Z");
  expect(goTime("2026-11-21T07:21:08.000Z")).toBe("2026-11-21T07:21:08Z");
  expect(goTime("2026-11-21T07:21:08+00:00")).toBe("2026-11-21T07:21:08Z");
  expect(goTime("2026-11-21T09:21:08.999+02:00")).toBe("2026-11-21T07:21:08Z");
  expect(goTime("2026-11-21T09:21:08.123456+02:00", true)).toBe("2026-11-21T07:21:08.123456Z");
  expect(goTime("yesterday")).toBe("yesterday");
});
