//! Files at a revision. The workflow files are there too, as the world describes them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Call, Done, No};
use crate::sim::{
    model::{Blob, Entry, Repo, Workflow, commit::sha_of},
    rest::{Answer, encode, shape::file::base64},
};

impl Call<'_> {
    fn rev<'r>(&'r self, repo: &'r Repo) -> Result<(&'r str, &'r str), No> {
        let rev = self.param("ref").unwrap_or(&repo.default_branch);
        let commit = repo.resolve(rev);
        let commit = commit
            .ok_or_else(|| No::missing(format!("object does not exist [id: {rev}, rel_path: ]")))?;
        Ok((rev, &commit.sha))
    }

    /// A file or folder.
    pub fn contents(&self, repo: &Repo, path: &str) -> Done {
        let (rev, sha) = self.rev(repo)?;
        let found = self.at(repo, sha, path);
        let found = found.ok_or_else(|| {
            No::missing(format!("object does not exist [id: , rel_path: {path}]"))
        })?;
        Ok(Answer::json(
            200,
            match found {
                Entry::File(blob) => self.listed(repo, rev, &blob.path, Some(&blob), true),
                Entry::Folder { path, children } => {
                    let child = |(name, blob): &(String, Option<Blob>)| {
                        let whole = if path.is_empty() {
                            name.clone()
                        } else {
                            format!("{path}/{name}")
                        };
                        self.listed(repo, rev, &whole, blob.as_ref(), false)
                    };
                    Value::Array(children.iter().map(child).collect())
                }
            },
        ))
    }

    /// A file as it is: the one read that has a validator.
    pub fn raw(&self, repo: &Repo, path: &str) -> Done {
        let (_, sha) = self.rev(repo)?;
        let Some(Entry::File(blob)) = self.at(repo, sha, path) else {
            return Err(No::missing(format!(
                "object does not exist [id: , rel_path: {path}]"
            )));
        };
        let tag = format!("\"{}\"", blob.sha);
        let same = self
            .known
            .is_some_and(|it| it.split(',').any(|it| it.trim() == tag));
        let answer = if same {
            Answer::empty(304)
        } else {
            Answer::raw(
                200,
                "text/plain; charset=utf-8",
                blob.content.as_bytes().to_vec(),
            )
        };
        Ok(answer.with("etag", tag))
    }

    fn at(&self, repo: &Repo, sha: &str, path: &str) -> Option<Entry> {
        let path = path.trim_matches('/');
        let folder = self.edition.workflows();
        let (above, below) = folder.split_once('/')?;
        if repo.workflows.is_empty() {
            return repo.entry(sha, path);
        }
        if path == above {
            return Some(Entry::Folder {
                path: above.to_owned(),
                children: vec![(below.to_owned(), None)],
            });
        }
        if path == folder {
            let children = repo.workflows.iter();
            let children = children.map(|it| (it.file.clone(), Some(written(folder, it))));
            return Some(Entry::Folder {
                path: folder.to_owned(),
                children: children.collect(),
            });
        }
        let named = path
            .strip_prefix(folder)
            .and_then(|it| it.strip_prefix('/'));
        let named = named.and_then(|name| repo.workflows.iter().find(|it| it.file == name));
        match named {
            Some(workflow) => Some(Entry::File(written(folder, workflow))),
            None => repo.entry(sha, path),
        }
    }

    fn listed(
        &self,
        repo: &Repo,
        rev: &str,
        path: &str,
        blob: Option<&Blob>,
        whole: bool,
    ) -> Value {
        let shape = self.shape();
        let (url, html) = (shape.url(repo), shape.html(repo));
        let escaped: Vec<String> = path.split('/').map(encode).collect();
        let escaped = escaped.join("/");
        let own = format!("{url}/contents/{escaped}?ref={}", encode(rev));
        let page = format!("{html}/src/branch/{rev}/{escaped}");
        let sha = blob.map_or_else(|| sha_of(&["tree", rev, path]), |it| it.sha.clone());
        let objects = if blob.is_some() { "blobs" } else { "trees" };
        let git = format!("{url}/git/{objects}/{sha}");
        // Git's own coding has no line ends here.
        let content = blob
            .filter(|_| whole)
            .map(|it| base64(it.content.as_bytes()).replace('\n', ""));
        json!({
            "name": path.rsplit('/').next().unwrap_or(path),
            "path": path,
            "sha": sha,
            "last_commit_sha": repo.resolve(rev).map(|it| it.sha.clone()),
            "type": if blob.is_some() { "file" } else { "dir" },
            "size": blob.map_or(0, |it| it.content.len()),
            "encoding": content.as_ref().map(|_| "base64"),
            "content": content,
            "target": null,
            "url": own,
            "html_url": page,
            "git_url": git,
            "download_url": blob.map(|_| format!("{html}/raw/branch/{rev}/{escaped}")),
            "submodule_git_url": null,
            "_links": {"self": own, "git": git, "html": page},
        })
    }
}

// A workflow file as somebody would have written it.
fn written(folder: &str, it: &Workflow) -> Blob {
    let mut text = format!("name: {}\non:\n", it.name);
    // Writing to a String cannot fail.
    for event in &it.on {
        let _ = writeln!(text, "  {event}:");
        if event == "workflow_dispatch" && !it.inputs.is_empty() {
            text.push_str("    inputs:\n");
            for (name, required) in &it.inputs {
                let _ = writeln!(text, "      {name}:\n        required: {required}");
            }
        }
    }
    text.push_str("jobs:\n");
    for job in &it.jobs {
        let key = job.name.replace(' ', "-");
        let _ = writeln!(text, "  {key}:\n    runs-on: docker");
    }
    Blob {
        path: format!("{folder}/{}", it.file),
        sha: sha_of(&["blob", &text]),
        content: text.into(),
    }
}
