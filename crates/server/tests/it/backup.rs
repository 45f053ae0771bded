//! `diskret backup` and `diskret restore`, with a folder and a real object store as places.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use domain::clock::SystemClock;
use places::S3;
use places::s3::Credentials;
use testkit::ObjectStore;

/// A machine: its folder, and the flags that name its places.
struct Machine {
    data: PathBuf,
    places: Vec<String>,
}

impl Machine {
    fn at(&self, data: &Path) -> Self {
        Self { data: data.to_owned(), places: self.places.clone() }
    }

    /// Runs the program; whether it was content, and everything that it said.
    fn run(&self, words: &[&str], input: &str) -> (bool, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_diskret"))
            .args(words)
            .arg("--data")
            .arg(&self.data)
            .args(&self.places)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }
}

fn key_file(folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("key");
    std::fs::write(&path, format!("{}\n{}\n", ObjectStore::ID, ObjectStore::SECRET)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn bucket(store: &ObjectStore) -> (String, S3) {
    let name = ObjectStore::bucket();
    let credentials = Credentials { id: ObjectStore::ID.to_owned(), secret: ObjectStore::SECRET.to_owned().into() };
    let place = S3::new(&store.endpoint(), "eu-1", &name, "", credentials, Arc::new(SystemClock)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(place.make_bucket()).unwrap();
    (name, place)
}

#[test]
fn what_one_machine_backs_up_another_restores_from_either_place() {
    let (folder, store) = (tempfile::tempdir().unwrap(), ObjectStore::start());
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let (name, s3) = bucket(&store);
    let key = key_file(folder.path());
    let place_a = format!("--place-a=file://{}?country=DE&site=Kiel&company=Us", disk.display());
    let place_b =
        format!("--place-b=s3://{name}?endpoint={}&region=eu-1&country=DE&site=Bonn&company=Them", store.endpoint());
    let credentials = format!("--place-b-credentials={}", key.display());
    let first = Machine {
        data: folder.path().join("first"),
        places: vec![
            place_a,
            place_b.clone(),
            credentials.clone(),
            "--here=country=DE&site=Kiel&company=Us".to_owned(),
        ],
    };
    let who = ["--organisation", "Nordlicht", "--owner-name", "Ada", "--owner-email", "ada@example.de", "--json"];
    let (good, said) = first.run(&[&["setup"][..], &who].concat(), "");
    assert!(good, "{said}");
    let facts: serde_json::Value = serde_json::from_str(&said).unwrap();
    let recovery = facts["recovery_key"].as_str().unwrap();

    let (good, said) = first.run(&["backup", "now"], "");
    assert!(good && said.matches("written and read back").count() == 4, "{said}");
    let (good, said) = first.run(&["backup", "list"], "");
    assert!(good && said.lines().count() == 4, "{said}");
    let (good, said) = first.run(&["backup", "verify"], "");
    assert!(good && said.matches("as it was written").count() == 4, "{said}");
    let (_, said) = first.run(&["doctor"], "");
    for told in ["`place_a` in DE, Kiel (Us) answers", "`place_b` in DE, Bonn (Them) answers", "no backup is late"] {
        assert!(said.contains(told), "{said}");
    }

    // Somebody changes a bit on the disk.
    let set = std::fs::read_dir(disk.join("data")).unwrap().next().unwrap().unwrap().path();
    let part = set.join("0001.part");
    let mut bytes = std::fs::read(&part).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&part, &bytes).unwrap();
    let (good, said) = first.run(&["backup", "verify"], "");
    let file = format!("data/{}/0001.part: it was changed", set.file_name().unwrap().to_str().unwrap());
    assert!(!good && said.contains(&file) && said.matches("as it was written").count() == 3, "{said}");

    // Another machine: with both places, with one, and from one of them alone.
    let second = first.at(&folder.path().join("second"));
    let (good, said) = second.run(&["restore"], recovery);
    assert!(good && said.contains(&file) && said.contains("100 %") && said.contains("signed by"), "{said}");
    let (good, said) = second.run(&["backup", "verify", "--place", "place_b"], "");
    assert!(good && said.matches("as it was written").count() == 2, "{said}");
    let third = first.at(&folder.path().join("third"));
    let (good, said) = third.run(&["restore", "--from", "place_b"], recovery);
    assert!(good && !said.contains("refused"), "{said}");
    let (good, said) = third.run(&["admin", "confirm-recovery-key"], recovery);
    assert!(good, "its data are those of the first: {said}");
    let (good, said) = third.run(&["restore"], recovery);
    assert!(!good && said.contains("is not empty"), "{said}");

    // The folder alone has a part that was changed: nothing is served of it.
    let fourth = first.at(&folder.path().join("fourth"));
    let (good, said) = fourth.run(&["restore", "--from", "place_a"], recovery);
    assert!(!good && said.contains(&file), "{said}");
    let (good, said) = fourth.run(&["backup", "now"], "");
    assert!(!good && said.contains("is half restored"), "{said}");

    // A bucket that keeps versions is told, and the other place gets the backup all the same.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(s3.set_versioning("Enabled")).unwrap();
    let (good, said) = first.run(&["backup", "now"], "");
    assert!(!good && said.contains("keeps versions") && said.matches("written and read back").count() == 2, "{said}");

    // Abroad, nothing starts.
    let abroad =
        Machine { places: vec![place_b.replace("country=DE", "country=US"), credentials], data: first.data.clone() };
    let (good, said) = abroad.run(&["backup", "now"], "");
    assert!(!good && said.contains("`place_b` is in US") && said.contains("allows only DE"), "{said}");
}
