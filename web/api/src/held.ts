import type { ClientFrame, ListName, ServerFrame } from "./index";

export type Hello = Extract<ClientFrame, { type: "hello" }>;

/**
 * What this side said and holds, from which every request begins anew: who it is, how far it was told, and, for
 * operators, what it follows.
 */
export class Held {
  #hello: Hello | undefined;
  #conversation = ""; // visitors: theirs, once it has a name
  #after = 0; // visitors: the last sequence passed on
  #position: number | undefined; // operators: of the last row passed on
  #follows = new Map<string, number>(); // operators: the last sequence passed on
  #list: ListName | undefined;

  greet(hello: Hello): void {
    this.#hello = hello;
    this.#after = hello.after ?? 0;
    this.#position = hello.position ?? undefined;
  }

  away(on: boolean): void {
    if (this.#hello) this.#hello.away = on;
  }

  /** What a connection that begins now would say. */
  hello(): Hello | undefined {
    const hello = this.#hello;
    return hello && { ...hello, after: this.#after || undefined, position: this.#position };
  }

  get isVisitor(): boolean {
    return !!this.#hello?.widget;
  }

  get conversation(): string {
    return this.#conversation;
  }

  get hasConversation(): boolean {
    return this.#after > 0;
  }

  /** False: this answers somebody with another token. The first one stays, as what was said went under it. */
  welcomed({ token, position }: Extract<ServerFrame, { type: "welcome" }>): boolean {
    // Who held no row reads the lists from here on.
    if (!this.isVisitor) this.#position ??= position;
    if (!token || !this.#hello) return true;
    this.#hello.token ??= token;
    return this.#hello.token === token;
  }

  /** The head of a request that waits for news. */
  asking(): ClientFrame[] {
    const hello = this.hello();
    const frames: ClientFrame[] = hello ? [hello] : [];
    if (this.#list) frames.push({ type: "watch", list: this.#list });
    for (const [conversation, after] of this.#follows) frames.push({ type: "follow", conversation, after });
    return frames;
  }

  /** The head of a request that only brings something: an operator is not told by it what changed. */
  telling(): ClientFrame[] {
    const hello = this.hello();
    return hello ? [{ ...hello, position: undefined }] : [];
  }

  /** The server has no conversation of this visitor. */
  forget(): void {
    this.#conversation = "";
    this.#after = 0;
  }

  follow(conversation: string, after: number): void {
    this.#follows.set(conversation, after);
  }

  unfollow(conversation: string): void {
    this.#follows.delete(conversation);
  }

  /** True: the server tells something else from now on. Rows of `mine` and `unassigned` come anyway. */
  watch(list: ListName): boolean {
    const changes = (this.#list === "all") !== (list === "all");
    this.#list = list;
    return changes;
  }

  /** How far each conversation was passed on, as it stands now; undefined where nobody listens to it. */
  reached(): (conversation: string) => number | undefined {
    const [own, after, follows] = [this.#conversation, this.#after, new Map(this.#follows)];
    if (!this.isVisitor) return (conversation) => follows.get(conversation);
    return (conversation) => (!own || own === conversation ? after : 0);
  }

  passed(conversation: string, sequence: number): void {
    const before = this.reached()(conversation);
    if (before === undefined) return;
    const upTo = Math.max(before, sequence);
    if (!this.isVisitor) this.#follows.set(conversation, upTo);
    else {
      this.#conversation = conversation;
      this.#after = upTo;
    }
  }

  moved(position: number): void {
    if (!this.isVisitor) this.#position = Math.max(this.#position ?? 0, position);
  }
}

/**
 * What one request passes on. Several run side by side, so each counts for itself, and only as far as nothing is missing
 * before it: what the next request is told not to send again is certain to have come.
 */
export class Source {
  readonly hadConversation: boolean;
  readonly #start: (conversation: string) => number | undefined;
  #upTo = new Map<string, number>();
  #position = 0;
  #replayed = false;

  constructor(private readonly held: Held) {
    this.hadConversation = held.hasConversation;
    this.#start = held.reached();
  }

  note(frame: ServerFrame): void {
    switch (frame.type) {
      case "message":
      case "event":
        this.#step(frame.conversation, frame.sequence, true);
        break;
      case "accepted":
        this.#step(frame.conversation, frame.sequence, false);
        break;
      case "current":
        this.#pass(frame.conversation, Math.max(this.reached(frame.conversation), frame.last_sequence));
        break;
      case "conversation":
        this.#position = Math.max(this.#position, frame.position);
        if (this.#replayed) this.held.moved(this.#position);
        break;
      case "counts":
        this.#replayed = true; // rows that were missed come list by list before it, not in the order of their positions
        this.held.moved(this.#position);
        break;
      case "removed":
        this.held.unfollow(frame.conversation);
        break;
      case "problem": // with a wait it may be followed later, with a counter it is about a message
        if (frame.conversation && frame.counter === undefined && !frame.retry_after_ms)
          this.held.unfollow(frame.conversation);
        break;
    }
  }

  /** All that was missed has come. That the answer ended does not say so: a proxy may end it anywhere, in order. */
  get isWhole(): boolean {
    return this.held.isVisitor || this.#replayed;
  }

  reached(conversation: string): number {
    return this.#upTo.get(conversation) ?? this.#start(conversation) ?? 0;
  }

  /** The first entry of a replay may be any: older ones may be deleted. */
  #step(conversation: string, sequence: number, mayBegin: boolean): void {
    const reached = this.reached(conversation);
    if (sequence === reached + 1 || (mayBegin && !reached)) this.#pass(conversation, sequence);
  }

  #pass(conversation: string, sequence: number): void {
    this.#upTo.set(conversation, sequence);
    this.held.passed(conversation, sequence);
  }
}
