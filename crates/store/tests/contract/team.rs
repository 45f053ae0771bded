//! Operators and widgets: who works here, and on which surfaces.

use diskret_store::Error;
use diskret_store::operator::Operator;
use diskret_store::widget::Widget;
use domain::{Language, OperatorId, OrganisationId, Role, WidgetId};
use privacy::random;

use crate::fixture::{Fixture, START, operator, somebody, widget};

on_both![
    an_operator_comes_back_as_stored,
    an_address_is_taken_once_in_the_whole_installation,
    an_operator_of_another_organisation_is_not_found,
    another_organisations_operator_cannot_be_changed,
    an_operator_of_no_organisation_is_refused,
    a_widget_comes_back_as_stored,
    another_organisations_widget_cannot_be_changed,
    a_widgets_name_is_taken_once,
];

async fn an_operator_comes_back_as_stored(at: Fixture) {
    for role in Role::OPERATORS {
        let given = operator(at.ours.id, role);
        let kept = at.store.audited(somebody()).insert_operator(given.clone(), START).await.unwrap();
        assert!(kept.id.0 > 0, "0 and below are taken by the visitor and the house");
        assert_eq!(kept, Operator { id: kept.id, ..given });
        assert_eq!(at.store.operator(at.ours.id, kept.id).await, Ok(kept.clone()));
        assert_eq!(at.store.operator_by_email(kept.email_index).await, Ok(kept.clone()));
        at.store.set_operator_language(at.ours.id, kept.id, Language::En).await.unwrap();
        let changed = at.store.operator(at.ours.id, kept.id).await.unwrap();
        assert_eq!(changed, Operator { language: Language::En, ..kept });
    }
    let ids: Vec<OperatorId> = at.store.operators(at.ours.id).await.unwrap().iter().map(|o| o.id).collect();
    assert_eq!(ids.len(), 2 + Role::OPERATORS.len());
    assert!(ids.is_sorted());
    assert_eq!(at.store.has_operators().await, Ok(true));
}

async fn an_address_is_taken_once_in_the_whole_installation(at: Fixture) {
    let ada = at.store.operator(at.ours.id, at.ours.ada).await.unwrap();
    for organisation in [at.ours.id, at.theirs.id] {
        let twin = Operator { email_index: ada.email_index, ..operator(organisation, Role::Agent) };
        let twin = at.store.audited(somebody()).insert_operator(twin, START).await;
        assert!(matches!(twin, Err(Error::Conflict(_))), "{twin:?}");
    }
    assert_eq!(at.store.operator_by_email(ada.email_index).await, Ok(ada));
    at.store.audited(somebody()).insert_operator(operator(at.ours.id, Role::Agent), START).await.unwrap();
}

async fn an_operator_of_another_organisation_is_not_found(at: Fixture) {
    assert!(at.store.operator(at.theirs.id, at.theirs.ada).await.is_ok());
    assert_eq!(at.store.operator(at.ours.id, at.theirs.ada).await, Err(Error::NotFound));
    let ours = at.store.operators(at.ours.id).await.unwrap();
    assert!(ours.len() == 2 && ours.iter().all(|operator| operator.organisation == at.ours.id));
    assert_eq!(at.store.operator_by_email([0; 32]).await, Err(Error::NotFound));
}

async fn another_organisations_operator_cannot_be_changed(at: Fixture) {
    // A write that touches no row where it should touch one is an error, not a success.
    let wrong = at.store.set_operator_language(at.ours.id, at.theirs.ada, Language::En).await;
    assert!(matches!(&wrong, Err(Error::Broken(text)) if text.contains("touched 0 rows, not 1")), "{wrong:?}");
    assert_eq!(at.store.operator(at.theirs.id, at.theirs.ada).await.unwrap().language, Language::De);
    at.store.set_operator_language(at.theirs.id, at.theirs.ada, Language::En).await.unwrap();
}

async fn an_operator_of_no_organisation_is_refused(at: Fixture) {
    let lost = at.store.audited(somebody()).insert_operator(operator(OrganisationId(999), Role::Owner), START).await;
    assert!(matches!(lost, Err(Error::Conflict(_))), "foreign keys are on: {lost:?}");
}

async fn a_widget_comes_back_as_stored(at: Fixture) {
    let given = widget(at.ours.id);
    let kept = at.store.insert_widget(given.clone(), START).await.unwrap();
    assert_eq!(kept, Widget { id: kept.id, ..given });
    assert_eq!(at.store.widget(kept.name).await, Ok(kept.clone()));
    let changed = Widget {
        title: "Neu".to_owned(),
        greeting: "'; DROP TABLE widget; --".to_owned(),
        colour: "#000000".to_owned(),
        language: Language::En,
        sites: Vec::new(),
        group: None,
        ..kept
    };
    at.store.audited(somebody()).update_widget(changed.clone()).await.unwrap();
    assert_eq!(at.store.widget(changed.name).await, Ok(changed.clone()));
    assert_eq!(at.store.widgets(at.ours.id).await.unwrap().last(), Some(&changed));
    assert_eq!(at.store.widget(random::public_id()).await, Err(Error::NotFound));
}

async fn another_organisations_widget_cannot_be_changed(at: Fixture) {
    let theirs = at.store.widgets(at.theirs.id).await.unwrap().remove(0);
    let stolen = Widget { organisation: at.ours.id, greeting: "stolen".to_owned(), ..theirs.clone() };
    let wrong = at.store.audited(somebody()).update_widget(stolen).await;
    assert_eq!(wrong, Err(Error::NotFound));
    let lost = Widget { id: WidgetId(0), ..theirs.clone() };
    assert_eq!(at.store.audited(somebody()).update_widget(lost).await, Err(Error::NotFound));
    assert_eq!(at.store.widget(theirs.name).await, Ok(theirs));
    assert!(at.store.widgets(at.ours.id).await.unwrap().iter().all(|widget| widget.organisation == at.ours.id));
}

async fn a_widgets_name_is_taken_once(at: Fixture) {
    let ours = at.store.insert_widget(widget(at.ours.id), START).await.unwrap();
    let twin = Widget { name: ours.name, ..widget(at.theirs.id) };
    assert!(matches!(at.store.insert_widget(twin, START).await, Err(Error::Conflict(_))));
    assert_eq!(at.store.widget(ours.name).await.unwrap().organisation, at.ours.id);
}
