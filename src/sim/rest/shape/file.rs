//! Files in REST's words: as a commit changed them, and as they are at a revision.

use serde_json::{Value, json};

use super::{Shape, merge};
use crate::sim::{
    model::{Blob, Change, ChangeKind, Repo, commit::sha_of},
    rest::encode,
};

impl Shape<'_> {
    /// A file as a commit or comparison changed it; `sha` is the commit it is then read at.
    pub fn change(&self, repo: &Repo, sha: &str, it: &Change) -> Value {
        let html = self.html(repo);
        let url = self.url(repo);
        let name = escaped(&it.path);
        json!({
            "sha": sha_of(&["blob", sha, &it.path]),
            "filename": it.path,
            "status": it.kind.word(),
            "additions": it.additions,
            "deletions": it.deletions,
            "changes": it.additions + it.deletions,
            "blob_url": format!("{html}/blob/{sha}/{name}"),
            "raw_url": format!("{html}/raw/{sha}/{name}"),
            "contents_url": format!("{url}/contents/{name}?ref={sha}"),
            "patch": match it.kind {
                ChangeKind::Added => format!("@@ -0,0 +1,{} @@", it.additions),
                ChangeKind::Modified => format!("@@ -1,{} +1,{} @@", it.deletions, it.additions),
                ChangeKind::Removed => format!("@@ -1,{} +0,0 @@", it.deletions),
            },
        })
    }

    /// A file at a revision, with its content.
    pub fn file(&self, repo: &Repo, rev: &str, blob: &Blob) -> Value {
        // Beyond a megabyte there is nothing but the raw media type.
        let whole = blob.content.len() <= 1024 * 1024;
        let more = json!({
            "content": if whole { base64(blob.content.as_bytes()) } else { String::new() },
            "encoding": if whole { "base64" } else { "none" },
        });
        merge(self.listed(repo, rev, &blob.path, Some(blob)), more)
    }

    /// A file or folder as its own folder lists it.
    pub fn listed(&self, repo: &Repo, rev: &str, path: &str, blob: Option<&Blob>) -> Value {
        let (url, html) = (self.url(repo), self.html(repo));
        let name = path.rsplit('/').next().unwrap_or(path);
        let escaped = escaped(path);
        let sha = blob.map_or_else(|| sha_of(&["tree", rev, path]), |it| it.sha.clone());
        let own = format!("{url}/contents/{escaped}?ref={}", encode(rev));
        let (kind, object, page) = match blob {
            Some(_) => ("file", "blobs", "blob"),
            None => ("dir", "trees", "tree"),
        };
        let git = format!("{url}/git/{object}/{sha}");
        let page = format!("{html}/{page}/{rev}/{escaped}");
        json!({
            "name": name,
            "path": path,
            "sha": sha,
            "size": blob.map_or(0, |it| it.content.len()),
            "url": own,
            "html_url": page,
            "git_url": git,
            "download_url": blob.map(|_| format!("{html}/raw/{rev}/{escaped}")),
            "type": kind,
            "_links": {"self": own, "git": git, "html": page},
        })
    }
}

fn escaped(path: &str) -> String {
    path.split('/').map(encode).collect::<Vec<_>>().join("/")
}

/// Lines of sixty letters, each with its end, as GitHub sends them.
pub(in crate::sim) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 8);
    // Forty-five bytes are sixty letters.
    for line in bytes.chunks(45) {
        for group in line.chunks(3) {
            let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for at in 0..4_usize {
                let index = (bits >> (18 - 6 * at)) & 63;
                let letter = LETTERS.get(index as usize).filter(|_| at <= group.len());
                text.push(char::from(*letter.unwrap_or(&b'=')));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_padded_and_cut_into_lines() {
        // RFC 4648, section 10.
        let vectors = [
            ("", ""),
            ("f", "Zg==\n"),
            ("fo", "Zm8=\n"),
            ("foo", "Zm9v\n"),
            ("foob", "Zm9vYg==\n"),
            ("fooba", "Zm9vYmE=\n"),
            ("foobar", "Zm9vYmFy\n"),
        ];
        for (plain, coded) in vectors {
            assert_eq!(base64(plain.as_bytes()), coded, "{plain}");
        }
        let lines = base64(&[0xff; 50]);
        assert_eq!(lines, format!("{}\n//////8=\n", "/".repeat(60)));
    }
}
