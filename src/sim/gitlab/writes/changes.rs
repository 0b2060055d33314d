//! Writes of merge requests, releases, tags and branches.

use serde_json::Value;

use crate::sim::{
    act::pull::NewPull,
    gitlab::{
        act::{
            change::{MergeOrder, PullChange},
            publish::ReleaseChange,
        },
        answer::not_found,
        ask::{Ask, Done},
        reads::pipelines::instant,
        shape::{self, change},
    },
    model::{Repo, State},
    rest::Answer,
};

/// Answers `merge_requests…`, `releases…` and `repository…`.
pub fn answer(ask: &Ask<'_>, repo: &Repo, rest: &[&str]) -> Done {
    let id = repo.id;
    match (ask.method, rest) {
        ("POST", ["merge_requests"]) => {
            let new = NewPull {
                title: ask.needs("title")?,
                head: ask.needs("source_branch")?,
                base: ask.needs("target_branch")?,
                body: ask.text("description").unwrap_or_default(),
                draft: false,
            };
            let labels = ask.list("labels").unwrap_or_default();
            let iid = ask.act(|it| it.open_request(ask.token(), id, new, &labels))?;
            request(ask, id, iid, 201)
        }
        ("PUT", ["merge_requests", iid]) => {
            let iid = number(iid)?;
            let change = PullChange {
                title: ask.text("title"),
                description: ask.text("description"),
                event: ask.one_of("state_event", &["close", "reopen"])?,
                labels: ask.list("labels"),
                add: ask.list("add_labels").unwrap_or_default(),
                remove: ask.list("remove_labels").unwrap_or_default(),
            };
            ask.act(|it| it.change_request(ask.token(), id, iid, change))?;
            request(ask, id, iid, 200)
        }
        ("PUT", ["merge_requests", iid, "merge"]) => {
            let iid = number(iid)?;
            let late = ask.flag("auto_merge")?;
            let late = late.or(ask.flag("merge_when_pipeline_succeeds")?);
            let order = MergeOrder {
                sha: ask.text("sha"),
                squash: ask.flag("squash")?.unwrap_or(false),
                remove_source: ask.flag("should_remove_source_branch")?.unwrap_or(false),
                auto: late.unwrap_or(false),
                message: ask
                    .text("merge_commit_message")
                    .or_else(|| ask.text("squash_commit_message")),
            };
            ask.act(|it| it.merge_request(ask.token(), id, iid, order))?;
            request(ask, id, iid, 200)
        }
        ("POST", ["merge_requests", iid, word @ ("approve" | "unapprove")]) => {
            let iid = number(iid)?;
            let sha = ask.text("sha");
            let approve = *word == "approve";
            ask.act(|it| it.approve_request(ask.token(), id, iid, sha.as_deref(), approve))?;
            let login = &ask.token().login;
            show(ask, id, 201, |state, repo| {
                Some(change::approvals(state, repo, repo.pull(iid)?, login))
            })
        }
        ("POST", ["merge_requests", iid, "notes"]) => {
            let iid = number(iid)?;
            let body = ask.needs("body")?;
            let note = ask.act(|it| it.note(ask.token(), id, iid, body))?;
            Ok(Answer::json(201, change::note(&ask.fresh(), &note)))
        }
        ("POST", ["releases"]) => {
            let tag = ask.needs("tag_name")?;
            let change = release(ask)?;
            ask.act(|it| it.release(ask.token(), id, &tag, change))?;
            show_release(ask, id, &tag, 201)
        }
        ("PUT", ["releases", tag]) => {
            let change = release(ask)?;
            ask.act(|it| it.change_release(ask.token(), id, tag, change))?;
            show_release(ask, id, tag, 200)
        }
        ("POST", ["repository", "tags"]) => {
            let (name, git_ref) = (ask.needs("tag_name")?, ask.needs("ref")?);
            ask.act(|it| it.create_tag(ask.token(), id, &name, &git_ref))?;
            show(ask, id, 201, |state, repo| {
                let found = repo.tags.iter().find(|it| it.name == name)?;
                Some(shape::tag(state, repo, found))
            })
        }
        ("POST", ["repository", "branches"]) => {
            let (name, git_ref) = (ask.needs("branch")?, ask.needs("ref")?);
            ask.act(|it| it.create_branch(ask.token(), id, &name, &git_ref))?;
            show(ask, id, 201, |state, repo| {
                let found = repo.branches.get(&name)?;
                Some(shape::branch(state, repo, found, ask.token()))
            })
        }
        _ => Err(not_found("")),
    }
}

fn number(text: &str) -> Done<u64> {
    text.parse().map_err(|_| not_found(""))
}

fn release(ask: &Ask<'_>) -> Done<ReleaseChange> {
    Ok(ReleaseChange {
        git_ref: ask.text("ref"),
        name: ask.text("name"),
        description: ask.text("description"),
        released_at: instant(ask, "released_at")?,
    })
}

fn show(
    ask: &Ask<'_>,
    id: u64,
    status: u16,
    shape: impl FnOnce(&State, &Repo) -> Option<Value>,
) -> Done {
    let state = ask.fresh();
    let shaped = state.repo_by_id(id).and_then(|repo| shape(&state, repo));
    let shaped = shaped.ok_or_else(|| not_found(""))?;
    Ok(Answer::json(status, shaped))
}

fn request(ask: &Ask<'_>, id: u64, iid: u64, status: u16) -> Done {
    show(ask, id, status, |state, repo| {
        Some(change::whole(state, repo, repo.pull(iid)?, ask.token()))
    })
}

fn show_release(ask: &Ask<'_>, id: u64, tag: &str, status: u16) -> Done {
    show(ask, id, status, |state, repo| {
        let found = repo.releases.iter().find(|it| it.tag == tag)?;
        Some(change::release(state, repo, found))
    })
}
