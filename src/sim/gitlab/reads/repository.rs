//! Reads of branches, commits, tags, files and comparisons.

use serde_json::json;

use super::one;
use crate::sim::{
    gitlab::{
        answer::not_found,
        ask::{Ask, Done},
        shape::{self, change, pipeline},
    },
    model::{Change, Commit, Entry, Repo},
    rest::Answer,
};

/// Answers what is below `repository`.
pub fn answer(ask: &Ask<'_>, repo: &Repo, rest: &[&str]) -> Done {
    let state = ask.state();
    let commit = |rev: &str| repo.resolve(rev).ok_or_else(|| not_found("Commit"));
    match rest {
        ["branches"] => {
            let search = ask.text("search");
            let all = repo.branches.values();
            let all = all.filter(|it| search.as_ref().is_none_or(|text| it.name.contains(text)));
            ask.paged(all.collect(), |it| {
                shape::branch(state, repo, it, ask.token())
            })
        }
        ["branches", name] => one(
            "Branch",
            repo.branches
                .get(*name)
                .map(|it| shape::branch(state, repo, it, ask.token())),
        ),
        ["tags"] => {
            let search = ask.text("search");
            let all = repo.tags.iter().rev();
            let all = all.filter(|it| search.as_ref().is_none_or(|text| it.name.contains(text)));
            ask.paged(all.collect(), |it| shape::tag(state, repo, it))
        }
        ["tags", name] => one(
            "Tag",
            repo.tags
                .iter()
                .find(|it| it.name == *name)
                .map(|it| shape::tag(state, repo, it)),
        ),
        ["commits"] => {
            let rev = ask
                .text("ref_name")
                .unwrap_or_else(|| repo.default_branch.clone());
            let Some(head) = repo.resolve(&rev) else {
                return Err(not_found(&rev));
            };
            let known = repo.ancestors(&head.sha);
            let all = repo.commits.iter().rev();
            let all = all.filter(|it| known.contains(it.sha.as_str()));
            ask.paged(all.collect(), |it| shape::commit(state, repo, it))
        }
        ["commits", rev] => one(
            "Commit",
            repo.resolve(rev).map(|it| shape::commit(state, repo, it)),
        ),
        ["commits", rev, "statuses"] => statuses(ask, repo, commit(rev)?),
        ["commits", rev, "merge_requests"] => {
            let found = commit(rev)?;
            let all = repo.pulls_of(&found.sha);
            ask.paged(all, |it| change::brief(state, repo, it))
        }
        ["compare"] => {
            let (from, to) = (ask.needs("from")?, ask.needs("to")?);
            let found = repo.compare(&from, &to).ok_or_else(|| not_found("Ref"))?;
            let changes = Repo::changes(&found.commits);
            let diffs: Vec<_> = changes
                .iter()
                .map(|it| {
                    json!({
                        "old_path": it.path, "new_path": it.path, "a_mode": "100644", "b_mode": "100644",
                        "new_file": it.kind == crate::sim::model::ChangeKind::Added,
                        "deleted_file": it.kind == crate::sim::model::ChangeKind::Removed,
                        "renamed_file": false, "generated_file": false, "diff": diff(it),
                    })
                })
                .collect();
            let shaped = |it: &std::sync::Arc<Commit>| shape::commit(state, repo, it);
            let web = format!("{}/-/compare/{from}...{to}", state.html(repo));
            Ok(Answer::json(
                200,
                json!({
                    "commit": found.commits.last().map(shaped),
                    "commits": found.commits.iter().map(shaped).collect::<Vec<_>>(),
                    "diffs": diffs,
                    "compare_timeout": false,
                    "compare_same_ref": from == to,
                    "web_url": web,
                }),
            ))
        }
        ["files", path, "raw"] => {
            let rev = ask
                .text("ref")
                .unwrap_or_else(|| repo.default_branch.clone());
            let commit = repo.resolve(&rev).ok_or_else(|| not_found("Commit"))?;
            match repo.entry(&commit.sha, path) {
                Some(Entry::File(blob)) => {
                    let bytes = blob.content.as_bytes().to_vec();
                    Ok(Answer::raw(200, "text/plain; charset=utf-8", bytes))
                }
                Some(Entry::Folder { .. }) | None => Err(not_found("File")),
            }
        }
        _ => Err(not_found("")),
    }
}

// As git has it, but for what the lines say: nothing here reads that.
fn diff(it: &Change) -> String {
    let (gone, new) = (it.deletions, it.additions);
    let lines = |sign: &str, count: u32| format!("{sign}a line\n").repeat(count as usize);
    format!(
        "@@ -1,{gone} +1,{new} @@\n{}{}",
        lines("-", gone),
        lines("+", new)
    )
}

fn statuses(ask: &Ask<'_>, repo: &Repo, commit: &Commit) -> Done {
    let state = ask.state();
    let name = ask.text("name");
    let every = ask.flag("all")?.unwrap_or(false);
    let mut all = Vec::new();
    for run in repo.runs_on(&commit.sha) {
        for job in run.jobs.iter().filter(|it| every || it.attempt > 0) {
            all.push((job.name.clone(), pipeline::job_status(state, run, job)));
        }
        for it in repo.externals(run.id) {
            all.push((it.name.clone(), pipeline::external(state, it)));
        }
    }
    all.retain(|(known, _)| name.as_ref().is_none_or(|it| it == known));
    ask.paged(all, |(_, it)| it)
}
