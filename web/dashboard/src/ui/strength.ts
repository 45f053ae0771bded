export const PASSWORD_MIN = 12;
const GOOD = 16;
const GREAT = 20;

export type Strength = "short" | "enough" | "good" | "great";

/** Length is what makes a password hard to guess; which kinds of characters it has says little (NIST SP 800-63B). */
export function strengthOf(password: string): Strength {
  const length = [...password].length;
  if (length < PASSWORD_MIN) return "short";
  if (length < GOOD) return "enough";
  return length < GREAT ? "good" : "great";
}
