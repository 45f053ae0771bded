// What the house does where nobody writes.
export const enQuiet = {
  "quiet.ask": "Ask whether the visitor is still there",
  "quiet.ask.hint":
    "Once, in their language, where they have not answered your last message. The question counts as a message.",
  "quiet.ask.wrong": "Choose less than until the conversation ends by itself: what is over asks nobody.",
  "quiet.end": "End by itself",
  "quiet.end.hint":
    "After so long without a word from either side. Acts on conversations that are written in from now on.",
  "quiet.never": "Never",
  "quiet.after": "After {time}",
  "quiet.otherwise": "As the installation has it: after {time}",
  "quiet.minutes": "{n} minute|{n} minutes",
  "quiet.hours": "{n} hour|{n} hours",
  "quiet.days": "{n} day|{n} days",
  "quiet.line.asks": "Asks whether they are still there in {n} min",
  "quiet.line.ends": "Ends by itself in {n} min",
  "quiet.line.unless": "unless somebody writes",
  "thread.automatic": "Automatic",
} as const;
