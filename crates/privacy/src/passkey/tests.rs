use data_encoding::{BASE64URL_NOPAD, HEXLOWER as HEX};
use testkit::{Authenticator, Registration, Signed};

use super::*;

const ORIGIN: &str = "https://chat.example.de";
const CHALLENGE: [u8; 32] = [7; 32];

fn place() -> Place {
    Place::new(ORIGIN)
}

fn challenge() -> String {
    BASE64URL_NOPAD.encode(&CHALLENGE)
}

fn device() -> Authenticator {
    Authenticator::new(ORIGIN, "chat.example.de")
}

fn register(made: &Registration) -> Result<Made, Refused> {
    place().register(&CHALLENGE, &made.client_data, &made.attestation)
}

fn verify(key: &[u8], signed: &Signed) -> Result<u32, Refused> {
    let Signed { client_data, authenticator_data, signature } = signed;
    place().verify(&CHALLENGE, key, Assertion { client_data, authenticator_data, signature })
}

/// Name and the parts of each example of the standard.
fn vectors() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let lines = include_str!("vectors.txt").lines().filter(|line| !line.starts_with('#'));
    let parts = |line: &'static str| {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        (name, words.map(|word| HEX.decode(word.as_bytes()).unwrap()).collect())
    };
    lines.map(parts).collect()
}

#[test]
fn the_examples_of_the_standard_are_judged_as_it_says() {
    let place = Place::new("https://example.org");
    let mut seen = Vec::new();
    for (name, parts) in vectors() {
        let [challenge, id, client_data, attestation, signed_challenge, signed_client_data, data, signature] =
            parts.as_slice()
        else {
            panic!("{name} has eight parts");
        };
        seen.push(name);
        let made = place.registered(challenge, client_data, attestation).map(|(_, made)| made);
        // What the standard's examples have that is not taken here.
        match name {
            "crossOrigin" | "topOrigin" => {
                assert_eq!(made, Err(Refused::Origin), "{name}");
                continue;
            }
            "ES384" => {
                assert_eq!(made, Err(Refused::Key));
                continue;
            }
            _ => {}
        }
        let made = made.unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert_eq!(&made.id, id, "{name}");
        let assertion =
            Assertion { client_data: signed_client_data, authenticator_data: data, signature: signature.as_slice() };
        let asserted = place.asserted(signed_challenge, &made.key, assertion).map(|data| data.counter);
        assert_eq!(asserted, Ok(0), "{name}");
        // Most examples were made without finding out who was there.
        let verified = ["long-number", "ES256-packed", "TPM"].contains(&name);
        let expected = if verified { Ok(0) } else { Err(Refused::Unverified) };
        assert_eq!(place.verify(signed_challenge, &made.key, assertion), expected, "{name}");
        for at in 0..signature.len() {
            let mut signature = signature.clone();
            signature[at] ^= 1;
            let changed = Assertion { signature: &signature, ..assertion };
            let judged = place.asserted(signed_challenge, &made.key, changed).map(|data| data.counter);
            assert_eq!(judged, Err(Refused::Signature), "{name}, byte {at}");
        }
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
}

#[test]
fn a_passkey_is_made_and_used() {
    let mut device = device();
    let made = register(&device.register(&challenge())).unwrap();
    assert_eq!((&made.id, made.counter), (&device.id, 0));
    assert_eq!(verify(&made.key, &device.sign(&challenge())), Ok(0));
    device.counter = 9;
    assert_eq!(verify(&made.key, &device.sign(&challenge())), Ok(9));
}

#[test]
fn whatever_lies_is_refused_when_made_and_when_used() {
    let lie = |change: fn(&mut Authenticator)| {
        let mut device = device();
        let honest = register(&device.register(&challenge())).unwrap();
        change(&mut device);
        (register(&device.register(&challenge())).map(drop), verify(&honest.key, &device.sign(&challenge())).map(drop))
    };
    type Case = (&'static str, fn(&mut Authenticator), Refused);
    let cases: [Case; 12] = [
        ("another site's page", |device| device.origin = "https://evil.example".into(), Refused::Origin),
        ("the same without TLS", |device| device.origin = "http://chat.example.de".into(), Refused::Origin),
        ("another port", |device| device.origin = "https://chat.example.de:8443".into(), Refused::Origin),
        ("a page below it", |device| device.origin = "https://x.chat.example.de".into(), Refused::Origin),
        ("a slash", |device| device.origin = "https://chat.example.de/".into(), Refused::Origin),
        ("inside a foreign page", |device| device.more = r#","crossOrigin":true"#.into(), Refused::Origin),
        ("below a foreign page", |device| device.more = r#","topOrigin":"https://a.example""#.into(), Refused::Origin),
        ("an origin twice", |device| device.more = r#","origin":"https://a.example""#.into(), Refused::Malformed),
        ("another site's passkey", |device| device.place = "example.de".into(), Refused::Place),
        ("a site that begins alike", |device| device.place = "chat.example.dev".into(), Refused::Place),
        ("nobody there", |device| device.present = false, Refused::Absent),
        ("nobody verified", |device| device.verified = false, Refused::Unverified),
    ];
    assert_eq!(lie(|_| {}), (Ok(()), Ok(())), "who does not lie is taken");
    assert_eq!(lie(|device| device.more = r#","crossOrigin":false,"new":{"a":[1]}"#.into()), (Ok(()), Ok(())));
    for (what, change, refused) in cases {
        assert_eq!(lie(change), (Err(refused), Err(refused)), "{what}");
    }
}

#[test]
fn what_was_made_for_one_thing_is_good_for_no_other() {
    let device = device();
    let made = register(&device.register(&challenge())).unwrap();
    let other = BASE64URL_NOPAD.encode(&[8; 32]);
    assert_eq!(register(&device.register(&other)), Err(Refused::Challenge));
    assert_eq!(verify(&made.key, &device.sign(&other)), Err(Refused::Challenge));
    assert_eq!(verify(&made.key, &device.sign(&format!("{}=", challenge()))), Err(Refused::Challenge));
    for act in ["webauthn.create", "payment.get", ""] {
        assert_eq!(verify(&made.key, &device.sign_as(act, &challenge())), Err(Refused::Act), "{act}");
    }
    let Registration { attestation, .. } = device.register(&challenge());
    let client_data = device.sign(&challenge()).client_data;
    assert_eq!(register(&Registration { client_data, attestation }), Err(Refused::Act));
    let somebody = register(&self::device().register(&challenge())).unwrap();
    assert_eq!(verify(&somebody.key, &device.sign(&challenge())), Err(Refused::Signature));
}

#[test]
fn whatever_byte_is_changed_or_missing_it_is_refused_or_says_the_same() {
    let device = device();
    let honest = device.register(&challenge());
    let made = register(&honest).unwrap();
    for length in 0..honest.attestation.len() {
        let attestation = honest.attestation[..length].to_vec();
        let cut = Registration { client_data: honest.client_data.clone(), attestation };
        assert_eq!(register(&cut), Err(Refused::Malformed), "the first {length} bytes");
    }
    let mut longer = honest.attestation.clone();
    longer.push(0);
    assert_eq!(place().register(&CHALLENGE, &honest.client_data, &longer), Err(Refused::Malformed));
    for (what, at) in [("what the browser says", 0), ("what the authenticator says", 1), ("the signature", 2)] {
        let length = [signed_part(&device.sign(&challenge()), 0).len(), 37, 60][at];
        for byte in 0..length {
            let mut signed = device.sign(&challenge());
            signed_part_mut(&mut signed, at)[byte] ^= 0x20;
            assert!(verify(&made.key, &signed).is_err(), "{what}, byte {byte}");
        }
    }
    let mut signed = device.sign(&challenge());
    signed.authenticator_data.push(0);
    assert_eq!(verify(&made.key, &signed), Err(Refused::Malformed));
}

fn signed_part(signed: &Signed, part: usize) -> &Vec<u8> {
    [&signed.client_data, &signed.authenticator_data, &signed.signature][part]
}

fn signed_part_mut(signed: &mut Signed, part: usize) -> &mut Vec<u8> {
    [&mut signed.client_data, &mut signed.authenticator_data, &mut signed.signature][part]
}

#[test]
fn a_place_is_the_configured_origins_host() {
    for (origin, id) in [
        ("https://chat.example.de", "chat.example.de"),
        ("https://chat.example.de:8443", "chat.example.de"),
        ("http://localhost:4000", "localhost"),
        ("http://app.localhost:4000", "app.localhost"),
    ] {
        assert_eq!(Place::new(origin).id(), id);
    }
}

#[test]
fn a_copied_flag_without_the_one_before_is_refused_and_numbers_have_bounds() {
    let mut device = device();
    device.id = vec![1; MOST_ID_BYTES];
    assert!(register(&device.register(&challenge())).is_ok());
    for length in [0, MOST_ID_BYTES + 1] {
        device.id = vec![1; length];
        assert_eq!(register(&device.register(&challenge())), Err(Refused::Malformed), "{length}");
    }
}
