//! The ETag cache: bodies by full URL, packed, and bounded in number and in bytes.
//!
//! One per client, and so one per token: a body must never be shown to another token's user.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

const ENTRIES: usize = 2_000;
/// Packed: JSON shrinks to a tenth.
const BYTES: usize = 16 * 1024 * 1024;

/// An answer and the validator under which it may be shown again.
#[derive(Clone, Debug)]
pub struct Entry {
    pub etag: String,
    pub body: Arc<[u8]>,
    /// The next page, which a 304 does not repeat.
    pub next: Option<String>,
}

/// Keeps answers until newer ones push them out.
#[derive(Debug)]
pub struct Cache {
    entries: HashMap<String, Kept>,
    bytes: usize,
    uses: u64,
    most_entries: usize,
    most_bytes: usize,
}

/// An entry as it is kept.
#[derive(Debug)]
struct Kept {
    used: u64,
    etag: String,
    packed: Box<[u8]>,
    next: Option<String>,
}

impl Default for Cache {
    fn default() -> Self {
        Self::bounded(ENTRIES, BYTES)
    }
}

impl Cache {
    pub fn bounded(most_entries: usize, most_bytes: usize) -> Self {
        Self {
            entries: HashMap::new(),
            bytes: 0,
            uses: 0,
            most_entries,
            most_bytes,
        }
    }

    pub fn get(&mut self, url: &str) -> Option<Entry> {
        self.uses += 1;
        let kept = self.entries.get_mut(url)?;
        kept.used = self.uses;
        let mut body = Vec::new();
        DeflateDecoder::new(&*kept.packed)
            .read_to_end(&mut body)
            .ok()?;
        Some(Entry {
            etag: kept.etag.clone(),
            body: body.into(),
            next: kept.next.clone(),
        })
    }

    pub fn put(&mut self, url: String, entry: Entry) {
        self.remove(&url);
        let Some(packed) = packed(&entry.body) else {
            return;
        };
        self.uses += 1;
        let kept = Kept {
            used: self.uses,
            etag: entry.etag,
            packed,
            next: entry.next,
        };
        if weight(&url, &kept) > self.most_bytes {
            return;
        }
        self.bytes += weight(&url, &kept);
        self.entries.insert(url, kept);
        while self.entries.len() > self.most_entries || self.bytes > self.most_bytes {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, kept)| kept.used)
                .map(|(url, _)| url.clone());
            match oldest {
                Some(url) => self.remove(&url),
                None => return,
            }
        }
    }

    fn remove(&mut self, url: &str) {
        if let Some(kept) = self.entries.remove(url) {
            self.bytes = self.bytes.saturating_sub(weight(url, &kept));
        }
    }
}

fn weight(url: &str, kept: &Kept) -> usize {
    url.len() + kept.etag.len() + kept.packed.len()
}

/// Packs a body; writing to memory does not fail.
fn packed(body: &[u8]) -> Option<Box<[u8]>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).ok()?;
    Some(encoder.finish().ok()?.into_boxed_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry whose body does not shrink.
    fn entry(bytes: usize) -> Entry {
        let mut random = fastrand::Rng::with_seed(bytes as u64);
        Entry {
            etag: String::new(),
            body: (0..bytes).map(|_| random.u8(..)).collect(),
            next: None,
        }
    }

    #[test]
    fn a_body_comes_back_as_it_was_and_is_kept_packed() {
        let mut cache = Cache::default();
        let json = r#"{"status":"completed","conclusion":"success"}"#.repeat(500);
        let put = Entry {
            etag: "W/\"1\"".to_owned(),
            body: json.as_bytes().into(),
            next: Some("page 2".to_owned()),
        };
        cache.put("a".into(), put.clone());
        let got = cache.get("a").unwrap();
        assert_eq!((got.etag, got.next), (put.etag, put.next));
        assert_eq!(got.body, put.body);
        assert!(cache.bytes < json.len() / 10);
    }

    #[test]
    fn the_least_recently_used_answer_goes_first() {
        let mut cache = Cache::bounded(2, 1000);
        cache.put("a".into(), entry(1));
        cache.put("b".into(), entry(1));
        assert!(cache.get("a").is_some());
        cache.put("c".into(), entry(1));
        assert!(cache.get("b").is_none());
        assert!(cache.get("a").is_some() && cache.get("c").is_some());
    }

    #[test]
    fn the_bytes_stay_within_their_bound() {
        let mut cache = Cache::bounded(100, 100);
        for name in ["a", "b", "c", "d"] {
            cache.put(name.into(), entry(40));
            assert!(cache.bytes <= 100);
        }
        assert_eq!(cache.entries.len(), 2);
        cache.put("huge".into(), entry(101));
        assert!(cache.get("huge").is_none());
        cache.put("d".into(), entry(10));
        assert!(cache.bytes <= 100);
    }
}
