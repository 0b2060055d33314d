//! Reads of files: what a revision holds, and what a pull request changes.

use serde_json::{Value, json};

use super::{Done, number};
use crate::sim::{
    act::Refusal,
    model::{Change, Entry, Repo},
    rest::{Answer, Ask},
};

impl Ask<'_> {
    /// A file or folder at a revision; the file alone for who accepts it raw.
    pub fn contents(&self, repo: &Repo, path: &str) -> Done {
        let rev = self.param("ref").unwrap_or(&repo.default_branch);
        let commit = repo
            .resolve(rev)
            .ok_or_else(|| Refusal::new(404, format!("No commit found for the ref {rev}")))?;
        let entry = repo.entry(&commit.sha, path);
        let shape = self.shape();
        match entry.ok_or_else(Refusal::not_found)? {
            Entry::File(blob) if self.raw() => {
                let kind = "application/vnd.github.raw+json; charset=utf-8";
                Ok(Answer::raw(200, kind, blob.content.as_bytes().to_vec()))
            }
            Entry::File(blob) => Ok(Answer::json(200, shape.file(repo, rev, &blob))),
            Entry::Folder { path, children } => {
                let child = |(name, blob): &(String, _)| {
                    let whole = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}/{name}")
                    };
                    shape.listed(repo, rev, &whole, Option::as_ref(blob))
                };
                let list = children.iter().map(child).collect();
                Ok(Answer::json(200, Value::Array(list)))
            }
        }
    }

    // `application/vnd.github.raw+json`, and the older spellings of it.
    fn raw(&self) -> bool {
        self.accept.split(',').any(|it| {
            let it = it.split(';').next().unwrap_or(it).trim();
            let it = it.strip_suffix("+json").unwrap_or(it);
            matches!(
                it,
                "application/vnd.github.raw" | "application/vnd.github.v3.raw"
            )
        })
    }

    /// The files that a pull request changes.
    pub fn pull_files(&self, repo: &Repo, text: &str) -> Done {
        let pull = repo.pull(number(text)?).ok_or_else(Refusal::not_found)?;
        let mut files: Vec<Change> = repo.changes_of(pull);
        files.truncate(3_000);
        Ok(self.list(&files, |it| self.shape().change(repo, &pull.head_sha, it)))
    }

    /// One check run.
    pub fn check_run(&self, repo: &Repo, id: &str) -> Done {
        let id = number(id)?;
        let mut all = repo
            .runs
            .iter()
            .flat_map(|run| run.jobs.iter().map(move |job| (run, job)));
        let (run, job) = all
            .find(|(_, job)| job.id == id)
            .ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(200, self.shape().check_run(repo, run, job)))
    }

    /// What a check run says of single lines.
    pub fn annotations(&self, repo: &Repo, id: &str) -> Done {
        let id = number(id)?;
        let mut all = repo
            .runs
            .iter()
            .flat_map(|run| run.jobs.iter().map(move |job| (run, job)));
        let (run, job) = all
            .find(|(_, job)| job.id == id)
            .ok_or_else(Refusal::not_found)?;
        let findings = job.output.iter().flat_map(|it| &it.findings);
        let findings: Vec<_> = findings.collect();
        let html = self.shape().html(repo);
        Ok(self.list(&findings, |it| {
            json!({
                "path": it.path,
                "blob_href": format!("{html}/blob/{}/{}", run.head_sha, it.path),
                "start_line": it.line,
                "start_column": null,
                "end_line": it.line,
                "end_column": null,
                "annotation_level": it.level,
                "title": null,
                "message": it.message,
                "raw_details": null,
            })
        }))
    }
}
