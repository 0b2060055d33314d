//! The ETag cache: bodies by full URL, bounded in number and in bytes.
//!
//! One per client, and so one per token: a body must never be shown to another token's user.

use std::collections::HashMap;
use std::sync::Arc;

const ENTRIES: usize = 2_000;
const BYTES: usize = 64 * 1024 * 1024;

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
    entries: HashMap<String, (u64, Entry)>,
    bytes: usize,
    uses: u64,
    most_entries: usize,
    most_bytes: usize,
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
        let (used, entry) = self.entries.get_mut(url)?;
        *used = self.uses;
        Some(entry.clone())
    }

    pub fn put(&mut self, url: String, entry: Entry) {
        self.remove(&url);
        if weight(&url, &entry) > self.most_bytes {
            return;
        }
        self.uses += 1;
        self.bytes += weight(&url, &entry);
        self.entries.insert(url, (self.uses, entry));
        while self.entries.len() > self.most_entries || self.bytes > self.most_bytes {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(url, _)| url.clone());
            match oldest {
                Some(url) => self.remove(&url),
                None => return,
            }
        }
    }

    fn remove(&mut self, url: &str) {
        if let Some((_, entry)) = self.entries.remove(url) {
            self.bytes = self.bytes.saturating_sub(weight(url, &entry));
        }
    }
}

fn weight(url: &str, entry: &Entry) -> usize {
    url.len() + entry.etag.len() + entry.body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bytes: usize) -> Entry {
        Entry {
            etag: String::new(),
            body: vec![0; bytes].into(),
            next: None,
        }
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
