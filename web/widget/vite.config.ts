import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

// Five files with fixed names: the server embeds them and gives them their addresses. Nothing is inlined, because the
// policy forbids it. A run for each script (`vite build`, then `--mode loader` and `--mode frames-over-http`), because names
// are shortened per single script.
const OTHERS: Record<string, string> = {
  loader: "src/loader.ts",
  "frames-over-http": "../api/src/frames-over-http.ts",
};

export default defineConfig(({ mode }) => {
  const other = OTHERS[mode];
  return {
    plugins: [numbersInPlace(), onlyWhatIsUsed()],
    build: {
      target: "es2022",
      // tokens.css speaks light-dark(); older targets would have it rewritten into twice the bytes.
      cssTarget: ["chrome123", "firefox128", "safari18"],
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      emptyOutDir: !other,
      rolldownOptions: {
        input: other ?? "messenger.html",
        preserveEntrySignatures: "strict",
        output: {
          entryFileNames: "[name].js",
          assetFileNames: "[name][extname]",
          minify: !!other || { compress: true, mangle: true, codegen: true, mangleProps: { include: ownNames() } },
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
    "afterwards|again|ahead|around|atEnd|begin|calendar|card|complete|connecting|day|down|draw|drawn|due|" +
    "element|entries|entry|erased|expect|fit|fleeting|forget|frame|fresh|gap|gone|group|hello|hold|inFlight|" +
    "inView|incoming|isHere|isTyping|judge|jump|keep|last|leave|left|link|lost|made|memory|meta|mine|newest|" +
    "noNetwork|notice|offline|opened|over|place|proven|queue|queued|refused|reject|restart|restore|resume|" +
    "rewind|rhythm|row|see|sending|sequenceAbove|session|settle|stamp|start|started|stop|stored|take|" +
    "teamSeen|texts|time|timeline|toEnd|toFresh|today|trouble|typing|unavailable|unread|vehicle|waiting|wire|" +
    "write|yesterday|you";
  const contract = readFileSync(new URL("../api/src/openapi.ts", import.meta.url), "utf8");
  const taken = names.split("|").filter((name) => new RegExp(`^\\s+${name}\\??:`, "m").test(contract));
  const harmless = ["entries", "entry", "group", "link", "mine", "unread"]; // in what operators are sent, which never comes here
  if (taken.some((name) => !harmless.includes(name))) throw new Error(`the contract uses ${taken}: do not shorten`);
  return new RegExp(`^(${names})$`);
}

/** Numbers that have a name in the source stand where they are used: each name would cost a declaration. */
function numbersInPlace(): Plugin {
  return {
    name: "numbers-in-place",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith(".ts")) return undefined;
      const numbers = [...code.matchAll(/^const ([A-Z_]+) = ([\d_]+);/gm)];
      return numbers.reduce(
        (text, [line, name, number]) => text.replace(line, "").replace(new RegExp(`\\b${name}\\b`, "g"), `${number}`),
        code,
      );
    },
  };
}

/** Names of tokens, shortened as those of the script are; the script itself sets only `--brand`. */
function shortened(css: string): string {
  const names = [...new Set(css.match(/--[\w-]+/g))].filter((name) => name !== "--brand");
  return css.replace(/--[\w-]+/g, (name) => (names.includes(name) ? `--${names.indexOf(name).toString(36)}` : name));
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
        const used = text.replace(/(--[\w-]+:)[^;{}]+;?/g, (token, name, at) =>
          text.includes(`var(${name.slice(0, -1)})`) && text.lastIndexOf(name) === at ? token : "",
        );
        file.source = shortened(used);
      }
    },
  };
}
