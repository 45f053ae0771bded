// A test is a name and a function; what it opens is closed when it ends, whichever way.

import { newBrowser } from "./browser.mjs";
import { Server } from "./server.mjs";

export const registered = [];

/** Registers a test. It is given `start(options)` for a server and `open(options)` for a browser profile of its own. */
export function test(name, body) {
  registered.push({
    name,
    async run() {
      const closing = [];
      const start = async (options) => {
        const server = await Server.start(options);
        closing.push(() => server.remove());
        return server;
      };
      const open = async (options) => {
        const context = await newBrowser(options);
        closing.push(() => context.close());
        return context;
      };
      try {
        await body({ start, open });
      } finally {
        for (const close of closing.reverse()) await close();
      }
    },
  });
}
