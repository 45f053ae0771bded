//! Secrets that were named before there was more than one epoch.

use diskret_app::installation::WrongSecrets;
use privacy::digest;

use crate::{House, on_both};

on_both! {
    secrets_named_before_there_were_epochs_are_named_anew
    a_node_with_other_secrets_destroys_nothing
}

async fn secrets_named_before_there_were_epochs_are_named_anew(house: House) {
    let secrets = house.secrets();
    assert_eq!(house.keys.named_secrets().await, Ok(Some(secrets.digest().to_vec())));
    // As the program named them that knew one epoch only.
    let folder = house.folder.path().join("secrets");
    let files = ["epoch-1.key", "visitor-tokens.key", "blind-index.key"];
    let before: Vec<u8> =
        files.iter().flat_map(|name| digest::sha256(&std::fs::read(folder.join(name)).unwrap())).collect();
    let before = digest::sha256(&before);
    house.keys.rename_secrets(secrets.digest(), before).await.unwrap();
    let node = house.node(house.secrets()).await;
    node.check_secrets().await.unwrap();
    assert_eq!(house.keys.named_secrets().await, Ok(Some(before.to_vec())), "looking changes nothing");
    node.name_secrets().await.unwrap();
    assert_eq!(house.keys.named_secrets().await, Ok(Some(secrets.digest().to_vec())));
    node.check_secrets().await.unwrap();
    // Those of another installation stay another's.
    house.keys.rename_secrets(secrets.digest(), [9; 32]).await.unwrap();
    assert!(matches!(node.check_secrets().await, Err(WrongSecrets::Differ)));
    assert!(node.name_secrets().await.is_err());
}

async fn a_node_with_other_secrets_destroys_nothing(house: House) {
    super::turned(&house, &[]).await;
    // Their first epoch is the one they are in; here it is over.
    let theirs = tempfile::tempdir().unwrap();
    let secrets = diskret_app::secrets::Secrets::load(&theirs.path().join("secrets"), true).unwrap();
    let node = house.node(secrets).await;
    assert!(node.keep_epochs().await.is_err());
    assert!(node.join_epochs(std::time::Duration::ZERO).await.is_err());
    assert_eq!(super::epoch_keys(theirs.path()).len(), 1);
    assert!(node.check_secrets().await.is_err());
}
