// The real program with a data folder of its own, on a free port.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const program = process.env.DISKRET_PROGRAM ?? join(root, "target/release/diskret");

const freePort = () =>
  new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });

/** Runs the program with these words and gives back what it says; `input` is what it reads. */
export const run = (words, input = "") => execFileSync(program, words, { encoding: "utf8", input });

/** Folders as places of backups, each a site of its own; gives back the flags that name them. */
export function placesIn(folder, names = ["a", "b"]) {
  return names.map((name) => {
    mkdirSync(join(folder, name), { recursive: true });
    return `--place-${name}=file://${join(folder, name)}?country=DE&site=${SITES[name]}&company=Us`;
  });
}
const SITES = { a: "Kiel", b: "Bonn" };

export class Server {
  static async start(options = {}) {
    const server = await Server.make(options);
    if (options.setUp) server.facts = server.setUp(options.setUp);
    await server.run();
    return server;
  }

  /** A machine with nothing on it yet, and nobody serving. */
  static async make({ flags = [], demo = true } = {}) {
    const server = new Server();
    server.port = await freePort();
    server.data = mkdtempSync(join(tmpdir(), "diskret-e2e-"));
    const origin = (name) => `http://${name}.localhost:${server.port}`;
    [server.app, server.widget, server.shop] = [origin("app"), origin("widget"), origin("shop")];
    server.flags = [
      ...["--data", server.data, "--listen", `127.0.0.1:${server.port}`, "--app-origin", server.app],
      ...["--widget-origin", server.widget, "--shop-origin", server.shop, ...(demo ? ["--demo"] : []), ...flags],
    ];
    return server;
  }

  /** `diskret setup --json`; gives back the ids it prints. */
  setUp({ organisation = "Nordlicht Versand", name = "Ben Sommer", email = "ben@example.de", language = "en" } = {}) {
    const arguments_ = ["--organisation", organisation, "--owner-name", name, "--owner-email", email];
    return JSON.parse(this.command("setup", "--json", "--language", language, ...arguments_));
  }

  /** Adds somebody to the team; gives back their password. */
  addOperator(organisation, { name, email, role = "agent", language = "en" }) {
    const who = ["--name", name, "--email", email, "--role", role, "--language", language];
    const printed = this.command(["admin", "add-operator"], "--organisation", organisation, ...who);
    return /^password\s+(\S+)$/m.exec(printed)[1];
  }

  command(name, ...rest) {
    return run([...[name].flat(), ...this.flags, ...rest]);
  }

  /** `diskret restore`, with the recovery key as somebody wrote it down. */
  restore(recoveryKey, ...rest) {
    return run(["restore", ...this.flags, ...rest], `${recoveryKey}\n`);
  }

  /** Starts the program and waits until it is ready. */
  async run() {
    this.output = "";
    this.process = spawn(program, ["serve", ...this.flags], { stdio: ["ignore", "pipe", "pipe"] });
    this.ended = new Promise((done) => this.process.once("exit", done));
    this.process.stdout.on("data", (text) => (this.output += text));
    this.process.stderr.on("data", (text) => (this.output += text));
    for (let tries = 0; tries < 200; tries += 1) {
      try {
        const answer = await fetch(`http://127.0.0.1:${this.port}/ready`);
        if (answer.ok) return;
      } catch {
        // Not listening yet.
      }
      if (this.process.exitCode !== null) break;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`the server did not get ready:\n${this.output}`);
  }

  /** Asks one of the server's origins without a browser: Node does not resolve the names, so the Host header says which. */
  ask(address, headers = {}) {
    const { host, pathname, search } = new URL(address);
    const options = { host: "127.0.0.1", port: this.port, path: pathname + search, headers: { host, ...headers } };
    return new Promise((done, fail) => {
      request(options, (answer) => {
        let body = "";
        answer.on("data", (part) => (body += part));
        answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, body }));
      })
        .on("error", fail)
        .end();
    });
  }

  /** Ends the program: in order, or as a power cut would. */
  async stop(signal = "SIGTERM") {
    this.process.kill(signal);
    await this.ended;
  }

  get firstSignIn() {
    return /first sign-in\s+(\S+)/.exec(this.output)[1];
  }

  async remove() {
    if (this.process?.exitCode === null && this.process.signalCode === null) await this.stop("SIGKILL");
    rmSync(this.data, { recursive: true, force: true });
  }
}
