//! Widgets: the chat surfaces and their settings.

use domain::audit::{Detail, Kind};
use domain::{GroupNumber, Language, OrganisationId, PublicId, Timestamp, WidgetId};

use crate::audit::{Audited, Fact};
use crate::engine::{Row, statements};
use crate::{Error, Result, Scope, Store, System, group};

/// A widget as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widget {
    /// The tenant.
    pub organisation: OrganisationId,
    /// Its number inside.
    pub id: WidgetId,
    /// Its name outside, as it stands in the customer's page.
    pub name: PublicId,
    /// What operators call it.
    pub title: String,
    /// The first line a visitor reads.
    pub greeting: String,
    /// `#rrggbb`.
    pub colour: String,
    /// The language it speaks where the page says nothing.
    pub language: Language,
    /// Origins that may embed it; none means any.
    pub sites: Vec<String>,
    /// The group that its conversations are for; everybody where there is none.
    pub group: Option<GroupNumber>,
    /// After how many minutes without the visitor's answer they are asked whether they are still there; never where there is
    /// none.
    pub ask_after: Option<i64>,
    /// After how many minutes without a word a conversation ends; as the installation has it where there is none.
    pub end_after: Option<i64>,
    /// Whether its organisation is being closed: it begins no conversation any more.
    pub closes: bool,
}

statements! {
    INSERT =
        "INSERT INTO widget (organisation_id, public_id, name, greeting, colour, language, sites, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING widget_id";
    BY_NAME =
        "SELECT organisation_id, widget_id, public_id, name, greeting, colour, language, sites, group_number,
            ask_after, end_after, (SELECT o.closing_at FROM organisation o WHERE o.organisation_id = widget.organisation_id)
        FROM widget WHERE public_id = $1";
    OF_ORGANISATION =
        "SELECT organisation_id, widget_id, public_id, name, greeting, colour, language, sites, group_number,
            ask_after, end_after, (SELECT o.closing_at FROM organisation o WHERE o.organisation_id = widget.organisation_id)
        FROM widget WHERE organisation_id = $1 ORDER BY widget_id";
    LOCKED =
        "SELECT h.organisation_id, h.widget_id, h.public_id, h.name, h.greeting, h.colour, h.language, h.sites, h.group_number,
            h.ask_after, h.end_after, NULL
        FROM widget h WHERE h.organisation_id = $1 AND h.widget_id = $2 {for_update}";
    UPDATE =
        "UPDATE widget SET name = $3, greeting = $4, colour = $5, language = $6, sites = $7, group_number = $8,
            ask_after = $9, end_after = $10
        WHERE organisation_id = $1 AND widget_id = $2";
}

fn widget(row: &Row) -> Result<Widget> {
    Ok(Widget {
        organisation: OrganisationId(row.int(0)?),
        id: WidgetId(row.int(1)?),
        name: row.public_id(2)?,
        title: row.text(3)?,
        greeting: row.text(4)?,
        colour: row.text(5)?,
        language: Language::from_code(&row.text(6)?)
            .ok_or_else(|| Error::Broken("a widget cannot be read".to_owned()))?,
        // Origins hold no white space.
        sites: row.text(7)?.split_ascii_whitespace().map(str::to_owned).collect(),
        group: row.int_or_null(8)?.and_then(GroupNumber::new),
        ask_after: row.int_or_null(9)?,
        end_after: row.int_or_null(10)?,
        closes: row.int_or_null(11)?.is_some(),
    })
}

impl Store {
    /// Stores a widget; its `id` is given by the database.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn insert_widget(&self, widget: Widget, at: Timestamp) -> Result<Widget> {
        self.data
            .write(move |connection| {
                Box::pin(async move {
                    let values = [
                        widget.organisation.into(),
                        widget.name.into(),
                        widget.title.as_str().into(),
                        widget.greeting.as_str().into(),
                        widget.colour.as_str().into(),
                        widget.language.code().into(),
                        widget.sites.join(" ").into(),
                        at.into(),
                    ];
                    let rows = connection.query(&INSERT, &values).await?;
                    let id =
                        rows.first().ok_or_else(|| Error::Broken("an insert gave no number".to_owned()))?.int(0)?;
                    Ok(Widget { id: WidgetId(id), ..widget })
                })
            })
            .await
    }

    /// The widget of a name, in whichever organisation: visitors know nothing else.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn widget(&self, name: PublicId) -> Result<Widget> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows = connection.query_in(Scope::System(System::SignIn), &BY_NAME, &[name.into()]).await?;
                    widget(rows.first().ok_or(Error::NotFound)?)
                })
            })
            .await
    }

    /// The widgets of an organisation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn widgets(&self, organisation: OrganisationId) -> Result<Vec<Widget>> {
        self.data
            .read(move |connection| {
                Box::pin(async move {
                    let rows =
                        connection.query_in(organisation.into(), &OF_ORGANISATION, &[organisation.into()]).await?;
                    rows.iter().map(widget).collect()
                })
            })
            .await
    }
}

impl Audited<'_> {
    /// Writes a widget's settings.
    ///
    /// # Errors
    /// [`Error::NotFound`], also where its group was removed meanwhile.
    pub async fn update_widget(self, widget: Widget) -> Result<()> {
        self.write(move |connection| {
            Box::pin(async move {
                let organisation = widget.organisation;
                let who = [organisation.into(), widget.id.into()];
                let rows = connection.query_in(organisation.into(), &LOCKED, &who).await?;
                let before = self::widget(rows.first().ok_or(Error::NotFound)?)?;
                let mut changed = changes(&before, &widget);
                let groups = (
                    group::titles(connection, organisation, before.group).await?,
                    group::titles(connection, organisation, widget.group).await?,
                );
                changed.extend(Detail::became("group", groups.0, groups.1));
                let values = [
                    organisation.into(),
                    widget.id.into(),
                    widget.title.into(),
                    widget.greeting.into(),
                    widget.colour.into(),
                    widget.language.code().into(),
                    widget.sites.join(" ").into(),
                    widget.group.map(GroupNumber::number).into(),
                    widget.ask_after.into(),
                    widget.end_after.into(),
                ];
                connection.execute(&UPDATE, &values, 1).await?;
                group::must_be_there(connection, organisation, widget.group.into_iter().collect()).await?;
                if changed.is_empty() {
                    return Ok(((), Vec::new()));
                }
                changed.insert(0, Detail::is("widget", before.name));
                Ok(((), vec![Fact::new(organisation, Kind::WidgetChanged, changed)]))
            })
        })
        .await
    }
}

/// What differs; all of it is published, or what the team calls it.
fn changes(before: &Widget, after: &Widget) -> Vec<Detail> {
    let text = |widget: &Widget| {
        [
            ("name", widget.title.clone()),
            ("greeting", widget.greeting.clone()),
            ("colour", widget.colour.clone()),
            ("language", widget.language.code().to_owned()),
            ("sites", widget.sites.join(" ")),
        ]
        .map(|(what, value)| (what, Some(value)))
    };
    let minutes = |widget: &Widget| {
        [("ask_after", widget.ask_after), ("end_after", widget.end_after)]
            .map(|(what, minutes)| (what, minutes.map(|minutes| minutes.to_string())))
    };
    let all = |widget: &Widget| text(widget).into_iter().chain(minutes(widget));
    all(before).zip(all(after)).filter_map(|((what, before), (_, after))| Detail::became(what, before, after)).collect()
}
