//! Files at revisions, from GraphQL: what they declare. How a file is read lives in
//! `forge/declared.rs`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::paths::owner_and_name;
use super::reply::Trouble;
use super::{GitHub, query};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{RepoPath, Sha};
use crate::domain::seen::Declared;
use crate::domain::text::clean;
use crate::forge::declared::{self, MOST_BYTES};
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

/// Files a query.
const FILES: usize = 20;

/// A file of a repository; a folder or a submodule has none of these.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    byte_size: Option<u64>,
    is_binary: Option<bool>,
    #[serde(default)]
    is_truncated: bool,
    text: Option<String>,
}

impl GitHub {
    pub(super) async fn read_files(
        &self,
        repo: &RepoPath,
        files: &[(String, Sha)],
    ) -> Vec<Result<Declared, Fault>> {
        let mut answers = Vec::with_capacity(files.len());
        for chunk in files.chunks(FILES) {
            match self.ask_files(repo, chunk).await {
                Ok(read) => answers.extend(read),
                Err(error) => {
                    for (path, sha) in chunk {
                        answers.push(Err(self.fault(&error, reading(repo, path, sha))));
                    }
                }
            }
        }
        answers
    }

    async fn ask_files(
        &self,
        repo: &RepoPath,
        files: &[(String, Sha)],
    ) -> Result<Vec<Result<Declared, Fault>>, Error> {
        let (owner, name) = owner_and_name(repo);
        let query = query::files(owner, name, files);
        let reply = self
            .wire
            .query(Purpose::Look, &query.text, &query.variables)
            .await?;
        let (mut data, errors) = reply.into_parts()?;
        let Some(Value::Object(mut fields)) = data.remove("repository") else {
            let unreadable = || Error::Unreadable("the answer has no repository".to_owned());
            return Err(errors.first().map_or_else(unreadable, Trouble::to_error));
        };
        let page = fields
            .get("url")
            .and_then(Value::as_str)
            .map(clean)
            .unwrap_or_default();
        let mut answers = Vec::with_capacity(files.len());
        for (index, (path, sha)) in files.iter().enumerate() {
            let own = errors.iter().find(|error| {
                error.touches(&format!("f{index}")) || error.touches(&format!("c{index}"))
            });
            let read = match own {
                Some(error) => Err(error.to_error()),
                None => file(&mut fields, index, path, sha, &page),
            };
            answers.push(match read {
                Ok(Ok(declared)) => Ok(declared),
                Ok(Err(why)) => Err(self.unreadable(why, repo, path, sha)),
                Err(error) => Err(self.fault(&error, reading(repo, path, sha))),
            });
        }
        Ok(answers)
    }

    /// The fault of a file that is there and says nothing that can be compared.
    fn unreadable(&self, why: String, repo: &RepoPath, path: &str, sha: &Sha) -> Fault {
        Fault {
            kind: FaultKind::Unreadable,
            forge: self.name.clone(),
            doing: reading(repo, path, sha),
            why,
            hint: Some("mend the file, or compare another one".to_owned()),
            request: None,
            at: (self.clock)(),
            retry_at: None,
        }
    }
}

fn reading(repo: &RepoPath, path: &str, sha: &Sha) -> String {
    format!("reading {path} of {repo} at {}", sha.short())
}

/// Reads one file out of a repository's answer. The inner error is about what stands in it.
fn file(
    fields: &mut Map<String, Value>,
    index: usize,
    path: &str,
    sha: &Sha,
    page: &str,
) -> Result<Result<Declared, String>, Error> {
    let commit = fields.remove(&format!("c{index}"));
    // A commit that is gone makes every file of it look as if it had never been.
    if commit.is_none_or(|commit| commit.get("oid").is_none()) {
        let why = format!("the forge does not know commit {}", sha.short());
        return Err(Error::Unreadable(why));
    }
    let url = format!("{page}/blob/{sha}/{path}");
    let Some(found) = fields.remove(&format!("f{index}")) else {
        return Err(Error::Unreadable(format!("the answer leaves out {path}")));
    };
    if found.is_null() {
        let url = Some(url);
        return Ok(Ok(Declared { url, keys: None }));
    }
    let file =
        File::deserialize(found).map_err(|error| Error::Unreadable(clean(&error.to_string())))?;
    let Some(size) = file.byte_size else {
        return Ok(Err("it is not a file".to_owned()));
    };
    if size > MOST_BYTES || file.is_truncated {
        return Ok(Err(format!("it has {size} bytes, more than {MOST_BYTES}")));
    }
    let (Some(text), false) = (file.text, file.is_binary.unwrap_or_default()) else {
        return Ok(Err("it is not a text".to_owned()));
    };
    Ok(declared::of_file(path, &text).map(|keys| Declared {
        url: Some(url),
        keys: Some(keys),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(commit: Value, found: Value) -> Result<Result<Declared, String>, Error> {
        let Value::Object(mut fields) = json!({"c0": commit, "f0": found}) else {
            panic!("an object")
        };
        file(
            &mut fields,
            0,
            "deploy/dev.toml",
            &Sha::from("ab"),
            "https://x/acme/a",
        )
    }

    fn blob(text: &str) -> Value {
        json!({"byteSize": text.len(), "isBinary": false, "isTruncated": false, "text": text})
    }

    #[test]
    fn a_file_is_read_with_its_page() {
        let declared = read(json!({"oid": "ab"}), blob("java = 21"))
            .unwrap()
            .unwrap();
        assert_eq!(
            declared.url.as_deref(),
            Some("https://x/acme/a/blob/ab/deploy/dev.toml")
        );
        assert_eq!(declared.keys.unwrap()["java"], "21");
    }

    #[test]
    fn a_file_that_is_not_there_differs_from_a_commit_that_is_not() {
        let gone = read(json!({"oid": "ab"}), Value::Null).unwrap().unwrap();
        assert_eq!(gone.keys, None);
        for commit in [Value::Null, json!({})] {
            assert!(read(commit, Value::Null).is_err());
        }
    }

    #[test]
    fn what_is_too_long_or_no_text_says_so() {
        let long =
            json!({"byteSize": 70_000, "isBinary": false, "isTruncated": false, "text": "a = 1"});
        let cut = json!({"byteSize": 7, "isBinary": false, "isTruncated": true, "text": "a = 1"});
        let binary = json!({"byteSize": 7, "isBinary": true, "isTruncated": false, "text": null});
        let folder = json!({"__typename": "Tree"});
        for (found, why) in [
            (long, "it has 70000 bytes"),
            (cut, "it has 7 bytes"),
            (binary, "it is not a text"),
            (folder, "it is not a file"),
            (blob("= 1"), "line 1 is not TOML"),
        ] {
            let error = read(json!({"oid": "ab"}), found).unwrap().unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
