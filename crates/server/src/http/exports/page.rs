//! A copy for people: a page that is complete in itself, loads nothing and runs nothing.

use domain::{Language, Timestamp};

use crate::wire::conversations::{AuthorKind, Entry, EventEntry, EventKind, MessageEntry};
use crate::wire::export::CopiedConversation;
use crate::wire::session;

/// How it ends.
pub(super) const END: &str = "</ol></main></body></html>\n";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;\
    background:#fff}h1{font-size:1.4rem;margin:0 0 .25rem}dl{display:grid;grid-template-columns:max-content 1fr;\
    gap:.1rem 1rem;color:#444}dd{margin:0}ol{list-style:none;padding:0}li{margin:1rem 0;padding:.6rem .8rem;border:1px solid \
    #ccc;border-radius:.5rem}li.note{border-style:dashed}li.event{border:0;padding:0;color:#555}p{margin:.2rem 0 0;\
    white-space:pre-wrap;overflow-wrap:anywhere}small{color:#555}@media(prefers-color-scheme:dark){body{color:#eee;\
    background:#1b1b1b}dl,small,li.event{color:#bbb}li{border-color:#555}}";

struct Words {
    code: &'static str,
    title: &'static str,
    from: &'static str,
    taken: &'static str,
    began: &'static str,
    about: &'static str,
    visitor: &'static str,
    house: &'static str,
    note: &'static str,
    recalled: &'static str,
}

const GERMAN: Words = Words {
    code: "de",
    title: "Unterhaltung",
    from: "Gespeichert von",
    taken: "Kopie vom",
    began: "Begonnen",
    about: "Themen",
    visitor: "Besucher",
    house: "Automatisch",
    note: "interne Notiz",
    recalled: "zurückgenommen",
};

const ENGLISH: Words = Words {
    code: "en",
    title: "Conversation",
    from: "Kept by",
    taken: "Copied on",
    began: "Begun",
    about: "Topics",
    visitor: "Visitor",
    house: "Automatic",
    note: "internal note",
    recalled: "taken back",
};

const fn words(language: Language) -> &'static Words {
    match language {
        Language::De => &GERMAN,
        Language::En => &ENGLISH,
    }
}

/// Text that means nothing to a browser but itself.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// To the second, in UTC.
fn time(at: i64) -> String {
    let text = Timestamp(at).utc();
    let (date, time) = text.split_once('T').unwrap_or((text.as_str(), ""));
    format!("{date} {} UTC", time.split('.').next().unwrap_or_default())
}

/// How it begins.
pub(super) fn begin(organisation: &str, conversation: &CopiedConversation, taken_at: Timestamp) -> String {
    let words = words(match conversation.language {
        session::Language::De => Language::De,
        session::Language::En => Language::En,
    });
    let topics: Vec<String> = conversation.topics.iter().map(|topic| escaped(&topic.name)).collect();
    let about = match topics.is_empty() {
        true => String::new(),
        false => format!("<dt>{}</dt><dd>{}</dd>", words.about, topics.join(", ")),
    };
    format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{} {}</title><style>{STYLE}</style></head><body><main><h1>{} {}</h1><dl>\
         <dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd>{about}</dl><ol>\n",
        words.code,
        words.title,
        escaped(&conversation.label),
        words.title,
        escaped(&conversation.label),
        words.from,
        escaped(organisation),
        words.taken,
        time(taken_at.0),
        words.began,
        time(conversation.started_at),
    )
}

/// One entry.
pub(super) fn entry(language: Language, entry: &Entry<'_>) -> String {
    let words = words(language);
    match entry {
        Entry::Message(message) => said(words, message),
        Entry::Event(event) => happened(language, event),
    }
}

fn said(words: &Words, message: &MessageEntry<'_>) -> String {
    let author = match (&message.author.kind, &message.author.name) {
        (AuthorKind::Visitor, _) => words.visitor.to_owned(),
        (AuthorKind::Operator, Some(name)) => escaped(name),
        (AuthorKind::Operator, None) => words.house.to_owned(),
    };
    let (class, note) = match message.note {
        true => (" class=\"note\"", format!(" · {}", words.note)),
        false => ("", String::new()),
    };
    let text = match message.text.is_empty() {
        true => format!("<small>{}</small>", words.recalled),
        false => escaped(&message.text),
    };
    format!("<li{class}><small>{author}{note} · {}</small><p>{text}</p></li>\n", time(message.at))
}

fn happened(language: Language, event: &EventEntry) -> String {
    let (german, english) = match event.event {
        EventKind::Assigned if event.operator.is_none() => ("Niemandem mehr zugewiesen", "Given to nobody"),
        EventKind::Assigned => ("Zugewiesen an", "Given to"),
        EventKind::Ended => ("Beendet", "Ended"),
        EventKind::Reopened => ("Wieder aufgenommen", "Taken up again"),
        EventKind::Grouped => ("An eine Gruppe gegeben", "Given to a group"),
        EventKind::Topics => ("Themen geändert", "Topics changed"),
        EventKind::Snoozed => ("Zurückgestellt", "Put off"),
        EventKind::Returned => ("Wiedervorgelegt", "Brought back"),
        EventKind::Edited => ("Ein Text wurde geändert", "A text was changed"),
        EventKind::Recalled => ("Ein Text wurde zurückgenommen", "A text was taken back"),
        EventKind::Erased => ("Ein Text wurde gelöscht", "A text was deleted"),
        EventKind::Invited => ("Hinzugezogen", "Asked in"),
        EventKind::Left => ("Nicht mehr dabei", "Left"),
    };
    let what = match language {
        Language::De => german,
        Language::En => english,
    };
    let whom = event.guest.as_ref().map(|guest| guest.name.as_str());
    let by = whom.or(event.operator.as_ref().map(|operator| operator.name.as_str()));
    let by = by.map(|name| format!(": {}", escaped(name))).unwrap_or_default();
    format!("<li class=\"event\"><small>{what}{by} · {}</small></li>\n", time(event.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_that_somebody_wrote_is_text() {
        let attack = "<script>alert('&\"')</script>";
        assert_eq!(escaped(attack), "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;");
        assert_eq!(escaped("Grüß Gott 👋"), "Grüß Gott 👋");
    }
}
