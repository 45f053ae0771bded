/** Whether nobody is at this page, and what the server was told of it: between hello and welcome it can be told nothing. */
export class Away {
  on = false;
  #told = false;

  constructor(private readonly send: (on: boolean) => boolean) {}

  set(on: boolean): void {
    this.on = on;
    this.tell();
  }

  /** What the hello of a connection says. */
  hello(): boolean {
    this.#told = this.on;
    return this.on;
  }

  /** Says what has changed since it was last told, where it can be said now. */
  tell(): void {
    if (this.on !== this.#told && this.send(this.on)) this.#told = this.on;
  }
}
