// Working on one conversation together: correcting what one wrote, handing over, notes, who takes part.
export const enTogether = {
  "edit.menu": "Change this message",
  "edit.menu.note": "Change this note",
  "edit.edit": "Edit",
  "edit.take_back": "Take back",
  "edit.editing": "You are changing your message. The visitor has not read it yet.",
  "edit.editing.note": "You are changing your note.",
  "edit.cancel": "Cancel",
  "edit.save": "Save",
  "edit.too_late": "Already read, so it cannot be changed. Write a correction.",
  "edit.gone": "It was taken back already.",
  "edit.taken_back": "Taken back. The visitor had not read it.",
  "edit.taken_back.note": "Note taken back.",
  "edit.recalled": "Taken back",
  "keys.edit": "Change the last message, if it was not read yet",
} as const;
