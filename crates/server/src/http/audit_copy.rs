//! Copies of the audit log: lines of JSON for programs, a table for spreadsheets. Sent page by page, so that a long log
//! takes no more memory than a short one.

use std::sync::Arc;

use app::App;
use app::audit::Format;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::Timestamp;
use futures_util::stream;
use http::header;
use serde::Deserialize;
use store::audit::Filter;
use utoipa::{IntoParams, ToSchema};

use super::audit::{entry, wanted};
use super::brought::Asked;
use super::csv::row;
use super::guard::Lasting;
use super::{Failure, Shared};
use crate::wire::audit::{AreaName, AuditEntry, KindName};
use crate::wire::problem::Problem;

/// As what a copy is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AuditFormat)]
pub(super) enum FormatName {
    /// A line of JSON for each entry.
    Jsonl,
    /// A table for spreadsheets.
    Csv,
}

/// Which entries, and as what.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CopyQuery {
    /// As what.
    #[param(inline)]
    format: FormatName,
    /// Only what this colleague did.
    actor: Option<String>,
    /// Only this kind.
    #[param(inline)]
    kind: Option<KindName>,
    /// Only this part of the product.
    area: Option<AreaName>,
    /// Not before, in microseconds of UTC.
    from: Option<i64>,
    /// Before, in microseconds of UTC.
    to: Option<i64>,
}

/// A copy of the log, the oldest entry first. That it was taken is recorded before the first line is sent.
#[utoipa::path(get, path = "/api/audit/export", operation_id = "export_audit", tag = "audit", params(CopyQuery),
    responses((status = 200, description = "Lines of JSON or a table.",
        content((String = "application/x-ndjson"), (String = "text/csv"))),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn export(
    State(shared): State<Shared>,
    caller: Lasting,
    Asked(query): Asked<CopyQuery>,
) -> Result<Response, Failure> {
    let (format, kind, file) = match query.format {
        FormatName::Jsonl => (Format::Jsonl, "application/x-ndjson", "audit.jsonl"),
        FormatName::Csv => (Format::Csv, "text/csv; charset=utf-8", "audit.csv"),
    };
    let wanted = wanted(query.actor.as_deref(), query.kind, query.area, query.from, query.to)?;
    let filter = shared.app.begin_audit_export(caller.principal, wanted, format).await?;
    let sending = Sending { app: Arc::clone(&shared.app), caller, filter, format, after: Some(0), begun: false };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
    ];
    Ok((headers, Body::from_stream(stream::try_unfold(sending, Sending::next))).into_response())
}

/// A copy that is being sent.
struct Sending {
    app: Arc<App>,
    caller: Lasting,
    filter: Filter,
    format: Format,
    /// The last entry that was sent; nothing at the end.
    after: Option<i64>,
    begun: bool,
}

impl Sending {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, app::Error> {
        let Some(after) = self.after else { return Ok(None) };
        let principal = self.caller.still().await?;
        let records = self.app.audit_export_page(principal, self.filter.clone(), after).await?;
        self.after = records.last().map(|record| record.number);
        let mut text = String::new();
        if self.format == Format::Csv && !self.begun {
            text.push_str(&row(&COLUMNS.map(str::to_owned)));
        }
        self.begun = true;
        for record in records {
            let entry = entry(&self.app, principal.organisation, record).await?;
            match self.format {
                Format::Csv => text.push_str(&row(&cells(&entry))),
                Format::Jsonl => {
                    text.push_str(&serde_json::to_string(&entry).map_err(|_| app::Error::Internal)?);
                    text.push('\n');
                }
            }
        }
        Ok(Some((Bytes::from(text), self)))
    }
}

const COLUMNS: [&str; 12] = [
    "number",
    "at",
    "kind",
    "area",
    "actor",
    "actor_id",
    "actor_name",
    "subject_id",
    "subject_name",
    "origin",
    "details",
    "hash",
];

fn cells(entry: &AuditEntry) -> [String; 12] {
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let json = serde_json::to_value(entry).unwrap_or_default();
    let details: Vec<String> = entry
        .details
        .iter()
        .map(|detail| match (&detail.before, &detail.after) {
            (None, Some(after)) => format!("{}: {after}", detail.what),
            (before, after) => {
                let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "–".to_owned());
                format!("{}: {} → {}", detail.what, side(before), side(after))
            }
        })
        .collect();
    [
        entry.number.to_string(),
        Timestamp(entry.at).utc(),
        entry.kind.clone(),
        word(&json["area"]),
        word(&json["actor"]["kind"]),
        word(&json["actor"]["operator"]["id"]),
        word(&json["actor"]["operator"]["name"]),
        word(&json["subject"]["id"]),
        word(&json["subject"]["name"]),
        word(&json["origin"]),
        details.join("; "),
        entry.hash.clone(),
    ]
}
