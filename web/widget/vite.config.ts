import { defineConfig, type Plugin } from "vite";

// Four files with fixed names: the server embeds them and gives them their addresses. Both entries share no code
// (the loader imports types only), so no third chunk appears; nothing is inlined, because the policy forbids it.
export default defineConfig({
  plugins: [usedTokensOnly()],
  build: {
    target: "es2022",
    // tokens.css speaks light-dark(); older targets would have it rewritten into twice the bytes.
    cssTarget: ["chrome123", "firefox128", "safari18"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { loader: "src/loader.ts", messenger: "messenger.html" },
      output: { entryFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
});

/** tokens.css serves the dashboard too; what the widget never names need not travel to every visitor. */
function usedTokensOnly(): Plugin {
  return {
    name: "used-tokens-only",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== "asset" || !file.fileName.endsWith(".css")) continue;
        const css = String(file.source);
        // Nor what messenger.css says again, further down.
        file.source = css.replace(/(--[\w-]+:)[^;{}]+;?/g, (token, name, at) =>
          css.includes(`var(${name.slice(0, -1)})`) && css.lastIndexOf(name) === at ? token : "",
        );
      }
    },
  };
}
