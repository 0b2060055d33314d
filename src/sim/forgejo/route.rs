//! From method and path to the operation, and the scope that a token needs there.

use super::{Call, Done, No};
use crate::sim::model::Repo;

/// Answers a request behind `/api/v1`.
pub fn answer(call: &Call<'_>) -> Done {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let write = call.method != "GET";
    match (call.method, path.as_slice()) {
        ("GET", ["version"]) => Ok(call.version()),
        ("GET", ["settings", "api"]) => Ok(super::reads::settings()),
        ("GET", ["user"]) => {
            call.scope("user", false)?;
            call.me()
        }
        ("GET", ["user", "repos"]) => {
            call.scope("user", false)?;
            call.scope("repository", false)?;
            call.signed()?;
            Ok(call.repos(None))
        }
        ("GET", ["users", login]) => {
            call.scope("user", false)?;
            call.person(login)
        }
        ("GET", ["orgs", owner, "repos"]) => {
            call.scope("organization", false)?;
            Ok(call.repos(Some(owner)))
        }
        ("GET", ["repos", "search"]) => {
            call.scope("repository", false)?;
            Ok(call.search())
        }
        (_, ["repos", owner, name, rest @ ..]) => {
            // The scope is asked for before anybody looks whether there is such a repository.
            let category = match rest {
                ["issues" | "labels", ..] => "issue",
                _ => "repository",
            };
            call.scope(category, write)?;
            let repo = match call.repo(owner, name) {
                Ok(repo) => repo.clone(),
                Err(no) => return call.moved(owner, name).ok_or(no),
            };
            if write {
                call.signed()?;
                changed(call, &repo, rest)
            } else {
                read(call, &repo, rest)
            }
        }
        _ => Err(No::no_route()),
    }
}

fn read(call: &Call<'_>, repo: &Repo, rest: &[&str]) -> Done {
    match rest {
        [] => Ok(call.one_repo(repo)),
        ["branches"] => Ok(call.branches(repo)),
        ["branches", name @ ..] => call.branch(repo, &name.join("/")),
        ["branch_protections"] => call.rules(repo),
        ["branch_protections", name @ ..] => call.rule(repo, &name.join("/")),
        ["commits"] => call.commits(repo),
        ["commits", sha, "pull"] => call.pull_of_commit(repo, sha),
        ["commits", rev @ .., "status"] => call.combined(repo, &rev.join("/")),
        ["commits", rev @ .., "statuses"] | ["statuses", rev @ ..] => {
            call.statuses(repo, &rev.join("/"))
        }
        ["git", "commits", sha] => call.commit(repo, sha),
        ["compare", between @ ..] => call.compare(repo, &between.join("/")),
        ["contents", path @ ..] => call.contents(repo, &path.join("/")),
        ["raw", path @ ..] => call.raw(repo, &path.join("/")),
        ["tags"] => Ok(call.tags(repo)),
        ["tags", name @ ..] => call.tag(repo, &name.join("/")),
        ["releases"] => Ok(call.releases(repo)),
        ["releases", "latest"] => call.latest_release(repo),
        ["releases", "tags", tag @ ..] => call.release_of_tag(repo, &tag.join("/")),
        ["releases", id] => call.release(repo, id),
        ["pulls"] => call.pulls(repo),
        ["pulls", number] => call.pull(repo, number),
        ["pulls", number, "reviews"] => call.reviews(repo, number),
        ["pulls", number, "commits"] => call.pull_commits(repo, number),
        ["pulls", number, "files"] => call.pull_files(repo, number),
        ["pulls", number, "merge"] => super::pulls::is_merged(repo, number),
        ["pulls", base, head @ ..] => call.pull_between(repo, base, &head.join("/")),
        ["issues"] => Ok(call.issues(repo)),
        ["issues", number] => call.issue(repo, number),
        ["issues", number, "labels"] => call.issue_labels(repo, number),
        ["labels"] => Ok(call.labels(repo)),
        ["actions", rest @ ..] => actions(call, repo, rest),
        _ => Err(No::no_route()),
    }
}

fn actions(call: &Call<'_>, repo: &Repo, rest: &[&str]) -> Done {
    let edition = call.edition;
    let there = match rest {
        ["tasks"] | ["workflows", _, "dispatches"] => true,
        ["runs"] | ["runs", _] => edition.runs(),
        ["runs", _, "jobs"] | ["jobs", _, "logs"] => edition.jobs(),
        ["runs", _, "cancel"] => edition.cancels(),
        ["runs" | "jobs", _, "rerun"] => edition.reruns(),
        ["workflows"] | ["jobs" | "workflows", _] => edition.gitea(),
        _ => false,
    };
    if !there {
        return Err(No::no_route());
    }
    // The unit is off: not an empty list, nothing.
    if !repo.actions {
        return Err(No::not_found());
    }
    match (call.method, rest) {
        ("GET", ["tasks"]) => call.tasks(repo),
        ("GET", ["runs"]) if edition.gitea() => call.gitea_runs(repo),
        ("GET", ["runs", id]) if edition.gitea() => call.gitea_run(repo, id),
        ("GET", ["runs", id, "jobs"]) if edition.gitea() => call.gitea_jobs(repo, id),
        ("GET", ["jobs", id, "logs"]) => call.job_log(repo, id),
        ("GET", ["jobs", id]) => call.gitea_job(repo, id),
        ("GET", ["workflows"]) => Ok(call.workflows(repo)),
        ("GET", ["workflows", file]) => call.workflow(repo, file),
        ("GET", ["runs"]) => call.runs(repo),
        ("GET", ["runs", id]) => call.run(repo, id),
        ("GET", ["runs", id, "jobs"]) => call.jobs(repo, id),
        ("POST", ["workflows", file, "dispatches"]) => call.dispatch(repo, file),
        ("POST", ["runs", id, "cancel"]) => call.cancel(repo, id),
        ("POST", ["runs", id, "rerun"]) => call.rerun(repo, id),
        ("POST", ["jobs", id, "rerun"]) => call.rerun_job(repo, id),
        _ => Err(No::bare(405)),
    }
}

fn changed(call: &Call<'_>, repo: &Repo, rest: &[&str]) -> Done {
    match (call.method, rest) {
        ("POST", ["branches"]) => call.create_branch(repo),
        ("DELETE", ["branches", name @ ..]) => call.delete_branch(repo, &name.join("/")),
        ("POST", ["statuses", sha]) => call.set_status(repo, sha),
        ("POST", ["tags"]) => call.create_tag(repo),
        ("DELETE", ["tags", name @ ..]) => call.delete_tag(repo, &name.join("/")),
        ("POST", ["releases"]) => call.create_release(repo),
        ("PATCH", ["releases", id]) => call.edit_release(repo, id),
        ("POST", ["pulls"]) => call.open_pull(repo),
        ("PATCH", ["pulls", number]) => call.edit_pull(repo, number),
        ("POST", ["pulls", number, "reviews"]) => call.add_review(repo, number),
        ("POST", ["pulls", number, "merge"]) => call.merge(repo, number),
        ("POST", ["pulls", number, "update"]) => call.update_pull(repo, number),
        ("POST", ["issues"]) => call.create_issue(repo),
        ("PATCH", ["issues", number]) => call.edit_issue(repo, number),
        ("POST" | "PUT", ["issues", number, "labels"]) => call.add_labels(repo, number),
        ("DELETE", ["issues", number, "labels", label]) => call.remove_label(repo, number, label),
        ("POST", ["labels"]) => call.create_label(repo),
        ("POST", ["actions", rest @ ..]) => actions(call, repo, rest),
        _ => Err(No::no_route()),
    }
}
