/** Whether the page may be left without asking, because the operator has just been asked. */
export const leaving = { freely: false };
