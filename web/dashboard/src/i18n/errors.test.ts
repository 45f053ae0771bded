// @vitest-environment happy-dom
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { explain, REFUSALS } from "./errors";
import { i18n } from "./index.svelte";

const problem = (status: number, detail: string) => ({ type: "about:blank", title: "No", status, detail });
beforeAll(() => i18n.start());

it("says in our words what was refused, and that of a conflict which is known", () => {
  expect(explain(problem(422, "must be at most 80 characters long"))).toContain("80");
  const full = explain(problem(409, "as many colleagues as can be were asked into this conversation"));
  expect(full).not.toBe(explain(problem(409, "something else")));
  for (const [begins] of REFUSALS) {
    const detail = begins.replace("{n}", "7");
    expect(explain(problem(422, detail)), detail).not.toContain(detail);
  }
  expect(explain(problem(422, "something new"))).toContain("something new");
});

it("knows no refusal that the server does not say", () => {
  const crates = join(import.meta.dirname, "../../../../crates");
  const sources = ["app", "domain", "server", "store"].flatMap((crate) =>
    readdirSync(join(crates, crate, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".rs"))
      .map((file) => readFileSync(join(crates, crate, "src", file), "utf8")),
  );
  const said = sources.join("\n").replace(/\{\w*\}/g, "{n}");
  expect(REFUSALS.filter(([begins]) => !said.includes(`"${begins}`))).toEqual([]);
});
