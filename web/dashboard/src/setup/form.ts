import type { Language, SetupRequest } from "@diskret/api";
import type { Key } from "../i18n/en";
import { isColour } from "../settings/colour";
import { originOf } from "../settings/site";
import { isEmail } from "../ui/email";
import { strengthOf } from "../ui/strength";

export interface Answers {
  code: string;
  organisation: string;
  name: string;
  email: string;
  password: string;
  site: string;
  greeting: string;
  colour: string;
}
export type Errors = Partial<Record<keyof Answers, string>>;
export type Faults = Partial<Record<keyof Answers, Key>>;

export const accountFields: (keyof Answers)[] = ["code", "organisation", "name", "email", "password"];

export const lengthOf = (text: string) => [...text].length;

export function checkAccount(answers: Answers): Faults {
  const faults: Faults = {};
  const organisation = lengthOf(answers.organisation.trim());
  if (!answers.code.trim()) faults.code = "setup.code.missing";
  if (organisation < 1 || organisation > 80) faults.organisation = "setup.organisation.missing";
  if (!answers.name.trim()) faults.name = "setup.name.missing";
  if (!isEmail(answers.email)) faults.email = "setup.email.wrong";
  if (strengthOf(answers.password) === "short") faults.password = "setup.password.short";
  return faults;
}

export function checkWidget(answers: Answers): Faults {
  const faults: Faults = {};
  if (answers.site.trim() && originOf(answers.site) === null) faults.site = "setup.site.wrong";
  if (!answers.greeting.trim()) faults.greeting = "widget.greeting.missing";
  if (!isColour(answers.colour)) faults.colour = "setup.colour.wrong";
  return faults;
}

export function requestOf(answers: Answers, language: Language): SetupRequest {
  const site = originOf(answers.site);
  return {
    // The whole address may have been pasted.
    code: answers.code.trim().replace(/^.*#code=/, ""),
    organisation: answers.organisation.trim(),
    name: answers.name.trim(),
    email: answers.email.trim(),
    password: answers.password,
    language,
    ...(site ? { site } : {}),
    greeting: answers.greeting.trim(),
    colour: answers.colour.toLowerCase(),
  };
}
