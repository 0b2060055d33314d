//! From method and path to the operation, and what a token needs to read there.

use serde_json::json;

use super::{Answer, Ask, encode, query_text};
use crate::sim::{act::Refusal, model::Repo};

type Done = Result<Answer, Refusal>;

/// Answers a request, whatever it is.
pub fn answer(ask: &Ask<'_>) -> Answer {
    dispatch(ask).unwrap_or_else(Answer::from)
}

fn dispatch(ask: &Ask<'_>) -> Done {
    let segments = ask.segments();
    match (ask.method, segments.as_slice()) {
        ("GET", []) => Ok(ask.root()),
        ("GET", ["meta"]) => Ok(ask.meta()),
        ("GET", ["rate_limit"]) => ask.rate_limit(),
        ("GET", ["user"]) => Ok(ask.viewer()),
        ("GET", ["user", "repos"]) => Ok(ask.repos(None)),
        ("GET", ["users", login]) => ask.person(login),
        ("GET", ["orgs", org]) => ask.organization(org),
        ("GET", ["orgs", org, "repos"]) => {
            ask.organization(org)?;
            Ok(ask.repos(Some(org)))
        }
        (_, ["repos", owner, name, rest @ ..]) => {
            match ask.state().visible(ask.token(), owner, name) {
                Ok(id) => below(ask, id, rest),
                Err(no) => moved(ask, owner, name, rest).ok_or(no),
            }
        }
        // Where a renamed one leads.
        (_, ["repositories", id, rest @ ..]) => {
            let known = id.parse().ok().and_then(|id| ask.state().repo_by_id(id));
            let known = known.ok_or_else(Refusal::not_found)?;
            let id = ask
                .state()
                .visible(ask.token(), &known.owner, &known.name)?;
            below(ask, id, rest)
        }
        _ => Err(Refusal::not_found()),
    }
}

fn below(ask: &Ask<'_>, id: u64, rest: &[&str]) -> Done {
    let repo = ask.state().repo_by_id(id).ok_or_else(Refusal::not_found)?;
    match ask.method {
        "GET" => {
            readable(ask, rest)?;
            read(ask, repo, rest)
        }
        _ => write(ask, repo, rest),
    }
}

// The old path of a repository leads to it by its number: for good if something is read, and with
// the method kept if something is changed.
fn moved(ask: &Ask<'_>, owner: &str, name: &str, rest: &[&str]) -> Option<Answer> {
    let found = ask.state().moved(&format!("{owner}/{name}"))?;
    ask.state()
        .visible(ask.token(), &found.owner, &found.name)
        .ok()?;
    let mut to = format!("{}/repositories/{}", ask.api, found.id);
    for segment in rest {
        to.push('/');
        to.push_str(&encode(segment));
    }
    to.push_str(&query_text(&ask.query));
    let (status, words) = match ask.method {
        "GET" => (301, "Moved Permanently"),
        _ => (307, "Temporary Redirect"),
    };
    let docs = "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects";
    let body = json!({"message": words, "url": to, "documentation_url": docs});
    Some(Answer::json(status, body).with("location", to))
}

fn read(ask: &Ask<'_>, repo: &Repo, rest: &[&str]) -> Done {
    match rest {
        [] => Ok(ask.repo(repo)),
        ["branches"] => Ok(ask.branches(repo)),
        ["branches", branch @ ..] => ask.branch(repo, &branch.join("/")),
        ["rules", "branches", branch @ ..] => Ok(ask.branch_rules(repo, &branch.join("/"))),
        ["commits"] => ask.commits(repo),
        ["commits", sha, "check-runs"] => ask.check_runs(repo, sha),
        ["commits", sha, "status"] => ask.combined_status(repo, sha),
        ["commits", sha, "statuses"] | ["statuses", sha] => ask.statuses(repo, sha),
        ["commits", sha, "pulls"] => ask.pulls_of_commit(repo, sha),
        ["commits", sha @ ..] => ask.commit(repo, &sha.join("/")),
        ["compare", basehead @ ..] => ask.compare(repo, &basehead.join("/")),
        ["actions", "workflows"] => Ok(ask.workflows(repo)),
        ["actions", "workflows", key] => ask.workflow(repo, key),
        ["actions", "workflows", key, "runs"] => ask.runs(repo, Some(key)),
        ["actions", "runs"] => ask.runs(repo, None),
        ["actions", "runs", id] => ask.run(repo, id),
        ["actions", "runs", id, "jobs"] => ask.jobs(repo, id),
        ["actions", "runs", id, "artifacts"] => ask.artifacts(repo, id),
        ["check-runs", id] => ask.check_run(repo, id),
        ["check-runs", id, "annotations"] => ask.annotations(repo, id),
        ["actions", "runs", id, "attempts", attempt] => ask.attempt(repo, id, attempt),
        ["actions", "runs", id, "pending_deployments"] => ask.pending(repo, id),
        ["actions", "runs", id, "approvals"] => ask.approvals(repo, id),
        ["actions", "jobs", id] => ask.job(repo, id),
        ["actions", "jobs", id, "logs"] => ask.job_log(repo, id),
        ["environments"] => Ok(ask.environments(repo)),
        ["environments", name] => ask.environment(repo, name),
        ["environments", name, "deployment-branch-policies"] => ask.branch_policies(repo, name),
        ["environments", name, "deployment_protection_rules"] => ask.custom_rules(repo, name),
        ["deployments"] => Ok(ask.deployments(repo)),
        ["deployments", id] => ask.deployment(repo, id),
        ["deployments", id, "statuses"] => ask.deployment_statuses(repo, id),
        ["deployments", id, "statuses", status] => ask.one_status(repo, id, status),
        ["pulls"] => Ok(ask.pulls(repo)),
        ["pulls", number] => ask.pull(repo, number),
        ["pulls", number, "reviews"] => ask.reviews(repo, number),
        ["pulls", number, "merge"] => ask.is_merged(repo, number),
        ["pulls", number, "commits"] => ask.pull_commits(repo, number),
        ["pulls", number, "files"] => ask.pull_files(repo, number),
        ["issues"] => ask.issues(repo),
        ["issues", number] => ask.issue(repo, number),
        ["issues", number, "labels"] => ask.issue_labels(repo, number),
        ["contents", path @ ..] => ask.contents(repo, &path.join("/")),
        ["labels"] => Ok(ask.labels(repo)),
        ["releases"] => Ok(ask.releases(repo)),
        ["releases", "latest"] => ask.latest_release(repo),
        ["releases", "tags", tag @ ..] => ask.release_of_tag(repo, &tag.join("/")),
        ["releases", id] => ask.release(repo, id),
        ["tags"] => Ok(ask.tags(repo)),
        ["git", "ref", name @ ..] => ask.git_ref(repo, &name.join("/")),
        _ => Err(Refusal::not_found()),
    }
}

fn write(ask: &Ask<'_>, repo: &Repo, rest: &[&str]) -> Done {
    match (ask.method, rest) {
        ("POST", ["actions", "runs", id, "pending_deployments"]) => ask.review_pending(repo, id),
        ("POST", ["actions", "runs", id, "cancel"]) => ask.cancel(repo, id, false),
        ("POST", ["actions", "runs", id, "force-cancel"]) => ask.cancel(repo, id, true),
        ("POST", ["actions", "runs", id, "rerun"]) => ask.rerun(repo, id, false),
        ("POST", ["actions", "runs", id, "rerun-failed-jobs"]) => ask.rerun(repo, id, true),
        ("POST", ["actions", "jobs", id, "rerun"]) => ask.rerun_job(repo, id),
        ("POST", ["actions", "workflows", key, "dispatches"]) => ask.dispatch(repo, key),
        ("POST", ["dispatches"]) => ask.repository_dispatch(repo),
        ("POST", ["deployments"]) => ask.create_deployment(repo),
        ("POST", ["deployments", id, "statuses"]) => ask.deployment_status(repo, id),
        ("POST", ["statuses", sha]) => ask.commit_status(repo, sha),
        ("POST", ["pulls"]) => ask.open_pull(repo),
        ("PUT", ["pulls", number, "merge"]) => ask.merge_pull(repo, number),
        ("PUT", ["pulls", number, "update-branch"]) => ask.update_branch(repo, number),
        ("POST", ["merges"]) => ask.merge_branches(repo),
        ("POST" | "DELETE", ["issues", number, "labels", name @ ..])
            if number.parse().is_ok_and(|it| repo.issue(it).is_some()) =>
        {
            ask.label_issue(repo, number, name)
        }
        ("POST", ["issues"]) => ask.create_issue(repo),
        ("PATCH", ["issues", number]) => ask.update_issue(repo, number),
        ("POST", ["issues", number, "labels"]) => ask.add_labels(repo, number),
        ("DELETE", ["issues", number, "labels", name]) => ask.remove_label(repo, number, name),
        ("POST", ["releases"]) => ask.create_release(repo),
        ("POST", ["releases", "generate-notes"]) => ask.generate_notes(repo),
        ("PATCH", ["releases", id]) => ask.update_release(repo, id),
        ("POST", ["git", "refs"]) => ask.create_ref(repo),
        _ => Err(Refusal::not_found()),
    }
}

// The grant that a fine-grained token needs to read; a classic one sees all or nothing.
fn readable(ask: &Ask<'_>, rest: &[&str]) -> Result<(), Refusal> {
    let area = match rest {
        ["actions" | "environments", ..] => "actions",
        ["deployments", ..] => "deployments",
        ["issues"] | ["issues", _] => "issues",
        ["pulls" | "issues" | "labels", ..] | ["commits", _, "pulls"] => "pull_requests",
        ["commits", _, "check-runs"] | ["check-runs", ..] => "checks",
        ["commits", _, "status" | "statuses"] | ["statuses", ..] => "statuses",
        [
            "branches" | "commits" | "compare" | "contents" | "releases" | "tags" | "git",
            ..,
        ] => "contents",
        _ => "metadata",
    };
    if ask.token().grants(area, "read") || area == "metadata" {
        return Ok(());
    }
    Err(Refusal {
        accepted: Some(format!("{area}=read")),
        ..Refusal::new(403, "Resource not accessible by personal access token")
    })
}
