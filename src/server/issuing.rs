//! Certificates that the installation makes for itself: the private listener's and its operators', by the
//! authority that the hierarchy names, through the signer.
//!
//! This is the whole way of a certificate in small: facts, policy, lint, to-be-signed bytes, signature verified,
//! bytes compared. Where certificates are issued to others, records and approvals come on top.

use std::sync::Arc;

use hsm::inventory::Inventory;
use pki::aws_lc::AwsLc;
use pki::certificate::{Certificate, Content};
use pki::public_key::PublicKey;
use pki::serial::Serial;
use pki::signing::{Signed, Signer};
use pki::time::Time;
use policy::hierarchy::certificate::Issuer;
use policy::hierarchy::{Hierarchy, published_name};
use policy::listener::Facts;

use crate::authority::Authorities;
use crate::error::Error;
use crate::software_key::random;

/// Clocks of clients are not exact: a certificate is valid a little before it is made.
const BACKDATED_SECONDS: i64 = 300;
/// Nobody re-keys an authority more often than this; it bounds the search.
const MAX_GENERATIONS: u32 = 999;

/// Which of an authority's keys signs now.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// The authority's name in the hierarchy.
    pub(crate) authority: String,
    /// Which of its keys, counted from one.
    pub(crate) generation: u32,
    /// The name of that key in the inventory, of its certificate's file, and in addresses.
    pub(crate) published: String,
    /// Its certificate.
    pub(crate) certificate: Arc<Certificate>,
    /// The certificates above, without the root: what a TLS handshake sends after the leaf.
    pub(crate) chain: Vec<Certificate>,
    /// All of them with the root: what an operator's file carries.
    pub(crate) full_chain: Vec<Certificate>,
}

/// The newest generation of this authority whose key is in the inventory and whose certificate is in force.
pub(crate) fn choose(
    authority: &str,
    authorities: &Authorities,
    inventory: &Inventory,
    now: Time,
) -> Result<Chosen, Error> {
    let usable = |generation: u32| {
        let published = published_name(authority, generation);
        let found = authorities.find(&published)?;
        let in_force = found.certificate.content().validity.contains(now);
        if in_force && inventory.key(&published).is_ok() {
            Some((generation, published, found))
        } else {
            None
        }
    };
    let (generation, published, found) =
        (1..=MAX_GENERATIONS)
            .rev()
            .find_map(usable)
            .ok_or_else(|| Error::NoAuthority {
                authority: authority.to_owned(),
            })?;
    let certificate = Arc::clone(&found.certificate);
    let above = authorities.chain_above(&certificate);
    let full_chain: Vec<Certificate> = std::iter::once((*certificate).clone()).chain(above).collect();
    Ok(Chosen {
        authority: authority.to_owned(),
        generation,
        published,
        chain: full_chain
            .iter()
            .filter(|certificate| !certificate.is_self_issued())
            .cloned()
            .collect(),
        full_chain,
        certificate,
    })
}

/// An authority that can sign.
pub(crate) struct Issuing {
    /// What certificates look like.
    pub(crate) hierarchy: Arc<Hierarchy>,
    /// Who signs.
    pub(crate) chosen: Chosen,
    /// Its key, behind the signer.
    pub(crate) signer: Arc<dyn Signer>,
}

impl Issuing {
    /// A certificate for the private listener.
    pub(crate) async fn listener(
        &self,
        names: &[String],
        key: &PublicKey,
        now: Time,
    ) -> Result<Signed<Certificate>, Error> {
        let content = self.content(key, now, |facts, issuer| {
            policy::listener::listener(&self.hierarchy, names, facts, issuer)
        })?;
        self.sign(&content).await
    }

    /// A certificate for an operator.
    pub(crate) async fn operator(
        &self,
        name: &str,
        key: &PublicKey,
        now: Time,
    ) -> Result<Signed<Certificate>, Error> {
        let content = self.content(key, now, |facts, issuer| {
            policy::listener::operator(&self.hierarchy, name, facts, issuer)
        })?;
        self.sign(&content).await
    }

    fn content(
        &self,
        key: &PublicKey,
        now: Time,
        decide: impl FnOnce(&Facts<'_>, &Issuer<'_>) -> policy::Result<Content>,
    ) -> Result<Content, Error> {
        let certificate = &self.chosen.certificate;
        let earliest = certificate.content().validity.not_before;
        let facts = Facts {
            key,
            serial: Serial::from_random(random()?),
            now: now.plus_seconds(-BACKDATED_SECONDS).max(earliest),
        };
        let issuer = Issuer {
            authority: self.hierarchy.authority(&self.chosen.authority)?,
            generation: self.chosen.generation,
            certificate,
        };
        let content = decide(&facts, &issuer)?;
        policy::lint::check(&content, Some(certificate))?;
        Ok(content)
    }

    async fn sign(&self, content: &Content) -> Result<Signed<Certificate>, Error> {
        // The signature is verified under the signer's key; this makes it the issuer's.
        if *self.signer.public_key() != self.chosen.certificate.content().public_key {
            let name = &self.chosen.published;
            return Err(Error::Unfit {
                reasons: vec![format!(
                    "key {name:?} of the signer is not the key of certificate {name:?}; nothing was signed. Restore the certificate or the token that belong together"
                )],
            });
        }
        Ok(content.prepare()?.sign(&*self.signer, &AwsLc).await?)
    }
}
