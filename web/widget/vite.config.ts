import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

// Four files with fixed names: the server embeds them and gives them their addresses. Nothing is inlined, because the
// policy forbids it. Two runs (`vite build`, then `--mode loader`), because names are shortened per single script.
export default defineConfig(({ mode }) => {
  const loader = mode === "loader";
  return {
    plugins: [onlyWhatIsUsed()],
    build: {
      target: "es2022",
      // tokens.css speaks light-dark(); older targets would have it rewritten into twice the bytes.
      cssTarget: ["chrome123", "firefox128", "safari18"],
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      emptyOutDir: !loader,
      rolldownOptions: {
        input: loader ? "src/loader.ts" : "messenger.html",
        output: {
          entryFileNames: "[name].js",
          assetFileNames: "[name][extname]",
          minify: loader || { compress: true, mangle: true, codegen: true, mangleProps: { include: ownNames() } },
        },
      },
    },
  };
});

/**
 * Property names of the messenger's own objects, safe to shorten: none is the DOM's, none goes over the socket, into
 * postMessage or into storage. The build stops when the contract begins to use one of them.
 */
function ownNames(): RegExp {
  const names =
    "again|ahead|around|atEnd|begin|calendar|complete|day|down|draw|drawn|due|erased|expect|fit|forget|fresh|" +
    "gap|gone|group|incoming|inFlight|inView|isHere|isTyping|jump|keep|leave|link|lost|made|memory|meta|mine|" +
    "newest|notice|opened|over|place|queue|queued|refused|reject|restart|restore|resume|rewind|row|see|" +
    "sending|sequenceAbove|settle|stamp|started|stored|take|teamSeen|texts|time|timeline|today|toEnd|toFresh|" +
    "trouble|unavailable|unread|waiting|wire|write|yesterday|you";
  const contract = readFileSync(new URL("../api/src/openapi.ts", import.meta.url), "utf8");
  const taken = names.split("|").filter((name) => new RegExp(`^\\s+${name}\\??:`, "m").test(contract));
  const harmless = ["mine", "unread"]; // in what operators are sent, which never comes here
  if (taken.some((name) => !harmless.includes(name))) throw new Error(`the contract uses ${taken}: do not shorten`);
  return new RegExp(`^(${names})$`);
}

/** tokens.css serves the dashboard too; what the widget never names, or says again, need not travel to every visitor. */
function onlyWhatIsUsed(): Plugin {
  return {
    name: "only-what-is-used",
    enforce: "post",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== "asset") continue;
        const text = String(file.source);
        if (file.fileName.endsWith(".html")) file.source = text.replaceAll(" crossorigin", ""); // all of one origin
        if (!file.fileName.endsWith(".css")) continue;
        file.source = text.replace(/(--[\w-]+:)[^;{}]+;?/g, (token, name, at) =>
          text.includes(`var(${name.slice(0, -1)})`) && text.lastIndexOf(name) === at ? token : "",
        );
      }
    },
  };
}
