// A test is a name and a function; what it opens is closed when it ends, whichever way.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newBrowser } from "./browser.mjs";
import { HostileProxy } from "./proxy.mjs";
import { placesIn, Server } from "./server.mjs";

export const registered = [];

/**
 * Registers a test. It is given `start(options)` for a server, `open(options)` for a browser profile of its own, and
 * `hinder(kind, server)` for a hostile proxy before a server. `machine(options)` is one with nothing on it and nobody serving,
 * and `places()` gives the flags that name two folders as places of backups.
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
      const machine = async (options) => {
        const server = await Server.make(options);
        closing.push(() => server.remove());
        return server;
      };
      const places = () => {
        const folder = mkdtempSync(join(tmpdir(), "diskret-places-"));
        closing.push(() => rmSync(folder, { recursive: true, force: true }));
        return placesIn(folder);
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
        await body({ start, open, hinder, machine, places });
      } finally {
        for (const close of closing.reverse()) await close();
      }
    },
  });
}
