//! Names and numbers that identify things. No rules live here.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Everything that is a name, for those who keep equal ones once.
pub(super) trait Name {
    fn text_mut(&mut self) -> &mut Arc<str>;
}

macro_rules! name {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(name: impl AsRef<str>) -> Self {
                Self(Arc::from(name.as_ref()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }

        impl Name for $name {
            fn text_mut(&mut self) -> &mut Arc<str> {
                &mut self.0
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(Arc::from(name))
            }
        }
    )*};
}

name! {
    /// The key of a `[forge.NAME]` table.
    ForgeName;
    /// The key of a `[service.NAME]` table, or the repository's name without a config.
    ServiceName;
    /// An environment, spelt as on the forge.
    EnvironmentName;
    /// The key of a `[role.NAME]` table.
    RoleName;
    /// The key of a `[release.NAME]` table.
    ReleaseName;
    /// A run of a release, short enough to type.
    ReleaseRunId;
    /// A person: the login on the forge, or the configured operator name.
    Person;
    /// `owner/name` of a repository.
    RepoPath;
    /// A full commit SHA in lower case.
    Sha;
    /// A hold's id, short enough to type.
    HoldId;
    /// One hand-over from operator to operator.
    HandoverId;
    /// A manual gate's id, short enough to type.
    ManualGateId;
    /// An override's id, short enough to type.
    OverrideId;
    /// An intent's id. It is also the correlation key that the forge is given to carry.
    IntentId;
    /// One running gonogo: who owns a `sending`.
    InstanceId;
    /// A SHA-256 in hex.
    Digest;
}

impl Sha {
    /// Returns the first seven characters, as people write commits; what people call a revision
    /// that no forge keeps is not cut.
    pub fn short(&self) -> &str {
        let is_commit = self.0.len() >= 40 && self.0.bytes().all(|sign| sign.is_ascii_hexdigit());
        let short = if is_commit { self.0.get(..7) } else { None };
        short.unwrap_or(&self.0)
    }
}

macro_rules! number {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}

number! {
    /// A pipeline run's id on the forge.
    RunId;
    /// A job's id on the forge.
    JobId;
    /// A freeze period's id on the forge.
    FreezeId;
    /// A deployment's id on the forge.
    DeploymentId;
    /// An environment's id on the forge.
    EnvironmentId;
    /// A pull request's number in its repository.
    PullRequestNumber;
    /// A release's id on the forge.
    ReleaseId;
}

/// The place of an entry in the journal, from 1. Zero means "before the first entry".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub i64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Digest {
    /// Hashes the parts with a separator that no part can contain, so that `["ab","c"]` and
    /// `["a","bc"]` differ.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        use sha2::Digest as _;
        const SIGNS: &[u8; 16] = b"0123456789abcdef";
        let mut hasher = sha2::Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        let mut hex = String::with_capacity(64);
        for byte in hasher.finalize() {
            for half in [byte >> 4, byte & 15] {
                hex.push(char::from(SIGNS[usize::from(half)]));
            }
        }
        Self::from(hex)
    }

    /// Returns the first four characters, enough to compare two on a screen.
    pub fn short(&self) -> &str {
        self.0.get(..4).unwrap_or(&self.0)
    }
}
