// A hostile proxy of the test kit between a browser and the program (`cargo build -p diskret-testkit --bins`).
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const program = process.env.DISKRET_HOSTILE_PROXY ?? join(root, "target/debug/hostile-proxy");

/** Loopback only; keeps its port when it is stopped and run again. */
export class HostileProxy {
  /** `kind`: buffering, idle-cutting or upgrade-stripping. */
  static async start(kind, server) {
    if (!existsSync(program)) throw new Error(`${program} is missing: cargo build -p diskret-testkit --bins`);
    const proxy = new HostileProxy();
    proxy.words = [kind, "--to", `127.0.0.1:${server.port}`];
    proxy.port = 0;
    await proxy.run();
    return proxy;
  }

  async run() {
    const words = [...this.words, "--listen", `127.0.0.1:${this.port}`];
    this.process = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.ended = new Promise((done) => this.process.once("exit", done));
    const line = await new Promise((done, fail) => {
      this.process.stdout.once("data", (text) => done(String(text)));
      this.process.once("exit", () => fail(new Error("the proxy did not get ready")));
    });
    this.port = Number(line);
  }

  /** From now on the network gives nothing. */
  async stop() {
    this.process.kill("SIGKILL");
    await this.ended;
  }
}
