//! Reads of merge requests and releases.

use std::cmp::Reverse;

use super::{one, pipelines::instant};
use crate::sim::{
    gitlab::{
        answer::not_found,
        ask::{Ask, Done},
        shape::{self, change, pipeline},
        words::pull_word,
    },
    model::{Pull, Release, Repo},
    rest::Answer,
};

/// Answers what is below `merge_requests`.
pub fn answer(ask: &Ask<'_>, repo: &Repo, rest: &[&str]) -> Done {
    let state = ask.state();
    let pull = |iid: &str| {
        let found = iid.parse().ok().and_then(|iid| repo.pull(iid));
        found.ok_or_else(|| not_found(""))
    };
    match rest {
        [] => list(ask, repo),
        [iid] => Ok(Answer::json(
            200,
            change::whole(state, repo, pull(iid)?, ask.token()),
        )),
        [iid, "approvals"] => {
            let login = &ask.token().login;
            Ok(Answer::json(
                200,
                change::approvals(state, repo, pull(iid)?, login),
            ))
        }
        [iid, "approval_state"] => Ok(Answer::json(
            200,
            change::approval_state(state, repo, pull(iid)?),
        )),
        [iid, "commits"] => {
            let pull = pull(iid)?;
            let between = repo.compare(&pull.base_sha, &pull.head_sha);
            let mut all = between.map(|it| it.commits).unwrap_or_default();
            all.reverse();
            ask.paged(all, |it| shape::commit(state, repo, &it))
        }
        [iid, "pipelines"] => {
            let pull = pull(iid)?;
            let own = |it: &&std::sync::Arc<crate::sim::model::Run>| {
                it.pull == Some(pull.number) || it.head_branch.as_ref() == Some(&pull.head)
            };
            let all = repo.runs.iter().rev().filter(own);
            ask.paged(all.collect(), |it| pipeline::brief(state, repo, it))
        }
        [iid, "notes"] => {
            let number = pull(iid)?.number;
            let all = repo.gitlab.iter().flat_map(|it| &it.notes);
            let mut all: Vec<_> = all.filter(|it| it.number == number).collect();
            all.reverse();
            ask.paged(all, |it| change::note(state, it))
        }
        _ => Err(not_found("")),
    }
}

fn list(ask: &Ask<'_>, repo: &Repo) -> Done {
    let state = ask.state();
    let word = ask.one_of("state", &["opened", "closed", "locked", "merged", "all"])?;
    let (target, source) = (ask.text("target_branch"), ask.text("source_branch"));
    let labels = ask.list("labels").unwrap_or_default();
    let author = ask.text("author_username");
    let search = ask.text("search").map(|it| it.to_lowercase());
    let since = instant(ask, "updated_after")?;
    let order = ask.one_of(
        "order_by",
        &[
            "created_at",
            "label_priority",
            "milestone_due",
            "popularity",
            "priority",
            "title",
            "updated_at",
            "merged_at",
        ],
    )?;
    let mut all: Vec<&Pull> = repo
        .pulls
        .iter()
        .filter(|it| {
            let word = word.as_deref().unwrap_or("all");
            word == "all" || pull_word(it) == word
        })
        .filter(|it| target.as_ref().is_none_or(|name| it.base == *name))
        .filter(|it| source.as_ref().is_none_or(|name| it.head == *name))
        .filter(|it| labels.iter().all(|label| it.labels.contains(label)))
        .filter(|it| author.as_ref().is_none_or(|name| it.author == *name))
        .filter(|it| {
            search
                .as_ref()
                .is_none_or(|text| it.title.to_lowercase().contains(text))
        })
        .filter(|it| since.is_none_or(|since| it.updated_at >= since))
        .collect();
    match order.as_deref() {
        Some("updated_at") => all.sort_by_key(|it| (it.updated_at, it.number)),
        Some("title") => all.sort_by_key(|it| (it.title.clone(), it.number)),
        Some("merged_at") => all.sort_by_key(|it| (it.merged_at, it.number)),
        _ => all.sort_by_key(|it| (it.created_at, it.number)),
    }
    if ask.descends(true)? {
        all.reverse();
    }
    ask.paged(all, |it| change::brief(state, repo, it))
}

/// Answers what is below `releases`.
pub fn releases(ask: &Ask<'_>, repo: &Repo, rest: &[&str]) -> Done {
    let state = ask.state();
    let mut all: Vec<&Release> = repo.releases.iter().filter(|it| !it.draft).collect();
    let by = ask.one_of("order_by", &["created_at", "released_at"])?;
    match by.as_deref() {
        Some("created_at") => all.sort_by_key(|it| Reverse((it.created_at, it.id))),
        _ => all.sort_by_key(|it| Reverse((it.published_at, it.id))),
    }
    match rest {
        [] => {
            if !ask.descends(true)? {
                all.reverse();
            }
            ask.paged(all, |it| change::release(state, repo, it))
        }
        ["permalink", "latest"] => {
            let mut out = all.iter().filter(|it| it.published_at <= Some(state.now));
            let found = out.next();
            let Some(found) = found else {
                return Err(not_found(""));
            };
            let tag = crate::sim::rest::encode(&found.tag);
            let to = format!("{}/projects/{}/releases/{tag}", ask.api, repo.id);
            Ok(Answer::json(302, serde_json::json!({"message": "302 Found"})).with("location", to))
        }
        [tag] => {
            let found = all.into_iter().find(|it| it.tag == *tag);
            one("", found.map(|it| change::release(state, repo, it)))
        }
        _ => Err(not_found("")),
    }
}
