import type { Problem } from "@diskret/api";

/** What the server answered, or `status: 0` when no answer came at all. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.title);
  }
  get status(): number {
    return this.problem.status;
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

let onSignedOut = () => {};
let language = () => "en";

/** Wires the wrapper to the session and the chosen language without importing either. */
export function configureApi(options: { signedOut: () => void; language: () => string }): void {
  onSignedOut = options.signedOut;
  language = options.language;
}

/** One JSON request. A 401 ends the session everywhere, except where being signed out is the question itself. */
export async function call<T>(method: Method, path: string, body?: unknown, anonymous = false): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json", "accept-language": language() };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch {
    throw new ProblemError({ type: "about:blank", title: "No answer", status: 0, detail: "" });
  }
  // What is done, or being done, may have nothing to say.
  if (response.ok) return (response.headers.has("content-type") ? response.json() : undefined) as Promise<T>;
  const problem = await readProblem(response);
  if (response.status === 401 && !anonymous) onSignedOut();
  throw new ProblemError(problem);
}

async function readProblem(response: Response): Promise<Problem> {
  const bare = { type: "about:blank", title: response.statusText, status: response.status, detail: "" };
  try {
    return { ...bare, ...((await response.json()) as Partial<Problem>), status: response.status };
  } catch {
    return bare;
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return { type: "about:blank", title: "Unexpected", status: -1, detail: String(error) };
}
