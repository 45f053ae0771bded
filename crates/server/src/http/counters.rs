//! Counts without anybody's identity, as a table for spreadsheets.

use std::sync::Arc;

use app::App;
use app::counter::Counted;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::Timestamp;
use futures_util::stream;
use http::header;

use super::csv::row;
use super::guard::Lasting;
use super::{Failure, Shared};
use crate::wire::problem::Problem;

const DAY: i64 = 24 * 3600 * 1_000_000;

const COLUMNS: [&str; 14] = [
    "day",
    "widget_id",
    "widget_name",
    "conversations",
    "visitor_messages",
    "team_messages",
    "first_responses",
    "first_response_seconds",
    "within_30_seconds",
    "within_1_minute",
    "within_5_minutes",
    "within_15_minutes",
    "within_1_hour",
    "later",
];

/// Conversations, messages and first responses, by day of UTC and widget, the oldest first. They were counted when they
/// happened: deleting what was said does not change them.
#[utoipa::path(get, path = "/api/counters.csv", operation_id = "export_counters", tag = "widgets",
    responses((status = 200, description = "A table.", content((String = "text/csv"))), (status = 401, body = Problem),
        (status = 403, body = Problem)))]
pub(super) async fn table(State(shared): State<Shared>, caller: Lasting) -> Result<Response, Failure> {
    let days = shared.app.counted_days(caller.principal).await?;
    let sending = Sending { app: Arc::clone(&shared.app), caller, days, begun: false };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"counters.csv\""),
    ];
    Ok((headers, Body::from_stream(stream::try_unfold(sending, Sending::next))).into_response())
}

/// A table that is being sent.
struct Sending {
    app: Arc<App>,
    caller: Lasting,
    /// The days that are still to come.
    days: Option<(i64, i64)>,
    begun: bool,
}

impl Sending {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, app::Error> {
        if !self.begun {
            self.begun = true;
            return Ok(Some((Bytes::from(row(&COLUMNS.map(str::to_owned))), self)));
        }
        let Some((from, last)) = self.days else { return Ok(None) };
        let principal = self.caller.still().await?;
        let (counted, next) = self.app.counters(principal, from).await?;
        self.days = (next <= last).then_some((next, last));
        let text: String = counted.iter().map(|one| row(&cells(one))).collect();
        Ok(Some((Bytes::from(text), self)))
    }
}

fn cells(counted: &Counted) -> [String; 14] {
    let Counted { day, widget } = counted;
    let date = Timestamp(day.day.saturating_mul(DAY)).utc();
    let date = date.split('T').next().unwrap_or_default().to_owned();
    let (id, name) = widget.as_ref().map_or_else(Default::default, |(id, name)| (id.to_string(), name.clone()));
    let numbers = [day.begun, day.visitors, day.teams, day.answered, day.seconds].map(|number| number.to_string());
    let [begun, visitors, teams, answered, seconds] = numbers;
    let [a, b, c, d, e, f] = day.within.map(|number| number.to_string());
    [date, id, name, begun, visitors, teams, answered, seconds, a, b, c, d, e, f]
}
