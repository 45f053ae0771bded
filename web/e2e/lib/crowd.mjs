// Visitors by the thousand, without a browser each: the socket's frames in plain requests (docs/protocol.md).
import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";

/** Flags of a server that takes so many from one address. */
export const ROOMY = [
  ...["--address-conversations", "1000000", "--organisation-conversations", "1000000"],
  ...["--address-messages", "1000000", "--organisation-messages", "1000000"],
  ...["--address-requests", "1000000", "--address-connections", "10000"],
];

/** Begins so many conversations, some at once; `text` says what each begins with. */
export async function begin(server, many, text, language = () => "en") {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  let next = 0;
  const work = async () => {
    for (let number = next++; number < many; number = next++) await one(server, agent, text(number), language(number));
  };
  await Promise.all(Array.from({ length: 32 }, work));
  agent.destroy();
}

function one(server, agent, text, language) {
  const { host } = new URL(server.widget);
  const frames = [
    { type: "hello", protocol: 1, sender: randomBytes(8).toString("hex"), widget: server.facts.widget, language },
    { type: "message", counter: 1, text },
  ];
  const headers = { host, origin: server.widget, "content-type": "application/x-ndjson" };
  const options = { host: "127.0.0.1", port: server.port, path: "/frames?mode=send", method: "POST", headers, agent };
  return new Promise((done, fail) => {
    const asked = request(options, (answer) => {
      let body = "";
      answer.on("data", (part) => (body += part));
      answer.on("end", () => (body.includes('"accepted"') ? done() : fail(new Error(`${answer.statusCode} ${body}`))));
    });
    asked.on("error", fail);
    asked.end(`${frames.map((frame) => JSON.stringify(frame)).join("\n")}\n`);
  });
}
