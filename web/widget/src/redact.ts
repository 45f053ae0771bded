/**
 * Masks payment card numbers before a message leaves the browser. The server decides again, by the same rules:
 * `crates/privacy/src/redact/card.rs` says what they are and why; `crates/privacy/testdata/redaction.json` holds both to
 * the same result. Change neither alone. Written to be small rather than fast: a text with digits becomes a string like
 * `4242-4242-4242-4242-12/27`, and patterns judge it.
 */

/** Where a card number is, in UTF-16 offsets, and its last four digits in ASCII. */
interface Card {
  start: number;
  end: number;
  last: string;
}

interface Digit {
  value: number;
  /**
   * What stands before it. "": nothing; "-": spaces, dashes …; "." ",": just this; "n": a line ends; "/": other
   * punctuation; "!": something a number can't contain; "+": the same, with a plus sign at its end.
   */
  gap: string;
  start: number;
  end: number;
  /** The first of the four digits of a card number that stay readable. */
  card?: Card;
}

const dashes = "\\p{Zs}\\p{Pd}\\p{Pc}\\t.~˗⁃−─━ー～\u2800·․‧⋅。・．｡";
const lines = "\\n-\\r\\x85\u2028\u2029";
const weak = "/\\\\,:;|*'\"`()[\\]<>´‘’⁄∕、（）＊，／：｜";
const separators = `[${dashes}${lines}${weak}]`;
const marks = "\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f";
const hidden = `(?![\\t-\\r\\x85])[\\p{DI}\\p{Cc}${marks}]`;

/** The value of a character that reads as one digit, or -1. */
function digit(ch: string): number {
  // ASCII, full-width, mathematical, superscript, circled, "(1)", "1." …
  const like = /^\(?(\d)[.,)]?$/.exec(ch.normalize("NFKC"));
  if (like) return +(like[1] as string);
  // … and all others come in blocks of ten that begin with zero.
  let v = -1;
  for (let c = ch.codePointAt(0) as number; /\p{Nd}/u.test(String.fromCodePoint(c)); c--) v++;
  return v % 10;
}

/** Countries whose IBANs are mostly digits, each with the length in base 36. */
const ibans = "ATkBEgBGmCHlCZoDEmDKiEEkESoFIiFRrGBmGRrHRlHUsIEmITrLIlLTkLUkNLiNOfPLsPTpROoSEoSIjSKo";

/** Blots out UUIDs, parcel numbers of UPS and valid IBANs: their digits are no card's. */
function blot(text: string): string {
  let out = text;
  for (const before of text.matchAll(RegExp(`(^|[^\\w\\p{N}${marks}])(?=[A-Za-z\\d])`, "gu"))) {
    const start = before.index + before[0].length;
    const rest = text.slice(start, start + 99);
    const at = ibans.indexOf(rest.slice(0, 2).toUpperCase());
    let [found] = /^([\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}|1Z( ?[A-Z\d]){16})(?![A-Z_])/i.exec(rest) ?? [""];
    if (!found && at >= 0) {
      const size = Number.parseInt(ibans[at + 2] as string, 36) - 4;
      const [iban] = RegExp(`^[A-Z]{2}\\d\\d([ \xa0-]?[A-Z\\d]){${size}}(?![A-Z_])`, "i").exec(rest) ?? [""];
      const number = iban
        .replace(/[ \xa0-]/g, "")
        .replace(/(.{4})(.+)/, "$2$1")
        .replace(/[A-Z]/gi, (c) => `${Number.parseInt(c, 36)}`);
      if (BigInt(number) % 97n === 1n) found = iban;
    }
    out = out.slice(0, start) + "x".repeat(found.length) + out.slice(start + found.length);
  }
  return out;
}

/** What the characters between two digits amount to. */
function gapOf(between: string): string {
  const seen = between.replace(RegExp(hidden, "gu"), "");
  const has = (pattern: string) => RegExp(pattern, "u").test(seen);
  if (/^[.,]?$/.test(seen)) return seen;
  if (!has(`^${separators}{1,4}$`)) return has(`[+＋]${separators}*$`) ? "+" : "!";
  return has(`[${weak}]`) ? "/" : has(`[${lines}]`) ? "n" : "-";
}

/** All digits of a text with what stands before each. */
function read(text: string): Digit[] {
  const digits: Digit[] = [];
  let between = "!";
  let start = 0;
  for (const ch of blot(text)) {
    const end = start + ch.length;
    const value = digit(ch);
    if (value < 0) between += ch;
    else {
      digits.push({ value, gap: gapOf(between), start, end });
      between = "";
    }
    start = end;
  }
  return digits;
}

// The issuers' first digits for each length from 13; Maestro's other lengths are taken only alone and in groups.
const maestro = "50|5[6-9]|6[^2]";
const diners = "30[0-5]|3095|3[689]";
const most = `${diners}|220[0-5]|35(2[89]|[3-8])|62|8[12]`;
const issuers = [
  "4",
  diners,
  "3[47]",
  `${most}|[456]|222[1-9]|22[3-9]|2[3-6]|27([01]|20)|8600|9(112|704|792|860)`,
  most,
  most,
  `${most}|4|9704|${maestro}`,
];

/** Length of the longest card number that starts with digit i, or 0. */
function longest(digits: Digit[], i: number): number {
  const gap = digits[i]?.gap;
  const [run] = digits
    .slice(i, i + 30)
    .map((d, k) => (k ? d.gap : "") + d.value)
    .join("")
    .split(/[!+]/) as [string];
  for (let n = gap ? 19 : 0; n > 11; n--) {
    const [written] = RegExp(`^\\d(\\D?\\d){${n - 1}}`).exec(run) ?? [""];
    const rest = run.slice(written.length);
    const number = written.replace(/\D/g, "");
    const starts = (pattern = "x") => RegExp(`^(${pattern})`).test(number);
    const whole = written === number;
    const groupEnds = !/^\d/.test(rest);
    // Nothing else in the run but an expiry date, a security code.
    const alone =
      /[!+]/.test(gap as string) && /^(\d{3}|(0[1-9]|1[0-2])(20)?[2-4]\d(\d{3,4})?)?$/.test(rest.replace(/\D/g, ""));
    // Groups as on the card, line breaks anywhere; but not a part of a column of numbers.
    const usual =
      (/[^\dn]/.test(written) || !/^n| n/.test(`${gap} ${rest}`)) &&
      /^\d(n?\d){3}(\D\d(n?\d){5}\D\d(n?\d){3,4}|(\D\d(n?\d){2}){3}|(\D\d(n?\d){3})*\D\d(n?\d){0,3})$/.test(written);
    let luhn = 0;
    let ean = 0;
    for (let k = n; k--; ) {
      const v = +(number[k] as string);
      const odd = (n - k) % 2;
      luhn += odd ? v : (v * 2) % 9 || v;
      ean += odd ? v : v * 3;
    }
    const known = starts(issuers[n - 13]);
    if (
      luhn % 10 === 0 &&
      (n > 15 || gap !== "+") &&
      // A decimal fraction.
      !(whole && /[.,]/.test(gap as string)) &&
      (known && n > 13
        ? (groupEnds && (whole || usual)) ||
          // Any form, but no decimal fraction, date, list, nor 17 or 18 digits.
          (alone &&
            n % 17 > 1 &&
            (groupEnds || (n > 14 && /\d{4}$/.test(written))) &&
            /^(?!\d{1,3}\.\d{4}|\d\d\.[01]\d\.(\d\d)?\d\d\D)[^/,]+$/.test(written))
        : groupEnds && alone && (usual ? known || starts(maestro) : known && whole && !starts("4[39]") && ean % 10))
    )
      return n;
  }
  return 0;
}

/** Where card numbers are; sorted, without overlap. */
export function findCards(text: string): Card[] {
  const digits = text.match(/\p{N}/gu)?.[11] ? read(text) : [];
  for (;;) {
    const found: [number, number][] = [];
    digits.forEach((_, i) => {
      const n = longest(digits, i);
      const before = found.at(-1);
      if (before && n && i < before[1]) before[1] = Math.max(before[1], i + n);
      else if (n) found.push([i, i + n]);
    });
    if (!found.length) return digits.flatMap((d) => d.card ?? []);
    // Now the digits become those of the masked text: of each find the last four, unbroken, behind a bullet. A find
    // that begins with them makes the earlier one longer.
    for (const [a, b] of found.reverse()) {
      const rest = digits.slice(b - 4, b);
      const { start } = digits[a] as Digit;
      const { end } = rest[3] as Digit;
      const sits = RegExp(`^(${hidden})*[${marks}]`, "u").exec(text.slice(end))?.[0].length ?? 0;
      const card = { start, end: end + sits, last: rest.map((d) => d.value).join("") };
      digits.splice(a, b - a, ...rest.map((d, k) => (k ? { ...d, gap: "" } : { ...d, start, gap: "!", card })));
    }
  }
}

/** Replaces every card number by "•••• " and its last four digits; says how many there were. */
export function maskCards(text: string): { text: string; masked: number } {
  const cards = findCards(text);
  let out = "";
  let done = 0;
  for (const { start, end, last } of cards) {
    out += `${text.slice(done, start)}•••• ${last}`;
    done = end;
  }
  return { text: out + text.slice(done), masked: cards.length };
}
