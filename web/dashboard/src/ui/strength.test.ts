import { expect, it } from "vitest";
import { strengthOf } from "./strength";

it("goes by length, counted in characters, and by nothing else", () => {
  expect(strengthOf("")).toBe("short");
  expect(strengthOf("aB3$aB3$aB3")).toBe("short");
  expect(strengthOf("aaaaaaaaaaaa")).toBe("enough");
  expect(strengthOf("🔑".repeat(11))).toBe("short");
  expect(strengthOf("🔑".repeat(12))).toBe("enough");
  expect(strengthOf("three unrelated")).toBe("enough");
  expect(strengthOf("three unrelated words")).toBe("great");
  expect(strengthOf("four plain words")).toBe("good");
});
