import type { enTogether } from "./en-together";

// Zu mehreren an einem Gespräch: Eigenes berichtigen, übergeben, Notizen, wer dabei ist.
export const deTogether: Record<keyof typeof enTogether, string> = {
  "edit.menu": "Diese Nachricht ändern",
  "edit.menu.note": "Diese Notiz ändern",
  "edit.edit": "Bearbeiten",
  "edit.take_back": "Zurückholen",
  "edit.editing": "Sie ändern Ihre Nachricht. Sie wurde noch nicht gelesen.",
  "edit.editing.note": "Sie ändern Ihre Notiz.",
  "edit.cancel": "Abbrechen",
  "edit.save": "Speichern",
  "edit.too_late": "Schon gelesen, deshalb nicht mehr zu ändern. Schreiben Sie eine Berichtigung.",
  "edit.gone": "Sie wurde schon zurückgeholt.",
  "edit.taken_back": "Zurückgeholt. Gelesen wurde sie noch nicht.",
  "edit.taken_back.note": "Notiz zurückgeholt.",
  "edit.recalled": "Zurückgeholt",
  "keys.edit": "Letzte Nachricht ändern, solange sie nicht gelesen ist",
  "handover.note": "Notiz dazu",
  "handover.placeholder": "Was zu wissen ist. Sieht nur Ihr Team.",
  "handover.give": "An {name} geben",
  "handover.keys": "Strg+Eingabe",
  "called.handed": "{name} hat Ihnen das Gespräch mit {visitor} gegeben",
  "called.mentioned": "{name} fragt Sie zum Gespräch mit {visitor}",
};
