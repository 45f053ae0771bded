import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const code = /^(?!.*i18n[\\/](de|en))/; // all but the catalogues: one language is enough

// The server's policy allows no inline script and no data: script, so nothing is inlined into index.html.
export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What several screens share is one file: thirty small ones compress worse, and each is a request. What only screens
    // opened later share is a file of its own, so that nobody waits for it before the first one.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "shared", test: code, minShareCount: 2, tags: ["$initial"], priority: 1 },
            { name: "later", test: code, minShareCount: 2 },
          ],
        },
      },
    },
  },
});
