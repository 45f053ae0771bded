import type { Language } from "@diskret/api";

// Every text of the widget. What happened, what it means, what to do; no exclamation marks.
const de = {
  online: "Das Team ist da",
  offline: "Gerade ist niemand da: Wir antworten hier, sobald jemand zurück ist",
  close: "Chat schließen",
  conversation: "Gespräch",
  write: "Nachricht schreiben",
  send: "Nachricht senden",
  notice: "Ihre Nachrichten werden versiegelt gespeichert. Kartennummern werden verdeckt.",
  sending: "wird gesendet …",
  queued: "wartet auf Netz",
  stored: "gesendet",
  seen: "gesehen",
  masked: "Kartennummer vor dem Senden verdeckt",
  you: "Sie",
  isTyping: (name: string) => (name === "…" ? "Das Team schreibt …" : `${name} schreibt …`),
  isHere: (name: string) => `${name} ist jetzt für Sie da`,
  ended: "Gespräch beendet – schreiben Sie einfach weiter, wenn noch etwas ist",
  erased: "Das bisherige Gespräch ist gelöscht",
  today: "Heute",
  yesterday: "Gestern",
  fresh: "Neu",
  newest: (count: number) => (count ? `${count} neu` : "Neueste Nachricht"),
  lost: "Keine Verbindung. Wir versuchen es weiter, Ihr Text bleibt erhalten.",
  gone: "Der Chat hat sich geändert. Laden Sie die Seite neu, Ihr Text bleibt erhalten.",
  unavailable: (wait: number) =>
    `Noch nicht gespeichert: Der Server nimmt gerade nichts an. Nichts ist verloren: Wir senden in ${wait} s erneut.`,
  refused: "Nicht gesendet: Der Server nimmt diesen Text nicht an. Er steht wieder im Eingabefeld.",
  left: (count: number) => `noch ${count} Zeichen`,
  over: (count: number) => `${count} Zeichen zu viel`,
};

const en: typeof de = {
  online: "The team is here",
  offline: "Nobody is here right now: we answer as soon as someone is back",
  close: "Close chat",
  conversation: "Conversation",
  write: "Write a message",
  send: "Send message",
  notice: "Your messages are stored sealed. Card numbers are covered.",
  sending: "sending …",
  queued: "waiting for network",
  stored: "sent",
  seen: "seen",
  masked: "card number masked before it was sent",
  you: "You",
  isTyping: (name) => (name === "…" ? "The team is typing …" : `${name} is typing …`),
  isHere: (name) => `${name} is here for you now`,
  ended: "Conversation ended – just keep writing if there is anything else",
  erased: "The earlier conversation is deleted",
  today: "Today",
  yesterday: "Yesterday",
  fresh: "New",
  newest: (count) => (count ? `${count} new` : "Newest message"),
  lost: "No connection. We keep trying; your text is kept.",
  gone: "The chat has changed. Reload the page; your text is kept.",
  unavailable: (wait) =>
    `Not stored yet: the server takes nothing right now. Nothing is lost: we send again in ${wait} s.`,
  refused: "Not sent: the server does not take this text. It is back in the field.",
  left: (count) => `${count} characters left`,
  over: (count) => `${count} characters too many`,
};

export type Messages = typeof de;
export const messages: Record<Language, Messages> = { de, en };
