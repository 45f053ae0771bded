import type { GroupInfo, OperatorChange, OperatorInfo, Problem } from "@diskret/api";
import { asProblem } from "../../api";
import { explain } from "../../i18n/errors";
import { t, tn } from "../../i18n/index.svelte";
import { toasts } from "../../shell/toasts.svelte";
import { conversationsOf, giveBack } from "./conversations";
import { team } from "./team.svelte";

/** Why a colleague could not be changed. */
export function explainChange(problem: Problem): string {
  if (problem.status === 409) return t("team.last_owner");
  if (problem.status === 403) return t("team.role.forbidden");
  return explain(problem);
}

/** The way back of something that has just been done; it can fail like the way there. */
function undo(back: () => Promise<unknown>): () => void {
  return () => void back().catch((error) => toasts.fail(explainChange(asProblem(error))));
}

/** Gives another role or other groups. */
export async function change(person: OperatorInfo, to: OperatorChange): Promise<void> {
  await team.change(person.id, to);
  const { role, groups } = person;
  const back: OperatorChange = { ...(to.role && { role }), ...(to.groups && { groups }) };
  toasts.show(
    t("team.changed", { name: person.name }),
    undo(() => team.change(person.id, back)),
  );
}

export async function deactivate(person: OperatorInfo): Promise<void> {
  const theirs = await conversationsOf(person.id).catch(() => []);
  await team.change(person.id, { active: false });
  const gave = theirs.length > 0 ? ` ${tn("team.deactivated.conversations", theirs.length)}` : "";
  toasts.show(
    `${t("team.deactivated", { name: person.name })}${gave}`,
    undo(async () => {
      await team.change(person.id, { active: true });
      await giveBack(theirs, person.id);
    }),
  );
}

/** Cannot be taken back: only they can set a second factor up again. */
export async function resetFactor(person: OperatorInfo): Promise<void> {
  await team.resetFactor(person.id);
  toasts.show(t("team.factor.done", { name: person.name }));
}

export async function reactivate(person: OperatorInfo): Promise<void> {
  await team.change(person.id, { active: true });
  toasts.show(
    t("team.reactivated", { name: person.name }),
    undo(() => team.change(person.id, { active: false })),
  );
}

/** Makes the group anew, with those who were in it: its name is what people know it by. */
export async function removeGroup(group: GroupInfo): Promise<void> {
  const members = team.membersOf(group);
  await team.removeGroup(group.id);
  const mayGoBack = members.every((person) => team.mayChange(person));
  const back = async () => {
    const made = await team.addGroup(group.name);
    for (const { id } of members) {
      const now = team.people?.find((person) => person.id === id);
      if (now) await team.change(id, { groups: [...now.groups, made.id] });
    }
  };
  toasts.show(t("group.removed", { name: group.name }), mayGoBack ? undo(back) : undefined);
}
