import { remember, remembered } from "../shell/memory";

const HOLD_MS = 5_000;

/** For how long a reply can be taken back; some would rather have it go at once. */
class UndoSend {
  on = $state(remembered("undo-send") !== "off");

  get forMs(): number {
    return this.on ? HOLD_MS : 0;
  }

  choose(on: boolean): void {
    this.on = on;
    remember("undo-send", on ? "on" : "off");
  }
}

export const undoSend = new UndoSend();
