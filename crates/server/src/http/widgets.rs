//! Widgets' settings.

use axum::Json;
use axum::extract::State;
use store::widget::Widget;

use super::brought::{Named, Sent};
use super::guard::Caller;
use super::{Failure, Shared};
use crate::wire::Id;
use crate::wire::problem::Problem;
use crate::wire::widgets::{WidgetChange, WidgetInfo};

/// The widgets of the organisation.
#[utoipa::path(get, path = "/api/widgets", operation_id = "list_widgets", tag = "widgets",
    responses((status = 200, body = Vec<WidgetInfo>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn list(
    State(shared): State<Shared>,
    Caller(principal): Caller,
) -> Result<Json<Vec<WidgetInfo>>, Failure> {
    let mut widgets = Vec::new();
    for widget in shared.app.widgets(principal).await? {
        widgets.push(info(&shared, widget).await?);
    }
    Ok(Json(widgets))
}

/// Changes a widget's settings; what is missing stays.
#[utoipa::path(patch, path = "/api/widgets/{id}", operation_id = "change_widget", tag = "widgets", params(("id" = Id, Path)), request_body = WidgetChange,
    responses((status = 200, body = WidgetInfo), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn change(
    State(shared): State<Shared>,
    Caller(principal): Caller,
    Named(id): Named,
    Sent(body): Sent<WidgetChange>,
) -> Result<Json<WidgetInfo>, Failure> {
    let change = app::widget::WidgetChange {
        name: body.name,
        sites: body.sites,
        greeting: body.greeting,
        colour: body.colour,
        language: body.language.map(Into::into),
        group: body.group.map(|group| group.map(|id| id.0)),
        ask_after: body.ask_after_minutes,
        end_after: body.end_after_minutes,
    };
    let widget = shared.app.change_widget(principal, id.0, change).await?;
    Ok(Json(info(&shared, widget).await?))
}

pub(super) async fn info(shared: &Shared, widget: Widget) -> Result<WidgetInfo, Failure> {
    let group = match widget.group {
        Some(number) => shared.app.group_title(widget.organisation, number).await?,
        None => None,
    };
    Ok(WidgetInfo {
        id: widget.name.into(),
        name: widget.title,
        sites: widget.sites,
        greeting: widget.greeting,
        colour: widget.colour,
        language: widget.language.into(),
        group: group.map(|(id, _)| id.into()),
        ask_after_minutes: widget.ask_after,
        end_after_minutes: widget.end_after,
        ends_otherwise_after_minutes: (shared.app.options().end_idle_after.as_secs() / 60).cast_signed(),
    })
}
