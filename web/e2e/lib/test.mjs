// A test is a name and a function; what it opens is closed when it ends, whichever way.

import { newBrowser } from "./browser.mjs";
import { HostileProxy } from "./proxy.mjs";
import { Server } from "./server.mjs";

export const registered = [];

/**
 * Registers a test. It is given `start(options)` for a server, `open(options)` for a browser profile of its own, and
 * `hinder(kind, server)` for a hostile proxy before a server.
 */
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
      const hinder = async (kind, server) => {
        const proxy = await HostileProxy.start(kind, server);
        closing.push(() => proxy.stop());
        return proxy;
      };
      try {
        await body({ start, open, hinder });
      } finally {
        for (const close of closing.reverse()) await close();
      }
    },
  });
}
