import { expect, it } from "vitest";
import { eachLine } from "./lines";

async function read(...chunks: Uint8Array[]): Promise<string[]> {
  const lines: string[] = [];
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  await eachLine(body, (line) => void lines.push(line));
  return lines;
}
const bytes = (text: string) => new TextEncoder().encode(text);

it("gives lines as they were written, however the network cuts them", async () => {
  const text = '{"a":"Grüße 😀"}\n\n{"b":"日本語"}\n';
  const whole = bytes(text);
  const expected = ['{"a":"Grüße 😀"}', "", '{"b":"日本語"}'];
  expect(await read(whole)).toEqual(expected);
  // Every byte by itself: in the middle of a line, of a character, of a surrogate pair.
  expect(await read(...[...whole].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  for (let at = 1; at < whole.length; at++) expect(await read(whole.slice(0, at), whole.slice(at))).toEqual(expected);
});

it("gives what comes before the end without a line's end", async () => {
  expect(await read(bytes('{"a":1}\n{"b":'))).toEqual(['{"a":1}', '{"b":']);
  expect(await read()).toEqual([]);
});
