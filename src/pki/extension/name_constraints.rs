//! nameConstraints (RFC 5280 section 4.2.1.10): which names may stand in the certificates below an authority.

use const_oid::ObjectIdentifier;

use super::content::{Wrong, broken, list_of, list_with_tag, read_value, repeated};
use super::{ExtensionContent, oid};
use crate::Result;
use crate::asn1::{Reader, tag, write};
use crate::general_name::Subtree;

/// Permitted and excluded subtrees of names; at least one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// Names of a kind that is listed here must lie in one of its subtrees.
    pub permitted: Vec<Subtree>,
    /// No name may lie in one of these.
    pub excluded: Vec<Subtree>,
}

impl NameConstraints {
    fn check(&self) -> Result<()> {
        if self.permitted.is_empty() && self.excluded.is_empty() {
            return Err(broken::<Self>(
                "at least one subtree must be permitted or excluded (RFC 5280 section 4.2.1.10)",
            ));
        }
        if repeated(&self.permitted) || repeated(&self.excluded) {
            return Err(broken::<Self>("a subtree is given twice; give it once"));
        }
        let mut subtrees = self.permitted.iter().chain(&self.excluded);
        subtrees.try_for_each(Subtree::check)
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Self, Wrong> {
        let mut inside = reader.sequence()?;
        let mut subtrees = |number| match inside.optional(tag::context_constructed(number))? {
            None => Ok(Vec::new()),
            Some(list) if list.value.is_empty() => Err(Wrong::Rule(
                "a list of subtrees is present but empty (RFC 5280 section 4.2.1.10)",
            )),
            Some(list) => list_of(list.reader(), read_subtree),
        };
        let permitted = subtrees(0)?;
        let excluded = subtrees(1)?;
        inside.finish()?;
        Ok(Self { permitted, excluded })
    }
}

/// GeneralSubtree: the name, a minimum that must be zero and so is left out, no maximum.
fn read_subtree(list: &mut Reader<'_>) -> std::result::Result<Subtree, Wrong> {
    let mut inside = list.sequence()?;
    let base = Subtree::read(&mut inside)?;
    if !inside.is_empty() {
        return Err(Wrong::Rule(
            "minimum must be zero, which DER leaves out, and maximum absent (RFC 5280 section 4.2.1.10)",
        ));
    }
    Ok(base)
}

impl ExtensionContent for NameConstraints {
    const OID: ObjectIdentifier = oid::NAME_CONSTRAINTS;
    const CRITICAL: bool = true;
    const NAME: &'static str = "nameConstraints";

    fn to_value(&self) -> Result<Vec<u8>> {
        self.check()?;
        let list = |number, subtrees: &[Subtree]| {
            if subtrees.is_empty() {
                return Vec::new();
            }
            let subtree = |subtree: &Subtree| write::sequence(&[&subtree.to_der()]);
            let subtrees: Vec<Vec<u8>> = subtrees.iter().map(subtree).collect();
            list_with_tag(tag::context_constructed(number), &subtrees)
        };
        Ok(write::sequence(&[
            &list(0, &self.permitted),
            &list(1, &self.excluded),
        ]))
    }

    fn from_value(value: &[u8]) -> Result<Self> {
        let read = read_value(value, Self::read)?;
        read.check()?;
        Ok(read)
    }
}
