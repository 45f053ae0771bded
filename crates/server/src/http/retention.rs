//! How long things are kept, and when a conversation goes.

use app::retention::{Look, Named as For, Shown, Wanted};
use axum::Json;
use axum::extract::State;

use super::brought::{Named, Sent};
use super::guard::Caller;
use super::{Failure, Shared};
use crate::wire::Id;
use crate::wire::conversations::WidgetRef;
use crate::wire::problem::Problem;
use crate::wire::retention::{
    ConversationRetention, Retention, RetentionPreview, RetentionRule, RetentionTonight, WantedRule, WidgetCount,
};

/// How long things are kept, and what goes within a day.
#[utoipa::path(get, path = "/api/retention", operation_id = "show_retention", tag = "privacy",
    responses((status = 200, body = Retention), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn show(State(shared): State<Shared>, Caller(principal): Caller) -> Result<Json<Retention>, Failure> {
    let found = shared.app.retention(principal).await?;
    let Look { conversations, oldest_at, by_widget, capped } = found.tonight;
    let seconds = |time: std::time::Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Ok(Json(Retention {
        rules: found.rules.into_iter().map(rule).collect(),
        oldest_past_rule_seconds: seconds(found.late),
        oldest_undestroyed_seconds: seconds(found.lying.unshredded),
        braked: found.lying.braked,
        held: found.held,
        tonight: RetentionTonight {
            conversations,
            oldest_at: oldest_at.map(|at| at.0),
            by_widget: by_widget.into_iter().map(count).collect(),
            capped,
        },
    }))
}

/// Sets how long something is kept, or takes the rule away. The answer says what goes within a day because of it.
#[utoipa::path(put, path = "/api/retention/rules", operation_id = "set_retention", tag = "privacy", request_body = WantedRule,
    responses((status = 200, body = RetentionPreview), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn set(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<WantedRule>,
) -> Result<Json<RetentionPreview>, Failure> {
    let wanted = wanted(&body)?;
    Ok(Json(preview_of(shared.app.set_retention(principal, wanted).await?, wanted)))
}

/// What such a rule would delete within a day that stays without it. Changes nothing.
#[utoipa::path(post, path = "/api/retention/preview", operation_id = "preview_retention", tag = "privacy",
    request_body = WantedRule,
    responses((status = 200, body = RetentionPreview), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn preview(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Sent(body): Sent<WantedRule>,
) -> Result<Json<RetentionPreview>, Failure> {
    let wanted = wanted(&body)?;
    Ok(Json(preview_of(shared.app.preview_retention(principal, wanted).await?, wanted)))
}

/// When a conversation goes, and because of which rule.
#[utoipa::path(get, path = "/api/conversations/{id}/retention", operation_id = "show_conversation_retention", tag = "privacy",
    params(("id" = Id, Path)),
    responses((status = 200, body = ConversationRetention), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem)))]
pub(super) async fn of_conversation(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
) -> Result<Json<ConversationRetention>, Failure> {
    let due = shared.app.due(principal, id.0).await?;
    Ok(Json(ConversationRetention {
        deletes_at: due.deletes_at.map(|at| at.0),
        rule: due.rule.map(rule),
        held: due.held_until.map(|until| until.0),
    }))
}

fn rule(shown: Shown) -> RetentionRule {
    let (widget, topic) = match shown.of {
        For::All => (None, None),
        For::Widget(widget) => (Some(widget.into()), None),
        For::Topic(topic) => (None, Some(topic.into())),
    };
    RetentionRule { kind: shown.kept.into(), widget, topic, days: shown.days, set_at: shown.set_at.0 }
}

fn wanted(body: &WantedRule) -> Result<Wanted, app::Error> {
    let of = match (body.widget, body.topic) {
        (None, None) => For::All,
        (Some(widget), None) => For::Widget(widget.0),
        (None, Some(topic)) => For::Topic(topic.0),
        (Some(_), Some(_)) => {
            let detail = "a rule is for a widget or for a topic, not for both".to_owned();
            return Err(app::Error::Invalid { field: "topic", detail });
        }
    };
    Ok(Wanted { kept: body.kind.into(), of, days: body.days })
}

fn count((id, name, conversations): (domain::PublicId, std::sync::Arc<str>, i64)) -> WidgetCount {
    WidgetCount { widget: WidgetRef { id: id.into(), name: name.to_string() }, conversations }
}

fn preview_of(look: Look, wanted: Wanted) -> RetentionPreview {
    RetentionPreview {
        conversations: look.conversations,
        oldest_at: look.oldest_at.map(|at| at.0),
        by_widget: look.by_widget.into_iter().map(count).collect(),
        capped: look.capped,
        above_36_months: app::App::is_long(wanted.days),
    }
}
