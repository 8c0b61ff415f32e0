//! Whether keys and certificates are fit to start with. What is not fit stops the start, all reasons at once: a
//! server that serves with half of its keys is found out by its users.

use hsm::inventory::{Inventory, Material};
use hsm::signer::protocol::{KeyState, Status};
use pki::time::Time;
use policy::hierarchy::{Hierarchy, published_name};

use crate::authority::{Authorities, read_certificate};
use crate::config::StateFolder;
use crate::error::Error;

/// Nobody re-keys an authority more often than this; it bounds the search.
const MAX_GENERATIONS: u32 = 999;

/// Looks at files only: every key of the inventory against its certificate, every authority against the clock.
pub(crate) fn check_files(
    state: &StateFolder,
    hierarchy: &Hierarchy,
    inventory: &Inventory,
    authorities: &Authorities,
    now: Time,
) -> Result<(), Error> {
    let mut reasons = Vec::new();
    if inventory.keys.is_empty() {
        reasons.push("the list of keys is empty; run the ceremony (sinete ceremony run)".to_owned());
    }
    for entry in &inventory.keys {
        let (
            Some(relative),
            Material::Pair {
                public_key_sha256, ..
            },
        ) = (&entry.certificate, entry.material)
        else {
            continue;
        };
        let path = state.path().join(relative);
        match read_certificate(&path) {
            Ok(certificate) if certificate.content().public_key.fingerprint() == public_key_sha256 => {}
            Ok(_) => reasons.push(format!(
                "key {:?} does not belong to its certificate {}; restore the certificate from the ceremony's folder, or renew the key in a ceremony",
                entry.name,
                path.display()
            )),
            Err(error) => reasons.push(format!("key {:?}: {error}", entry.name)),
        }
    }
    for authority in hierarchy.authorities() {
        reasons.extend(out_of_force(&authority.name, authorities, now));
        reasons.extend(without_issuer(&authority.name, authorities, now));
    }
    unfit(reasons)
}

/// An authority that has certificates, none of which is in force. Ended generations beside one in force are history,
/// and stay published.
fn out_of_force(name: &str, authorities: &Authorities, now: Time) -> Option<String> {
    let generations: Vec<_> = (1..=MAX_GENERATIONS)
        .filter_map(|generation| authorities.find(&published_name(name, generation)))
        .map(|authority| authority.certificate.content().validity)
        .collect();
    let newest = generations.last()?;
    if generations.iter().any(|validity| validity.contains(now)) {
        None
    } else if now > newest.not_after {
        Some(format!(
            "the certificate of authority {name:?} ended at {}; renew it in a ceremony (now is {now})",
            newest.not_after
        ))
    } else {
        Some(format!(
            "the certificate of authority {name:?} is valid only from {}; check the clock (now is {now})",
            newest.not_before
        ))
    }
}

/// An authority in force that nobody here signed. Readers believe what is published because of the root: one that did
/// not sign what stands below it must not be shown as ours (RFC 5280 section 6.1).
fn without_issuer(name: &str, authorities: &Authorities, now: Time) -> Option<String> {
    (1..=MAX_GENERATIONS)
        .filter_map(|generation| authorities.find(&published_name(name, generation)))
        .filter(|authority| authority.certificate.content().validity.contains(now))
        .find(|authority| authorities.issuer_of(&authority.certificate).is_none())
        .map(|authority| {
            format!(
                "the certificate of authority {:?} was not signed by any certificate in the same folder; restore the one of {} from the ceremony's folder",
                authority.name,
                authority.certificate.content().issuer
            )
        })
}

/// Looks at what the signer found on the tokens.
pub(crate) fn check_signer(status: &Status) -> Result<(), Error> {
    let reasons = status
        .keys
        .iter()
        .filter_map(|key| match &key.state {
            KeyState::Ready => None,
            KeyState::Unusable { reason } => {
                Some(format!("key {:?} on token {:?}: {reason}", key.name, key.token))
            }
        })
        .collect();
    unfit(reasons)
}

fn unfit(reasons: Vec<String>) -> Result<(), Error> {
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Error::Unfit { reasons })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::testing::Fixture;

    fn check(fixture: &Fixture, inventory: &Inventory, now: Time) -> Result<(), Error> {
        let state = fixture.config().office.state;
        check_files(&state, &fixture.hierarchy, inventory, &fixture.authorities(), now)
    }

    #[test]
    fn an_office_in_order_is_fit() {
        let fixture = Fixture::new();
        assert!(check(&fixture, &fixture.inventory(), fixture.now).is_ok());
    }

    #[test]
    fn an_expired_authority_stops_the_start_and_is_named_with_the_remedy() {
        let fixture = Fixture::new();
        let late = fixture.now.plus_days(2000);
        let error = check(&fixture, &fixture.inventory(), late).unwrap_err();
        assert_eq!(error.exit(), Exit::Keys);
        let told = error.to_string();
        assert!(
            told.contains("the certificate of authority \"tls\" ended at") && told.contains("ceremony"),
            "{told}"
        );
        assert!(!told.contains("\"root\""), "{told}");
        let early = fixture.now.plus_seconds(-200_000);
        let told = check(&fixture, &fixture.inventory(), early)
            .unwrap_err()
            .to_string();
        assert!(told.contains("check the clock"), "{told}");
    }

    #[test]
    fn a_key_that_is_not_its_certificates_stops_the_start() {
        let fixture = Fixture::new();
        std::fs::write(fixture.certificate_path("tls"), Fixture::new().tls.der()).unwrap();
        let told = check(&fixture, &fixture.inventory(), fixture.now)
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("key \"tls\" does not belong to its certificate"),
            "{told}"
        );
        std::fs::remove_file(fixture.certificate_path("tls")).unwrap();
        let told = check(&fixture, &fixture.inventory(), fixture.now)
            .unwrap_err()
            .to_string();
        assert!(told.contains("key \"tls\": cannot read"), "{told}");
        let told = check(&fixture, &Inventory::default(), fixture.now)
            .unwrap_err()
            .to_string();
        assert!(told.contains("the list of keys is empty"), "{told}");
    }

    #[test]
    fn a_root_that_did_not_sign_what_stands_below_it_stops_the_start() {
        let fixture = Fixture::new();
        std::fs::write(fixture.certificate_path("root"), Fixture::new().root.der()).unwrap();
        let error = check(&fixture, &fixture.inventory(), fixture.now).unwrap_err();
        assert_eq!(error.exit(), Exit::Keys);
        let told = error.to_string();
        assert!(
            told.contains("authority \"tls\" was not signed by any certificate") && told.contains("restore"),
            "{told}"
        );
        std::fs::remove_file(fixture.certificate_path("root")).unwrap();
        let told = check(&fixture, &fixture.inventory(), fixture.now)
            .unwrap_err()
            .to_string();
        assert!(told.contains("authority \"tls\" was not signed"), "{told}");
    }

    #[test]
    fn a_key_that_the_signer_cannot_use_stops_the_start() {
        let fixture = Fixture::new();
        let status = crate::http::private::example_signer(fixture.now).status.unwrap();
        let error = check_signer(&status).unwrap_err();
        assert_eq!(error.exit(), Exit::Keys);
        assert!(
            error.to_string().contains("key \"documents\" on token"),
            "{error}"
        );
    }
}
