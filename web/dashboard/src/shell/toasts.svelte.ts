export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "failed";
  undo?: () => void;
  until?: number; // the moment after which it cannot be undone any more
}

const STAYS_MS = 8_000;
const UNDOABLE_STAYS_MS = 20_000; // what there is time to think about

class Toasts {
  all = $state.raw<Toast[]>([]);
  #last = 0;
  #timers = new Map<number, number>();

  /** Its number, by which it can be closed. */
  show(text: string, undo?: () => void, until?: number): number {
    this.#add({ id: ++this.#last, text, tone: "plain", undo, until });
    return this.#last;
  }

  fail(text: string): void {
    this.#add({ id: ++this.#last, text, tone: "failed" });
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.all = this.all.filter((toast) => toast.id !== id);
  }

  /** Nobody has to hurry while pointing at it. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      window.setTimeout(
        () => this.close(id),
        this.all.find((toast) => toast.id === id)?.until ? UNDOABLE_STAYS_MS : STAYS_MS,
      ),
    );
  }

  undo(toast: Toast): void {
    this.close(toast.id);
    toast.undo?.();
  }

  undoLast(): boolean {
    const last = [...this.all].reverse().find((toast) => toast.undo);
    if (last) this.undo(last);
    return last !== undefined;
  }

  #add(toast: Toast): void {
    this.all = [...this.all.slice(-2), toast];
    this.release(toast.id);
  }
}

export const toasts = new Toasts();
