import type { enRefusals } from "./en-refusals";

export const deRefusals: Record<keyof typeof enRefusals, string> = {
  "refused.empty": "Ein Feld ist leer geblieben. Füllen Sie es aus.",
  "refused.long": "Das ist zu lang: höchstens {n} Zeichen.",
  "refused.control":
    "Zeilenumbrüche und unsichtbare Zeichen gehören hier nicht hinein. Tippen Sie es neu, statt es einzufügen.",
  "refused.large": "Das ist zu viel auf einmal. Kürzen Sie es.",
  "refused.group_name": "Eine Gruppe dieses Namens gibt es schon. Wählen Sie einen anderen.",
  "refused.nobody": "Diese Person arbeitet nicht mehr hier. Wählen Sie jemand anderen.",
  "refused.role": "Die Rolle dieser Person umfasst das nicht. Wählen Sie jemand anderen.",
  "refused.gone": "Was Sie gewählt haben, gibt es nicht mehr. Laden Sie die Seite neu und wählen Sie noch einmal.",
  "refused.moment": "Wählen Sie einen Zeitpunkt, der noch kommt, innerhalb eines Jahres.",
  "refused.guests": "Es sind schon so viele dabei, wie dabei sein können. Entfernen Sie zuerst jemanden.",
  "refused.topics": "Dieses Gespräch hat so viele Themen, wie es haben kann. Entfernen Sie zuerst eines.",
  "refused.over": "Das Gespräch ist beendet. Nehmen Sie es zuerst wieder auf.",
  "refused.own_password": "Das eigene Passwort ändern Sie unter Konto, mit dem bisherigen.",
  "refused.own_factor": "Den eigenen zweiten Faktor schalten Sie unter Konto aus, mit einem Code.",
  "refused.has_factor": "Ein zweiter Faktor ist schon eingeschaltet. Schalten Sie ihn zuerst aus.",
  "refused.begin_anew": "Ihr Passwort oder Ihr zweiter Faktor wurde inzwischen geändert. Beginnen Sie noch einmal.",
  "refused.new_browser": "Dieser Browser ist dafür zu neu. Tun Sie es in einem, den Sie schon länger benutzen.",
  "refused.programs": "Es gibt 100 Programme, mehr sind nicht möglich. Nehmen Sie zuerst einem den Zugang.",
  "refused.topic_used": "Gespräche sind oder waren zu diesem Thema. Archivieren Sie es stattdessen.",
};
