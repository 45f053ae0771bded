import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Unit tests of both front ends; those that need a DOM say so in their first line (`@vitest-environment happy-dom`).
export default defineConfig({
  plugins: [svelte()],
  resolve: { conditions: ["browser"] },
  test: { include: ["api/**/*.test.ts", "widget/**/*.test.ts", "dashboard/**/*.test.ts"] },
});
