import type { enQuiet } from "./en-quiet";

export const deQuiet: Record<keyof typeof enQuiet, string> = {
  "quiet.ask": "Fragen, ob der Besucher noch da ist",
  "quiet.ask.hint":
    "Einmal, in seiner Sprache, wenn er auf Ihre letzte Nachricht nicht antwortet. Die Frage zählt als Nachricht.",
  "quiet.ask.wrong": "Wählen Sie weniger als bis zum Ende: Ein beendetes Gespräch fragt niemanden mehr.",
  "quiet.end": "Von selbst beenden",
  "quiet.end.hint": "Wenn so lange keine Seite schreibt. Gilt für Gespräche, in denen ab jetzt geschrieben wird.",
  "quiet.never": "Nie",
  "quiet.after": "Nach {time}",
  "quiet.otherwise": "Wie auf diesem Server üblich: nach {time}",
  "quiet.minutes": "{n} Minute|{n} Minuten",
  "quiet.hours": "{n} Stunde|{n} Stunden",
  "quiet.days": "{n} Tag|{n} Tagen",
  "quiet.line.asks": "Fragt in {n} Min., ob der Besucher noch da ist",
  "quiet.line.ends": "Endet in {n} Min. von selbst",
  "quiet.line.unless": "wenn niemand schreibt",
  "thread.automatic": "Automatisch",
};
