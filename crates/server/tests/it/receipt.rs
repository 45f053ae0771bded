//! `diskret receipt verify`: one command, a file and a key.

use std::process::{Command, Output};

use data_encoding::HEXLOWER;
use domain::erasure::{Cause, What};
use domain::{PublicId, Timestamp};
use privacy::chain::SigningKey;
use privacy::keys::RawKey;
use privacy::receipt::{At, Hex, Limit, Opening, Receipt, Statement};

fn key(seed: u8) -> SigningKey {
    SigningKey::new(&RawKey::from_bytes([seed; 32]))
}

fn acknowledgement() -> Receipt {
    let opening = Opening { salt: Hex([5; 32]), keys: vec![3, 7] };
    let statement = Statement {
        number: PublicId::from_bytes([1; 16]),
        organisation: PublicId::from_bytes([2; 16]),
        what: What::Conversation,
        cause: Cause::Visitor,
        requested_at: At(Timestamp(1_805_016_413_000_000)),
        destroyed_from: At(Timestamp(1_805_016_413_000_000)),
        conversations: 1,
        messages: 14,
        keys: 2,
        commitment: Hex(opening.commitment()),
        acknowledged: None,
        held: None,
        held_up: false,
        outcome: None,
        limits: vec![Limit::NoProofOfNoCopy],
    };
    Receipt::sign(statement, Some(opening), &key(1))
}

fn verify(text: &str, more: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipt.json");
    std::fs::write(&file, text).unwrap();
    let Output { status, stdout, .. } =
        Command::new(env!("CARGO_BIN_EXE_diskret")).args(["receipt", "verify"]).arg(&file).args(more).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap())
}

#[test]
fn one_command_verifies_a_receipt_and_a_changed_byte_fails() {
    let text = acknowledgement().to_text();
    let (public, other) = (HEXLOWER.encode(&key(1).public()), HEXLOWER.encode(&key(2).public()));
    let (valid, said) = verify(&text, &["--key", &public]);
    assert!(valid, "{said}");
    assert!(said.contains("14 messages") && said.contains("2027-03-14") && said.contains("cannot prove"), "{said}");
    let (valid, said) = verify(&text, &[]);
    assert!(valid && said.contains(&format!("{public}: compare it")), "{said}");
    let (valid, said) = verify(&text, &["--key", &other]);
    assert!(!valid && said.contains("another key"), "{said}");
    let (valid, said) = verify(&text.replace("\"messages\": 14", "\"messages\": 13"), &["--key", &public]);
    assert!(!valid && said.contains("not what was signed"), "{said}");
    let (valid, said) = verify("{}", &[]);
    assert!(!valid && said.contains("not a receipt"), "{said}");
}
