//! The shapes, held against an excerpt of Forgejo's own description (17.0-dev): every key that it
//! names is there, and of its type.

use serde_json::{Value, json};

use super::Lab;

const DESCRIPTION: &str = include_str!("forgejo-rest-min.json");

/// Keys that the server leaves out when they are empty.
const OMITTED: [&str; 6] = [
    "external_tracker",
    "external_wiki",
    "default_update_style",
    "globally_editable_wiki",
    "has_wiki_contents",
    "wiki_branch",
];

fn fits(spec: &Value, it: &Value, at: &str, faults: &mut Vec<String>) {
    if it.is_null() {
        return;
    }
    let good = match spec {
        Value::String(kind) => match kind.as_str() {
            "string" => it.is_string(),
            "integer" => it.is_i64() || it.is_u64(),
            "boolean" => it.is_boolean(),
            "object" => it.is_object(),
            kind => kind.strip_prefix("enum:").is_none_or(|words| {
                it.as_str()
                    .is_some_and(|it| words.split('|').any(|word| word == it))
            }),
        },
        Value::Array(items) => it.as_array().is_some_and(|list| {
            for (index, it) in list.iter().enumerate() {
                fits(&items[0], it, &format!("{at}[{index}]"), faults);
            }
            true
        }),
        Value::Object(keys) => it.as_object().is_some_and(|map| {
            for (key, spec) in keys {
                let key = key.trim_end_matches('?');
                match map.get(key) {
                    Some(it) => fits(spec, it, &format!("{at}.{key}"), faults),
                    None if OMITTED.contains(&key) => {}
                    None => faults.push(format!("{at}.{key} is not there")),
                }
            }
            true
        }),
        _ => false,
    };
    if !good {
        faults.push(format!("{at} is {it}, not {spec}"));
    }
}

#[test]
fn every_answer_has_the_keys_that_the_server_describes() {
    let lab = Lab::version("17.0.0");
    let pull = lab.open("harbour", "topic/twice");
    let state = lab.state();
    let repo = state.repo("tide", "harbour").expect("a repository");
    let run = repo.runs.last().expect("a run").id;
    let sha = repo.resolve("v3.2.0").expect("a tag").sha.clone();
    let release = lab.post(
        "/repos/tide/harbour/releases",
        &json!({"tag_name": "v9", "draft": true}),
    );
    let release = release.body.expect("a release")["id"].clone();
    let description: Value = serde_json::from_str(DESCRIPTION).expect("it reads");
    let mut faults = Vec::new();
    let mut asked = 0;
    for it in description["operations"].as_array().expect("operations") {
        let text = |key: &str| it[key].as_str().unwrap_or_default();
        let shape = ["200", "201"].iter().map(|code| &it["responses"][code]);
        let Some(shape) = shape.into_iter().find(|it| it.is_object() || it.is_array()) else {
            continue;
        };
        let fill = [
            ("{owner}", "tide"),
            ("{repo}", "harbour"),
            ("{branch}", "main"),
            ("{ref}", "v3.2.0"),
            ("{sha}", sha.as_str()),
            ("{basehead}", "v3.1.1...v3.2.0"),
            ("{tag}", "v3.2.0"),
            ("{workflowfilename}", "deploy.yml"),
        ];
        let path = fill
            .iter()
            .fold(text("path").to_owned(), |path, (key, value)| {
                path.replace(key, value)
            });
        let path = path.replace("{run_id}", &run.to_string());
        let path = path
            .replace("{index}", &pull.to_string())
            .replace("{id}", &release.to_string());
        let body = match text("op") {
            "repoCreateStatus" => json!({"state": "success", "context": "hold/production"}),
            "DispatchWorkflow" => json!({
                "ref": "main", "return_run_info": true,
                "inputs": {"environment": "production", "revision": "v3.2.0"},
            }),
            "repoCreatePullRequest" => {
                json!({"title": "Back", "head": "main", "base": "topic/twice"})
            }
            "repoCreateRelease" => json!({"tag_name": "v10"}),
            "repoEditRelease" => json!({"body": "More."}),
            "repoCreateTag" => json!({"tag_name": "v11"}),
            "issueAddLabel" => json!({"labels": ["hold"]}),
            _ => Value::Null,
        };
        let answer = lab.ask("admin", text("method"), &path, &body);
        assert!(
            matches!(answer.status, 200 | 201),
            "{} {path}: {answer:?}",
            text("op")
        );
        let answer = answer.body.expect("a body");
        assert!(
            answer.as_array().is_none_or(|it| !it.is_empty()),
            "{} is empty",
            text("op")
        );
        fits(shape, &answer, text("op"), &mut faults);
        asked += 1;
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(asked >= 27, "{asked}");
}
