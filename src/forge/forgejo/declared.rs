//! Files at revisions: what they declare. How a file is read lives in `forge/declared.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt, stream};
use serde::Deserialize;

use super::Forgejo;
use super::lists::{below, file_path, is_missing};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{RepoPath, Sha};
use crate::domain::seen::Declared;
use crate::domain::text::clean;
use crate::forge::declared::{self, MOST_BYTES};
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

/// A file of a repository, a folder, a link or a submodule.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "type")]
    kind: String,
    size: Option<u64>,
    encoding: Option<String>,
    content: Option<String>,
    html_url: Option<String>,
}

impl Forgejo {
    pub(super) async fn read_files(
        &self,
        repo: &RepoPath,
        files: &[(String, Sha)],
    ) -> Vec<Result<Declared, Fault>> {
        let read: Vec<_> = files
            .iter()
            .map(|(path, sha)| self.read_file(repo, path, sha))
            .collect();
        stream::iter(read)
            .buffered(self.rest.limits().concurrency.max(1))
            .collect()
            .await
    }

    async fn read_file(&self, repo: &RepoPath, path: &str, sha: &Sha) -> Result<Declared, Fault> {
        let doing = || format!("reading {path} of {repo} at {}", sha.short());
        match self.ask_file(repo, path, sha).await {
            Ok(Ok(declared)) => Ok(declared),
            Ok(Err(why)) => Err(Fault {
                kind: FaultKind::Unreadable,
                forge: self.name.clone(),
                doing: doing(),
                why,
                hint: Some("mend the file, or compare another one".to_owned()),
                request: None,
                at: (self.clock)(),
                retry_at: None,
            }),
            Err(error) => Err(self.fault(&error, doing())),
        }
    }

    /// The inner error is about what stands in the file.
    async fn ask_file(
        &self,
        repo: &RepoPath,
        path: &str,
        sha: &Sha,
    ) -> Result<Result<Declared, String>, Error> {
        let route = format!("/contents/{}?ref={}", file_path(path), part(sha.as_str()));
        let answer = match self.rest.get(Purpose::Look, &below(repo, route)).await {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => {
                // A commit that is gone makes every file of it look as if it had never been.
                let commit = format!("/git/commits/{}?stat=false&files=false", part(sha.as_str()));
                let commit = self.rest.get(Purpose::Look, &below(repo, commit)).await;
                return match commit {
                    Ok(_) => Ok(Ok(Declared {
                        url: None,
                        keys: None,
                    })),
                    Err(error) if is_missing(&error) => Err(Error::Unreadable(format!(
                        "the forge does not know commit {}",
                        sha.short()
                    ))),
                    Err(error) => Err(error),
                };
            }
            Err(error) => return Err(error),
        };
        // A folder is a list of what is in it.
        if answer.body.trim_ascii_start().starts_with(b"[") {
            return Ok(Err("it is not a file".to_owned()));
        }
        Ok(declared(path, answer.json()?))
    }
}

fn declared(path: &str, file: File) -> Result<Declared, String> {
    if file.kind != "file" {
        return Err("it is not a file".to_owned());
    }
    if let Some(size) = file.size.filter(|size| *size > MOST_BYTES) {
        return Err(format!("it has {size} bytes, more than {MOST_BYTES}"));
    }
    let content = file.content.unwrap_or_default();
    if file.encoding.as_deref() != Some("base64") && !content.is_empty() {
        return Err("it comes in an encoding that is not base64".to_owned());
    }
    let packed: String = content.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(packed);
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| "it is not a text".to_owned())?;
    let keys = declared::of_file(path, &text)?;
    Ok(Declared {
        url: file.html_url.as_deref().map(clean),
        keys: Some(keys),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(file: Value) -> Result<Declared, String> {
        declared("deploy/dev.toml", serde_json::from_value(file).unwrap())
    }

    #[test]
    fn a_file_is_unpacked_and_what_is_none_says_so() {
        let file = |content: &str| json!({"type": "file", "size": 9, "encoding": "base64", "content": content, "html_url": "u"});
        let read_one = read(file("amF2YSA9\nIDIx")).unwrap();
        assert_eq!(read_one.keys.unwrap()["java"], "21");
        assert_eq!(read_one.url.as_deref(), Some("u"));
        for (file, why) in [
            (file("////"), "it is not a text"),
            (file("AAAA"), "it is not a text"),
            (file("%%%%"), "it is not a text"),
            (file("PSAx"), "line 1 is not TOML"),
            (json!({"type": "dir"}), "it is not a file"),
            (
                json!({"type": "file", "size": 70_000}),
                "it has 70000 bytes",
            ),
            (
                json!({"type": "file", "encoding": "rot13", "content": "x"}),
                "not base64",
            ),
        ] {
            let error = read(file).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
