import type { ServerFrame } from "./index";

/** Text from the server → frame. What is not an object with a type is ignored: a newer server may say more. */
export function readFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const frame = JSON.parse(data);
    return typeof frame?.type === "string" ? frame : undefined;
  } catch {
    return undefined;
  }
}
