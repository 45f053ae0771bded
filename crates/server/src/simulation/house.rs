//! The installation that every run begins with: made once, copied into each run's folder.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use app::installation::NewOrganisation;
use app::secrets::Secrets;
use app::team::NewOperator;
use app::widget::WidgetChange;
use app::{App, Options};
use domain::audit::Origin;
use domain::clock::ManualClock;
use domain::{Capability, Groups, Language, Level, Principal, PublicId, Reach, Role, Timestamp};
use privacy::Plaintext;
use store::{KeyStore, Pace, Settings, Store, files_in};

/// When every run begins.
pub(super) const START: Timestamp = Timestamp(1_800_000_000_000_000);
const DATA: &str = "diskret.db";
/// Agents beside the owner.
const AGENTS: usize = 3;

/// What is known of it.
pub(super) struct House {
    folder: tempfile::TempDir,
    pub(super) widget: PublicId,
    /// The owner first.
    pub(super) team: Vec<Member>,
}

/// Somebody of the team.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: PublicId,
    pub(super) principal: Principal,
    pub(super) token: String,
}

impl Member {
    /// Whether they may see what is another's.
    pub(super) fn sees_all(&self) -> bool {
        self.principal.rights.of(Capability::Conversations).1 == Reach::All
    }
}

/// Takes no time.
#[derive(Debug)]
pub(super) struct AtOnce;

impl Pace for AtOnce {
    fn take(&self) -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The application on a folder's files, without a thread of its own.
pub(super) async fn open(
    folder: &Path,
    clock: std::sync::Arc<dyn domain::Clock>,
    pace: &'static dyn Pace,
    fresh: bool,
) -> app::Result<std::sync::Arc<App>> {
    let settings = Settings { inline: Some(pace), ..Settings::default() };
    let (data, keys) = files_in(folder);
    let (data, keys) = (Store::open(&data, settings).await?, KeyStore::open(&keys, settings).await?);
    let secrets = Secrets::load(&folder.join("secrets"), fresh).map_err(|_| app::Error::Internal)?;
    let options = Options { end_idle_after: Duration::from_secs(3600), ..Options::default() };
    Ok(App::new(data, keys, clock, secrets, options))
}

/// The house, made when first asked for.
pub(super) fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| {
        // Before any database is opened: what is opened afterwards lies on the bad disk.
        faults::install();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(found())
    })
}

async fn found() -> House {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path(), std::sync::Arc::new(ManualClock::at(START)), &AtOnce, true).await.unwrap();
    let new = |name: String, role: Role| NewOperator {
        email: format!("{name}@example.de"),
        name,
        password: Plaintext::new("correct horse battery".to_owned()),
        role,
        language: Language::En,
    };
    let owner = new("owner".to_owned(), Role::Owner);
    let widget = WidgetChange::default();
    let done = app.set_up(NewOrganisation { title: "House".to_owned(), owner, widget }).await.unwrap();
    let mut people = vec![(done.owner, done.principal)];
    for number in 1..=AGENTS {
        let organisation = done.principal.organisation;
        let person = app.add_operator(organisation, new(format!("agent{number}"), Role::Agent)).await.unwrap();
        let principal = Principal::new(organisation, person.id, person.role, Groups::default());
        assert!(principal.require(Capability::Conversations, Level::Write).is_ok());
        people.push((person, principal));
    }
    let mut team = Vec::new();
    for (person, principal) in people {
        let token = app.issue_api_token(principal, Duration::from_secs(365 * 24 * 3600)).await.unwrap();
        // As the token speaks for them.
        let principal = principal.from(Origin::Program);
        team.push(Member { name: person.name, principal, token: token.expose().to_owned() });
    }
    app.close().await;
    House { folder, widget: done.widget, team }
}

impl House {
    /// Puts a copy into an empty folder.
    pub(super) fn copy_to(&self, folder: &Path) {
        self.copy(DATA, folder);
        self.copy("keys.db", folder);
        std::fs::create_dir(folder.join("secrets")).unwrap();
        for file in std::fs::read_dir(self.folder.path().join("secrets")).unwrap() {
            let file = file.unwrap();
            // A copy keeps the mode.
            std::fs::copy(file.path(), folder.join("secrets").join(file.file_name())).unwrap();
        }
    }

    /// The data alone, as they were in the beginning.
    pub(super) fn copy_data_to(&self, folder: &Path) {
        self.copy(DATA, folder);
    }

    fn copy(&self, name: &str, folder: &Path) {
        for name in [name.to_owned(), format!("{name}-wal")] {
            if self.folder.path().join(&name).exists() {
                std::fs::copy(self.folder.path().join(&name), folder.join(&name)).unwrap();
            }
        }
    }
}
