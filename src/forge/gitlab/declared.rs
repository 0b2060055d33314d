//! Files at revisions: what they declare. How a file is read lives in `forge/declared.rs`.

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::GitLab;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{RepoPath, Sha};
use crate::domain::seen::Declared;
use crate::forge::declared::{self, MOST_BYTES};
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;
use crate::forge::http::path::part;

impl GitLab {
    pub(super) async fn read_files(
        &self,
        repo: &RepoPath,
        files: &[(String, Sha)],
    ) -> Vec<Result<Declared, Fault>> {
        stream::iter(files.to_vec())
            .map(|(path, sha)| async move {
                let doing = || format!("reading {path} of {repo} at {}", sha.short());
                match self.read_file(repo, &path, &sha).await {
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
            })
            .buffered(self.rest.limits().concurrency.max(1))
            .collect()
            .await
    }

    /// Reads one file. The inner error is about what stands in it.
    async fn read_file(
        &self,
        repo: &RepoPath,
        path: &str,
        sha: &Sha,
    ) -> Result<Result<Declared, String>, Error> {
        let at = part(sha.as_str());
        let route = self.below(
            repo,
            format!("/repository/files/{}/raw?ref={at}", part(path)),
        );
        let answer = match self.rest.get(Purpose::Look, &route).await {
            Ok(answer) => answer,
            // A commit that is gone makes every file of it look as if it had never been.
            Err(Error::Refused(refusal)) if refusal.status == 404 => {
                let route = format!("/repository/commits/{at}");
                return match self
                    .read_if_there::<Value>(Purpose::Look, repo, route)
                    .await?
                {
                    Some(_) => Ok(Ok(Declared {
                        url: None,
                        keys: None,
                    })),
                    None => {
                        let why = format!("the forge does not know commit {}", sha.short());
                        Err(Error::Unreadable(why))
                    }
                };
            }
            Err(error) => return Err(error),
        };
        let size = answer.body.len() as u64;
        if size > MOST_BYTES {
            return Ok(Err(format!("it has {size} bytes, more than {MOST_BYTES}")));
        }
        let Ok(text) = std::str::from_utf8(&answer.body) else {
            return Ok(Err("it is not a text".to_owned()));
        };
        Ok(declared::of_file(path, text).map(|keys| Declared {
            url: None,
            keys: Some(keys),
        }))
    }
}
