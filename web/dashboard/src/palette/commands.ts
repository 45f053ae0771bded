import type { ConversationSummary, Language } from "@diskret/api";
import { presence } from "../attention/presence.svelte";
import { assign, end, erase, hand, reopen } from "../conversation/actions";
import { groups } from "../conversation/groups.svelte";
import { handles } from "../conversation/handles";
import { openLongestWaiting } from "../conversation/longest";
import { operators } from "../conversation/operators.svelte";
import { rows } from "../conversation/rows.svelte";
import { view } from "../conversation/view.svelte";
import { invite, letGo } from "../guests/guests";
import type { Key } from "../i18n/en";
import { i18n, t } from "../i18n/index.svelte";
import { session } from "../session/session.svelte";
import { mayErase, maySee, maySeePrivacy } from "../shell/may-see";
import { conversationPath, privacyParts, privacyPath, settingPaths, settings } from "../shell/route";
import { router } from "../shell/router.svelte";
import { appearance, themes } from "../shell/theme.svelte";
import { snooze, takeUp } from "../snooze/snooze";
import { moments } from "../snooze/times";
import { addTopic, isAbout, removeTopic } from "../topics/file";
import { openTopics } from "../topics/open";
import { topics } from "../topics/topics.svelte";
import { ranked } from "../ui/search";

export interface Command {
  id: string;
  part: Key; // under which heading it stands
  title: string;
  words?: string; // by which it is found besides its title
  key?: string;
  run: () => void;
}

const CONVERSATIONS = 8;

/** What fits the words typed: actions first while a conversation is open, conversations by whom they are with and about. */
export function found(query: string, current: string | null, help: () => void): Command[] {
  const row = current === null ? undefined : rows.all.get(current);
  const actions = [...(row && session.canWrite ? ofConversation(row) : []), ...places(), ...self(help)];
  const fitting = ranked(query, actions, (one) => [one.title, one.words ?? ""]);
  const talks = session.canRead ? conversations(query) : [];
  const here: Key = "palette.conversation";
  const inFront = fitting.filter((one) => one.part === here);
  return [...inFront, ...talks, ...fitting.filter((one) => one.part !== here)];
}

function conversations(query: string): Command[] {
  const all = rows.all.values().sort((a, b) => b.last_at - a.last_at);
  const name = (row: ConversationSummary) => t("conversation.visitor", { label: row.label });
  const words = (row: ConversationSummary) =>
    `${row.label} ${row.assignee?.name ?? ""} ${row.preview} ${row.widget.name}`;
  return ranked(query, all, (row) => [name(row), words(row)])
    .slice(0, CONVERSATIONS)
    .map((row) => ({
      id: `talk-${row.id}`,
      part: "palette.conversations",
      title: row.preview ? `${name(row)} – ${row.preview}` : name(row),
      run: () => router.go(conversationPath(row.id)),
    }));
}

function ofConversation(row: ConversationSummary): Command[] {
  const command = (id: string, title: string, run: () => void, key?: string): Command => ({
    id,
    part: "palette.conversation",
    title,
    run,
    ...(key ? { key } : {}),
  });
  const me = session.info?.operator;
  const others = (operators.all ?? []).filter((one) => one.id !== me?.id && one.id !== row.assignee?.id);
  return [
    command("reply", t("keys.reply"), () => handles.compose?.("reply"), "R"),
    command("note", t("keys.note"), () => handles.compose?.("note"), "N"),
    command("snippet", t("keys.snippets"), () => handles.snippets?.(), "S"),
    row.state === "ended"
      ? command("reopen", t("conversation.reopen"), () => void reopen(row))
      : command("end", t("conversation.end"), () => void end(row), "E"),
    ...(me && row.assignee?.id !== me.id
      ? [command("assign-me", t("palette.assign.me"), () => void assign(row, { id: me.id, name: me.name }))]
      : []),
    ...others.map((one) =>
      command(
        `assign-${one.id}`,
        t("palette.assign", { name: one.name }),
        () => void assign(row, { id: one.id, name: one.name }),
      ),
    ),
    ...(row.assignee ? [command("assign-none", t("palette.assign.nobody"), () => void assign(row, null))] : []),
    ...others
      .filter((one) => !row.guests.some((guest) => guest.id === one.id))
      .map((one) =>
        command(
          `invite-${one.id}`,
          t("palette.invite", { name: one.name }),
          () => void invite(row, { id: one.id, name: one.name }),
        ),
      ),
    ...row.guests.map((one) =>
      command(
        `release-${one.id}`,
        one.id === me?.id ? t("guests.leave") : t("guests.remove", { name: one.name }),
        () => void letGo(row, one),
      ),
    ),
    ...groups.all
      .filter((group) => group.id !== row.group?.id)
      .map((group) =>
        command(`group-${group.id}`, t("palette.hand", { name: group.name }), () => void hand(row, group)),
      ),
    ...(row.group ? [command("group-none", t("palette.hand.everybody"), () => void hand(row, null))] : []),
    ...(row.state === "ended" ? [] : [command("snooze", t("snooze.label"), () => handles.snooze?.(), "H")]),
    ...(row.state === "ended" ? [] : moments(new Date())).map(({ key, at }) =>
      command(key, t("palette.snooze", { time: t(key) }), () => void snooze(row, at)),
    ),
    ...(row.snoozed_until === null ? [] : [command("take-up", t("snooze.take_up"), () => void takeUp(row))]),
    command("topics", t("topics.set"), openTopics, "T"),
    ...topics.offered
      .filter((topic) => !isAbout(row, topic))
      .map((topic) =>
        command(`topic-${topic.id}`, t("palette.topic", { name: topic.name }), () => void addTopic(row, topic)),
      ),
    ...row.topics.map((topic) =>
      command(`untopic-${topic.id}`, t("topics.remove", { name: topic.name }), () => void removeTopic(row, topic)),
    ),
    ...(mayErase() ? [command("erase", t("erase.conversation"), () => void erase(row), t("erase.key"))] : []),
    command("person", t("conversation.person"), () => router.go(conversationPath(row.id, true))),
  ];
}

function places(): Command[] {
  const part: Key = "palette.go";
  const waiting = session.canWrite
    ? [{ id: "longest", part, title: t("find.longest"), run: () => void openLongestWaiting() }]
    : [];
  const lists = session.canRead
    ? view.lists.map((list) => ({
        id: `list-${list}`,
        part,
        title: t("palette.list", { name: t(`list.${list}`) }),
        run: () => {
          view.choose(list);
          router.go("/");
        },
      }))
    : [];
  const pages = settings.filter(maySee).map((name) => ({
    id: `page-${name}`,
    part,
    title: t("palette.settings", { name: t(`settings.${name}`) }),
    run: () => router.go(settingPaths[name]),
  }));
  const privacy = privacyParts.filter(maySeePrivacy).map((name) => ({
    id: `privacy-${name}`,
    part,
    title: `${t("nav.privacy")}: ${t(`privacy.tab.${name}`)}`,
    run: () => router.go(privacyPath(name)),
  }));
  return [...waiting, ...lists, ...privacy, ...pages];
}

function self(help: () => void): Command[] {
  const part: Key = "palette.self";
  const languages: Language[] = ["de", "en"];
  return [
    ...(session.canWrite
      ? [
          {
            id: "presence",
            part,
            title: presence.byHand ? t("me.online.set") : t("me.away.set"),
            run: () => presence.choose(!presence.byHand),
          },
        ]
      : []),
    ...languages
      .filter((language) => language !== i18n.language)
      .map((language) => ({
        id: `language-${language}`,
        part,
        title: t("palette.language", { name: t(`language.${language}`) }),
        words: "Deutsch English",
        run: () => session.speak(language),
      })),
    ...themes
      .filter((theme) => theme !== appearance.theme)
      .map((theme) => ({
        id: `theme-${theme}`,
        part,
        title: t("palette.theme", { name: t(`me.theme.${theme}`) }),
        run: () => appearance.choose(theme),
      })),
    { id: "help", part, title: t("me.keys"), key: "?", run: help },
  ];
}
