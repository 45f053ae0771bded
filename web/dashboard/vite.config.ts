import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The server's policy allows no inline script and no data: script, so nothing is inlined into index.html.
export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What several screens share is one file: thirty small ones compress worse, and each is a request.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "shared", test: /src[\\/](?!i18n[\\/](de|en))/, minShareCount: 2 },
            // Signs of the first screen that later ones show, too: each would be a file and a request of its own.
            { name: "shared", test: /icons[\\/](tag|user-plus|external-link)\./, minShareCount: 2 },
          ],
        },
      },
    },
  },
});
