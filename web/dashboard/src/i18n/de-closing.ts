import type { enClosing } from "./en-closing";

export const deClosing: Record<keyof typeof enClosing, string> = {
  "closing.banner":
    "Diese Organisation endet am {date}: Es beginnt kein neues Gespräch, und dann wird alles vernichtet.",
  "closing.banner.more": "Was geschieht, und wie sie bleibt",
  "closing.title": "Organisation schließen",
  "closing.failed": "Ob die Organisation geschlossen wird, ließ sich nicht lesen.",
  "closing.text":
    "Für den Fall, dass hier niemand mehr arbeitet. Ab Ihrer Bestätigung beginnt kein neues Gespräch; laufende gehen weiter. 30 Tage lang können Sie es zurücknehmen. Dann wird alles dieser Organisation vernichtet, auch in jeder Sicherung, und niemand kann sich mehr anmelden.",
  "closing.begin": "Organisation schließen …",
  "closing.copy": "Zuerst die Kopie",
  "closing.copy.text":
    "Nach dem Ende kann Ihnen niemand etwas zurückgeben. Speichern Sie jetzt alles: Es bleibt Ihres. Die Kopie zählt, wenn sie vollständig ankam, einen Tag lang.",
  "closing.copy.save": "Alles speichern (JSON-Zeilen)",
  "closing.copy.look": "Sie ist gespeichert: noch einmal nachsehen",
  "closing.copy.taken": "Eine vollständige Kopie wurde am {date} gespeichert.",
  "closing.copy.missing": "Innerhalb eines Tages wurde keine vollständige Kopie gespeichert.",
  "closing.copy.none": "Wir wollen keine Kopie",
  "closing.copy.needed": "Speichern Sie eine Kopie, oder sagen Sie, dass Sie keine wollen.",
  "closing.goes": "Was wann verschwindet",
  "closing.goes.now": "Sofort: Widgets beginnen kein neues Gespräch und sagen das.",
  "closing.goes.later":
    "In 30 Tagen: Gespräche, Notizen, Personen mit ihren Zugängen, Gruppen, Textbausteine, Themen, Widgets, Zähler und das Protokoll; zuerst die Schlüssel, dann die Zeilen, mit dem nächsten Schlüsselwechsel auch die Sicherungen.",
  "closing.goes.stays": "Was bleibt: die unterschriebene Quittung, ohne Namen und ohne Inhalt, drei Jahre lang.",
  "closing.goes.held":
    "{n} Gespräch muss bis {date} bleiben: Es wird gesperrt, und die Organisation endet mit ihm.|{n} Gespräche müssen bleiben, das letzte bis {date}: Sie werden gesperrt, und die Organisation endet mit ihnen.",
  "closing.confirm": "Bestätigen",
  "closing.name": "Name der Organisation: {name}",
  "closing.name.wrong": "Tippen Sie den Namen genau so, wie er oben steht.",
  "closing.submit": "In 30 Tagen schließen",
  "closing.busy": "Einen Moment …",
  "closing.done":
    "Die Organisation endet am {date}. Speichern Sie jetzt die Quittung: Nach ihr wird gefragt, wenn alles weg ist.",
  "closing.waiting": "Die Organisation endet am {date}.",
  "closing.waiting.by": "{name} hat sie am {date} gekündigt.",
  "closing.waiting.on": "Sie wurde am {date} gekündigt.",
  "closing.held":
    "{n} Gespräch muss bis {date} bleiben. Es ist gesperrt, alles andere ist weg; die Organisation endet dann.|{n} Gespräche müssen bleiben, das letzte bis {date}. Sie sind gesperrt, alles andere ist weg; die Organisation endet dann.",
  "closing.held.link": "Was bleiben muss",
  "closing.ending": "Ihr Tag ist gekommen: Alles wird vernichtet.",
  "closing.receipt": "Quittung speichern",
  "closing.receipt.text":
    "Bewahren Sie sie außerhalb von Diskret auf. Wenn alles vernichtet ist, bekommen Sie für sie die endgültige Quittung auf der Seite über Quittungen, ohne Anmeldung.",
  "closing.keep": "Organisation behalten",
  "closing.kept": "Die Organisation bleibt. Neue Gespräche beginnen wieder.",
  "closing.too_late": "Ihr Tag ist gekommen: Sie kann nicht mehr bleiben.",
  "closing.owner": "Nur Inhaberin oder Inhaber schließt sie oder behält sie.",
  "closing.final": "Die endgültige Quittung einer geschlossenen Organisation",
  "closing.final.text":
    "Wählen Sie die Quittung, die bei der Kündigung gespeichert wurde. Ist alles vernichtet, wird die endgültige gespeichert.",
  "closing.final.file": "Die Quittung (JSON)",
  "closing.final.saved": "Die endgültige Quittung ist gespeichert.",
  "closing.final.waits":
    "Noch nicht: Sicherungen und alte Schlüssel kommen zuerst. Versuchen Sie es in einem Tag wieder.",
  "closing.final.wrong": "Das ist nicht die Quittung einer hier geschlossenen Organisation, oder sie wurde verändert.",
};
