import { describe, expect, it } from "vitest";
import { isEmail } from "./email";

describe("an e-mail address", () => {
  it("is taken where the server takes it", () => {
    for (const fine of ["ben@example.de", " Ben.Sommer+1@mail.example.de ", "ben@localhost"])
      expect(isEmail(fine), fine).toBe(true);
    for (const wrong of ["", "ben", "@example.de", "ben@example", "ben@example.", "ben@.de", "a@b@c.de", "b en@c.de"])
      expect(isEmail(wrong), wrong).toBe(false);
  });
});
