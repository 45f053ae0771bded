//! Copies of the audit log: lines of JSON for programs, a table for spreadsheets. Sent page by page, so that a long log
//! takes no more memory than a short one.

use std::sync::Arc;

use app::App;
use app::audit::Format;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use domain::{Principal, Timestamp};
use futures_util::stream;
use http::header;
use serde::Deserialize;
use store::audit::Filter;
use utoipa::{IntoParams, ToSchema};

use super::audit::{entry, wanted};
use super::brought::Asked;
use super::guard::Caller;
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
    Caller(principal): Caller,
    Asked(query): Asked<CopyQuery>,
) -> Result<Response, Failure> {
    let (format, kind, file) = match query.format {
        FormatName::Jsonl => (Format::Jsonl, "application/x-ndjson", "audit.jsonl"),
        FormatName::Csv => (Format::Csv, "text/csv; charset=utf-8", "audit.csv"),
    };
    let wanted = wanted(query.actor.as_deref(), query.kind, query.area, query.from, query.to)?;
    let filter = shared.app.begin_audit_export(principal, wanted, format).await?;
    let sending = Sending { app: Arc::clone(&shared.app), principal, filter, format, after: Some(0), begun: false };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
    ];
    Ok((headers, Body::from_stream(stream::try_unfold(sending, Sending::next))).into_response())
}

/// A copy that is being sent.
struct Sending {
    app: Arc<App>,
    principal: Principal,
    filter: Filter,
    format: Format,
    /// The last entry that was sent; nothing at the end.
    after: Option<i64>,
    begun: bool,
}

impl Sending {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, app::Error> {
        let Some(after) = self.after else { return Ok(None) };
        let records = self.app.audit_export_page(self.principal, self.filter.clone(), after).await?;
        self.after = records.last().map(|record| record.number);
        let mut text = String::new();
        if self.format == Format::Csv && !self.begun {
            text.push_str(&row(&COLUMNS.map(str::to_owned)));
        }
        self.begun = true;
        for record in records {
            let entry = entry(&self.app, self.principal.organisation, record).await?;
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
        utc(Timestamp(entry.at)),
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

/// A row of a table (RFC 4180). A cell that a spreadsheet would take for a formula begins with an apostrophe: it is text.
fn row(cells: &[String]) -> String {
    let cell = |cell: &String| {
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        let quote = if is_formula { "'" } else { "" };
        format!("\"{quote}{}\"", cell.replace('"', "\"\""))
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

/// As everybody writes it (RFC 3339). Days are counted from the first of March, so that a leap day is the last of its year.
fn utc(at: Timestamp) -> String {
    let (seconds, micros) = (at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000));
    let (days, second) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * march + 2) / 5 + 1, if march < 10 { march + 3 } else { march - 9 });
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        let cells = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "a=b", "say \"so\", please", ""].map(str::to_owned);
        assert_eq!(
            row(&cells),
            "\"'=1+1\",\"'+1\",\"'-1\",\"'@x\",\"'\tx\",\"'\rx\",\"a=b\",\"say \"\"so\"\", please\",\"\"\r\n"
        );
    }

    #[test]
    fn times_are_written_as_everybody_writes_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_767_225_600, "2026-01-01T00:00:00.000000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000000Z"),
            (-1, "1969-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(utc(Timestamp(seconds * 1_000_000)), text);
        }
        assert_eq!(utc(Timestamp(1)), "1970-01-01T00:00:00.000001Z");
    }
}
