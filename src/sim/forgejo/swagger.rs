//! `/swagger.v1.json`: which paths this version has, for clients that ask that way.

use serde_json::{Map, Value, json};

use super::Edition;
use crate::sim::rest::Answer;

const COMMON: &[(&str, &str)] = &[
    ("/version", "get"),
    ("/settings/api", "get"),
    ("/user", "get"),
    ("/user/repos", "get"),
    ("/repos/search", "get"),
    ("/repos/{owner}/{repo}", "get"),
    ("/repos/{owner}/{repo}/branches", "get post"),
    ("/repos/{owner}/{repo}/branches/{branch}", "get delete"),
    ("/repos/{owner}/{repo}/branch_protections", "get"),
    ("/repos/{owner}/{repo}/commits", "get"),
    ("/repos/{owner}/{repo}/commits/{ref}/status", "get"),
    ("/repos/{owner}/{repo}/commits/{ref}/statuses", "get"),
    ("/repos/{owner}/{repo}/commits/{sha}/pull", "get"),
    ("/repos/{owner}/{repo}/compare/{basehead}", "get"),
    ("/repos/{owner}/{repo}/contents/{filepath}", "get"),
    ("/repos/{owner}/{repo}/raw/{filepath}", "get"),
    ("/repos/{owner}/{repo}/statuses/{sha}", "get post"),
    ("/repos/{owner}/{repo}/pulls", "get post"),
    ("/repos/{owner}/{repo}/pulls/{base}/{head}", "get"),
    ("/repos/{owner}/{repo}/pulls/{index}", "get patch"),
    ("/repos/{owner}/{repo}/pulls/{index}/merge", "get post"),
    ("/repos/{owner}/{repo}/pulls/{index}/reviews", "get post"),
    ("/repos/{owner}/{repo}/pulls/{index}/update", "post"),
    ("/repos/{owner}/{repo}/releases", "get post"),
    ("/repos/{owner}/{repo}/releases/latest", "get"),
    ("/repos/{owner}/{repo}/releases/tags/{tag}", "get"),
    ("/repos/{owner}/{repo}/releases/{id}", "get patch"),
    ("/repos/{owner}/{repo}/tags", "get post"),
    ("/repos/{owner}/{repo}/tags/{tag}", "get delete"),
    ("/repos/{owner}/{repo}/labels", "get post"),
    ("/repos/{owner}/{repo}/issues", "get post"),
    ("/repos/{owner}/{repo}/issues/{index}", "get patch"),
    (
        "/repos/{owner}/{repo}/issues/{index}/labels",
        "get post put",
    ),
    ("/repos/{owner}/{repo}/actions/tasks", "get"),
];

/// The description; `root` is the folder that the server is installed in.
pub fn answer(edition: Edition, root: &str) -> Answer {
    let file = if edition.gitea() {
        "{workflow_id}"
    } else {
        "{workflowfilename}"
    };
    let own = [
        (format!("/workflows/{file}/dispatches"), "post", true),
        ("/runs".to_owned(), "get", edition.runs()),
        ("/runs/{run_id}".to_owned(), "get", edition.runs()),
        ("/runs/{run_id}/jobs".to_owned(), "get", edition.jobs()),
        (
            "/runs/{run_id}/cancel".to_owned(),
            "post",
            edition.cancels(),
        ),
        ("/runs/{run_id}/rerun".to_owned(), "post", edition.reruns()),
        ("/jobs/{job_id}/rerun".to_owned(), "post", edition.reruns()),
        ("/jobs/{job_id}".to_owned(), "get", edition.gitea()),
        ("/jobs/{job_id}/logs".to_owned(), "get", edition.jobs()),
        ("/workflows".to_owned(), "get", edition.gitea()),
        (
            "/workflows/{workflow_id}".to_owned(),
            "get",
            edition.gitea(),
        ),
    ];
    let label = if edition.gitea() { "id" } else { "identifier" };
    let label = format!("/repos/{{owner}}/{{repo}}/issues/{{index}}/labels/{{{label}}}");
    let common = COMMON
        .iter()
        .map(|(path, methods)| ((*path).to_owned(), *methods));
    let own = own
        .into_iter()
        .filter(|(.., there)| *there)
        .map(|(path, methods, _)| (format!("/repos/{{owner}}/{{repo}}/actions{path}"), methods));
    let all = common.chain(own).chain([(label, "delete")]);
    let paths: Map<String, Value> = all
        .map(|(path, methods)| {
            let methods = methods
                .split(' ')
                .map(|it| (it.to_owned(), json!({"responses": {}})));
            (path, Value::Object(methods.collect()))
        })
        .collect();
    Answer::json(
        200,
        json!({
            "swagger": "2.0",
            "info": {
                "title": if edition.gitea() { "Gitea API" } else { "Forgejo API" },
                "version": edition.version(),
            },
            "basePath": format!("{root}/api/v1"),
            "paths": paths,
        }),
    )
}
