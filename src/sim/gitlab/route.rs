//! Which path leads where. Reads and writes are in `reads` and `writes`.

use super::{
    answer::{not_found, scope},
    ask::{Ask, Done},
    reads, writes,
};
use crate::sim::rest::Answer;

/// Answers a request.
pub fn answer(ask: &Ask<'_>) -> Answer {
    let reads = matches!(ask.method, "GET" | "HEAD");
    let all = ask.token().has_scope("api");
    let some = reads && ask.token().has_scope("read_api");
    if !all && !some {
        return scope(if reads { "api read_api" } else { "api" });
    }
    let done = if reads { read(ask) } else { write(ask) };
    done.unwrap_or_else(|no| no)
}

fn read(ask: &Ask<'_>) -> Done {
    let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["version"] => Ok(reads::version(ask)),
        ["metadata"] => Ok(reads::metadata(ask)),
        ["user"] => Ok(reads::user(ask)),
        ["personal_access_tokens", "self"] => Ok(reads::token(ask)),
        ["projects"] => reads::projects(ask, None),
        ["groups", group, "projects"] => reads::projects(ask, Some(group)),
        ["groups", group] => reads::group(ask, group),
        ["groups", _, "protected_environments"] => ask.paged(Vec::new(), |it: ()| {
            let () = it;
            serde_json::Value::Null
        }),
        ["projects", id, rest @ ..] => {
            let repo = ask.project(id)?;
            match rest {
                [] => Ok(reads::project(ask, repo)),
                ["members", rest @ ..] => reads::members(ask, rest),
                ["labels"] => ask.paged(repo.labels.iter().collect(), super::shape::change::label),
                ["repository", rest @ ..] => reads::repository::answer(ask, repo, rest),
                ["pipelines" | "jobs", ..] => reads::pipelines::answer(ask, repo, rest),
                [
                    "environments" | "protected_environments" | "deployments" | "freeze_periods",
                    ..,
                ] => reads::deploy::answer(ask, repo, rest),
                ["merge_requests", rest @ ..] => reads::changes::answer(ask, repo, rest),
                ["issues"] => reads::changes::issues(ask, repo),
                ["releases", rest @ ..] => reads::changes::releases(ask, repo, rest),
                _ => Err(not_found("")),
            }
        }
        _ => Err(not_found("")),
    }
}

fn write(ask: &Ask<'_>) -> Done {
    let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
    let ["projects", id, rest @ ..] = path.as_slice() else {
        return Err(not_found(""));
    };
    let repo = ask.project(id)?;
    match rest {
        ["merge_requests" | "releases" | "repository", ..] => {
            writes::changes::answer(ask, repo, rest)
        }
        _ => writes::answer(ask, repo, rest),
    }
}
