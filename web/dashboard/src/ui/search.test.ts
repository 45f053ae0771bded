import { describe, expect, it } from "vitest";
import { fit, ranked } from "./search";

describe("searching", () => {
  it("finds words in any order, without case and accents", () => {
    expect(fit("rück lief", "Lieferung", "Rücksendung zahlen wir")).not.toBeNull();
    expect(fit("RUCK", "Rücksendung")).not.toBeNull();
    expect(fit("cafe", "Café")).not.toBeNull();
    expect(fit("refund parcel", "Refund", "within three days")).toBeNull();
  });
  it("puts names before what is said, and whole names first", () => {
    const all = ["about refunds", "refund later", "refund", "thanks"];
    expect(ranked("refund", all, (one) => [one, ""])).toEqual(["refund", "refund later", "about refunds"]);
    expect(
      ranked(
        "da",
        [
          ["thanks", "danke"],
          ["danke", ""],
        ],
        ([name, rest]) => [name ?? "", rest ?? ""],
      )[0]?.[0],
    ).toBe("danke");
  });
  it("leaves the order as it is where nothing is typed", () => {
    expect(ranked(" ", ["b", "a"], (one) => [one, ""])).toEqual(["b", "a"]);
  });
});
