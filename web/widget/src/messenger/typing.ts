const AGAIN = 3000;
const IDLE = 5000;

/** Says "is typing" at most every 3 s, and "no longer" after 5 s without a key. */
export function typing(say: (on: boolean) => void) {
  let saidAt = 0;
  let idle: ReturnType<typeof setTimeout>;

  return function input(on: boolean): void {
    clearTimeout(idle);
    if (on) {
      idle = setTimeout(input, IDLE, false);
      if (Date.now() - saidAt < AGAIN) return;
      saidAt = Date.now();
    } else {
      if (!saidAt) return;
      saidAt = 0;
    }
    say(on);
  };
}
