//! The hash chain: each entry carries the hash of the one before, so that a change shows.
//!
//! Pure. Where the texts come from lives in `sqlite`. A cut-off tail leaves a whole chain: that is
//! found by what the store knows beside it.

use sha2::Digest as _;

use crate::domain::entry::{Draft, Entry};
use crate::domain::ids::{Digest, EnvironmentName, Seq, ServiceName, Sha};

use super::Error;

/// What is hashed first: another layout gets another name, and never the same hash.
const LAYOUT: &str = "gonogo-journal-1";

/// What the first entry names as the one before it.
pub fn genesis() -> Digest {
    Digest::from("0".repeat(64))
}

/// The texts of one entry, as they are stored. The stored text is hashed, not what we make of it:
/// a field that a later version adds to an event does not break old entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    pub at: String,
    pub kind: String,
    pub body: String,
}

impl Texts {
    pub fn of(draft: &Draft) -> Result<Self, Error> {
        let body = serde_json::to_string(&draft.event).map_err(|error| Error::Malformed {
            why: error.to_string(),
        })?;
        Ok(Self {
            at: draft.at.to_string(),
            kind: draft.event.kind(),
            body,
        })
    }
}

/// Returns the hash of an entry that comes after `previous`.
///
/// Every field is preceded by its length, and an absent field differs from an empty one, so that
/// no text can move from one field into the next.
pub fn hash(previous: &str, seq: Seq, draft: &Draft, texts: &Texts) -> Digest {
    let mut hasher = sha2::Sha256::new();
    let mut field = |text: Option<&str>| match text {
        Some(text) => {
            hasher.update([1]);
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        None => hasher.update([0]),
    };
    field(Some(LAYOUT));
    field(Some(previous));
    field(Some(&seq.to_string()));
    field(Some(&texts.at));
    field(Some(draft.actor.as_str()));
    field(Some(&texts.kind));
    field(draft.service.as_ref().map(ServiceName::as_str));
    field(draft.environment.as_ref().map(EnvironmentName::as_str));
    field(draft.revision.as_ref().map(Sha::as_str));
    field(draft.reason.as_deref());
    field(Some(draft.policy.as_str()));
    field(Some(&texts.body));
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> Digest {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        hex.push(DIGITS[usize::from(byte >> 4)]);
        hex.push(DIGITS[usize::from(byte & 15)]);
    }
    Digest::from(hex)
}

/// Walks a chain from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    pub seq: Seq,
    pub hash: Digest,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            seq: Seq(0),
            hash: genesis(),
        }
    }
}

impl Walk {
    /// Takes the next entry, or says what is wrong with it.
    pub fn step(&mut self, entry: &Entry, texts: &Texts) -> Result<(), Error> {
        let broken = |seq, what: String| Err(Error::Broken { seq, what });
        let next = Seq(self.seq.0 + 1);
        if entry.seq != next {
            return broken(
                next,
                format!("it is missing, entry {} stands there", entry.seq),
            );
        }
        if entry.previous != self.hash {
            return broken(
                next,
                format!(
                    "it follows an entry with the hash {}…, but entry {} has {}…",
                    entry.previous.short(),
                    self.seq,
                    self.hash.short()
                ),
            );
        }
        let hash = hash(entry.previous.as_str(), entry.seq, &entry.draft, texts);
        if entry.hash != hash {
            return broken(
                next,
                format!(
                    "its contents hash to {}…, but it carries {}…",
                    hash.short(),
                    entry.hash.short()
                ),
            );
        }
        self.seq = next;
        self.hash = hash;
        Ok(())
    }
}

/// Checks a whole chain from its first entry and returns how many entries it has.
#[cfg(test)]
pub fn verify<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<u64, Error> {
    let mut walk = Walk::default();
    let mut count = 0;
    for entry in entries {
        walk.step(entry, &Texts::of(&entry.draft)?)?;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
