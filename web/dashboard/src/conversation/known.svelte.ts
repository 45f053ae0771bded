/**
 * Conversations by their ids. One version for all of them: a `SvelteMap` has whoever reads its values depend on every single
 * one, which with ten thousand costs more than reading them.
 */
export class Known<T> {
  #all = new Map<string, T>();
  #version = $state(0);

  get(id: string): T | undefined {
    return this.#version < 0 ? undefined : this.#all.get(id);
  }

  values(): T[] {
    return this.#version < 0 ? [] : [...this.#all.values()];
  }

  get size(): number {
    return this.#version < 0 ? 0 : this.#all.size;
  }

  set(id: string, value: T): void {
    if (this.#all.get(id) === value) return;
    this.#all.set(id, value);
    this.#version++;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  clear(): void {
    this.#all.clear();
    this.#version++;
  }

  delete(id: string): void {
    if (this.#all.delete(id)) this.#version++;
  }
}
