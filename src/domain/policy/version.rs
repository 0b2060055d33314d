//! A policy's version: what a journal entry says of the rules that held. How it is counted lives with
//! the written form of a policy, in `config`; when, here.

use std::fmt;
use std::sync::OnceLock;

use super::Policy;
use crate::domain::ids::Digest;

/// A hash of everything that decides, counted when it is first asked for: of a thousand services that
/// takes longer than checking them, and a picture does not need it.
#[derive(Debug)]
pub struct Version(Source);

enum Source {
    Given(Digest),
    Counted {
        by: fn(&Policy) -> Digest,
        known: OnceLock<Digest>,
    },
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(digest) => digest.fmt(formatter),
            // Where the function lies is nobody's business.
            Self::Counted { known, .. } => known.fmt(formatter),
        }
    }
}

impl Version {
    /// The version that `by` counts, which has to depend on nothing but the policy.
    pub fn counted(by: fn(&Policy) -> Digest) -> Self {
        Self(Source::Counted {
            by,
            known: OnceLock::new(),
        })
    }
}

impl Policy {
    /// The hash of everything that decides; each journal entry carries it.
    pub fn version(&self) -> &Digest {
        match &self.version.0 {
            Source::Given(digest) => digest,
            Source::Counted { by, known } => known.get_or_init(|| by(self)),
        }
    }
}

impl<T: Into<Digest>> From<T> for Version {
    fn from(digest: T) -> Self {
        Self(Source::Given(digest.into()))
    }
}

/// What was counted is forgotten: a copy is made to be changed.
impl Clone for Version {
    fn clone(&self) -> Self {
        match &self.0 {
            Source::Given(digest) => Self(Source::Given(digest.clone())),
            Source::Counted { by, .. } => Self::counted(*by),
        }
    }
}

/// Whether two policies have the same version is settled by the rest of them where it is counted.
impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Source::Given(this), Source::Given(that)) => this == that,
            _ => true,
        }
    }
}

impl Eq for Version {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_copy_that_is_changed_has_a_version_of_its_own() {
        let policy = Policy {
            version: Version::counted(|policy| Digest::from(policy.max_age.to_string())),
            max_age: SignedDuration::from_secs(60),
            environments: BTreeMap::new(),
            services: Vec::new(),
            windows: Vec::new(),
            roles: BTreeMap::new(),
            releases: Vec::new(),
        };
        let before = policy.version().clone();
        let mut copy = policy.clone();
        copy.max_age = SignedDuration::from_secs(30);
        assert_ne!(*copy.version(), before);
        assert_eq!(*policy.version(), before);
        assert_ne!(policy, copy);
    }
}
