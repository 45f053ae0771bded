// A picture of a guide: a part of the screen, small enough to be waited for.
import assert from "node:assert/strict";
import { picture } from "./browser.mjs";

const LARGEST = 120_000; // bytes that a guide's reader waits for

/** Takes a picture of what lies around some places of a page, and a little more. */
export const pictureOf =
  (page, language) =>
  async (name, ...locators) => {
    const edge = await page.locator(".talk, main.screen").first().boundingBox();
    const boxes = await Promise.all(locators.map((locator) => locator.boundingBox()));
    const x = Math.max(edge.x, Math.min(...boxes.map((box) => box.x)) - 16);
    const y = Math.max(edge.y, Math.min(...boxes.map((box) => box.y)) - 16);
    const right = Math.min(edge.x + edge.width, Math.max(...boxes.map((box) => box.x + box.width)) + 16);
    const bottom = Math.min(edge.y + edge.height, Math.max(...boxes.map((box) => box.y + box.height)) + 16);
    const clip = { x, y, width: right - x, height: bottom - y };
    assert.ok(clip.width > 200 && clip.height > 100, `${name} shows something`);
    const image = await page.screenshot({ clip });
    assert.ok(image.length < LARGEST, `${name}: ${image.length} bytes`);
    await picture(page, `guide-${name}${language === "de" ? "-de" : ""}`, clip);
  };
