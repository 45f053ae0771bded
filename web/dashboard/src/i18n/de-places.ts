import type { enPlaces } from "./en-places";

export const dePlaces: Record<keyof typeof enPlaces, string> = {
  "epoch.next": "Als Nächstes",
  "epoch.next.first": "innerhalb von 12 Stunden nach dem ersten Start",
  "epoch.late":
    "Alte Epochenschlüssel werden nicht rechtzeitig ersetzt oder vernichtet: Bis dahin wird keine Löschung endgültig.",
  "epoch.late.text":
    "Bitten Sie die Administration, diskret doctor laufen zu lassen. Worauf gewartet wird, steht darunter.",
  "epoch.frozen": "Bis {date} wird kein Schlüssel vernichtet.",
  "epoch.frozen.by": "Aufgeschoben am {date} von {name}: {reason}",
  "epoch.frozen.there": "Aufgeschoben am {date} auf der Befehlszeile: {reason}",
  "epoch.frozen.text":
    "Was gelöscht ist, bleibt verborgen, und sein eigener Schlüssel geht; Kopien in älteren Sicherungen ließen sich aber bis dahin öffnen. Keine Löschung wird endgültig.",
  "epoch.freeze": "Vernichten aufschieben …",
  "epoch.freeze.longer": "Länger aufschieben …",
  "epoch.freeze.elsewhere":
    "Mehrere Organisationen teilen sich diese Installation: Nur wer sie betreibt, kann das Vernichten aufschieben.",
  "epoch.freeze.title": "Vernichten alter Schlüssel aufschieben",
  "epoch.freeze.intro":
    "Für den Fall, dass ein Eindringling gelöscht haben könnte oder eine Behörde Beweise gesichert haben will: Solange es gilt, ließe sich Gelöschtes aus einer Sicherung zurückholen. Alle mit dem Recht auf Datenschutz sehen es, und es wird mit Ihrem Namen festgehalten.",
  "epoch.freeze.days": "Für wie viele Tage",
  "epoch.freeze.days.hint": "1 bis {n}. Mehr als sieben Tage am Stück gehen nicht.",
  "epoch.freeze.days.wrong": "Eine ganze Zahl von 1 bis {n}.",
  "epoch.freeze.reason": "Warum",
  "epoch.freeze.reason.hint": "Nennen Sie niemanden: Es steht ein Jahr lang im Protokoll.",
  "epoch.freeze.reason.wrong": "Sagen Sie in wenigen Worten, warum; höchstens 200 Zeichen.",
  "epoch.freeze.do": "{n} Tag aufschieben|{n} Tage aufschieben",
  "epoch.freeze.done": "Bis auf Weiteres wird kein Schlüssel vernichtet.",
  "epoch.thaw": "Wieder vernichten …",
  "epoch.thaw.title": "Alte Schlüssel wieder vernichten",
  "epoch.thaw.intro":
    "Was aufgeschoben war, geht sofort: Was davor gelöscht wurde, kann dann niemand mehr zurückholen.",
  "epoch.thaw.do": "Alte Schlüssel wieder vernichten",
  "epoch.thaw.done": "Alte Schlüssel werden wieder vernichtet.",
  "holder.node": "Server {n}",

  "countries.title": "Erlaubte Länder",
  "countries.text": "Nur hier dürfen Sicherungen und Server liegen. Liegt etwas anderswo, startet das Programm nicht.",
  "countries.here": "Dieser Server",
  "countries.here.unset":
    "Niemand hat gesagt, wo dieser Server steht. Wer ihn betreibt, setzt die Option „here“, damit es sich prüfen lässt.",
  "countries.place": "{place}, {site}",
  "countries.change": "Länder ändern",
  "countries.failed": "Die erlaubten Länder ließen sich nicht laden.",
  "countries.add": "Land hinzufügen",
  "countries.choose": "Land auswählen",
  "countries.remove": "{country} entfernen",
  "countries.in_use": "{what} liegt dort",
  "countries.intro":
    "Ein Land, in dem etwas liegt, bleibt erlaubt: Was dort liegt, muss zuerst umziehen. Außerhalb der EU und des EWR verlangt Art. 44 DSGVO eigene Gründe.",
  "countries.do": "{n} Land erlauben|{n} Länder erlauben",
  "countries.done": "Daten dürfen liegen in: {countries}.",

  "overview.alarm": "Braucht jemanden",
  "overview.alarm.backups": "Die letzte Sicherung ist älter als 26 Stunden, oder es gibt keine.",
  "overview.alarm.places": "Kein Ort für Sicherungen ist eingerichtet: Was kaputtgeht, ist verloren.",
  "overview.alarm.frozen": "Das Vernichten alter Schlüssel ist bis {date} aufgeschoben.",
  "holds.add": "Gespräch aufbewahren …",
  "hold.title.any": "Ein Gespräch länger aufbewahren",
  "hold.number": "Nummer oder Adresse des Gesprächs",
  "hold.number.hint":
    "26 Buchstaben und Ziffern. Wer es lesen darf, findet sie neben dem Gespräch unter Datenschutz; auch im Protokoll steht sie.",
  "hold.number.wrong": "Das ist keine Nummer eines Gesprächs: Sie hat 26 Buchstaben und Ziffern.",
  "hold.number.none":
    "Es gibt kein Gespräch mit dieser Nummer. Vielleicht wurde es gelöscht, oder ein Zeichen stimmt nicht.",
  "hold.late": "Es ist zu spät: Das Gespräch wird bereits vernichtet.",
  "person.number": "Nummer",
  "person.number.copy": "Nummer kopieren",
};
