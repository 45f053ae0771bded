import { expect, it, vi } from "vitest";
import { Away } from "./away";

it("is told once, and not again where nothing changed", () => {
  const send = vi.fn(() => true);
  const away = new Away(send);
  expect(away.hello()).toBe(false);
  away.set(true);
  away.set(true);
  away.tell();
  expect(send.mock.calls).toEqual([[true]]);
});

it("is not lost between hello and welcome", () => {
  let ready = false;
  const send = vi.fn((_: boolean) => ready);
  const away = new Away(send);
  expect(away.hello()).toBe(false);
  away.set(true);
  send.mockClear();
  ready = true;
  away.tell();
  expect(send.mock.calls).toEqual([[true]]);
  expect(away.hello()).toBe(true);
});

it("is not told where it changed back before anybody heard of it", () => {
  const send = vi.fn((_: boolean) => false);
  const away = new Away(send);
  away.hello();
  away.set(true);
  away.set(false);
  send.mockClear();
  away.tell();
  expect(send).not.toHaveBeenCalled();
});
