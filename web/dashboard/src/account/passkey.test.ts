import { expect, test } from "vitest";
import { toBytes, toText } from "./passkey";

test("bytes travel as base64url without padding and come back the same", () => {
  const cases: [number[], string][] = [
    [[], ""],
    [[0], "AA"],
    [[251, 255], "-_8"],
    [[1, 2, 3], "AQID"],
  ];
  for (const [bytes, text] of cases) {
    expect(toText(Uint8Array.from(bytes).buffer)).toBe(text);
    expect(Array.from(toBytes(text))).toEqual(bytes);
  }
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(toBytes(toText(all.buffer))).toEqual(all);
});
