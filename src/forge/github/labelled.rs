//! What is open with a label: issues and pull requests, from GraphQL. Which labels matter is the
//! policy's to say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::board::{Login, person};
use super::reply::{Nodes, nodes};
use crate::domain::facts::{Blocker, Labelled};
use crate::domain::text::clean;

#[derive(Deserialize)]
struct Open {
    number: u64,
    title: String,
    url: String,
    author: Option<Login>,
    labels: Option<Nodes>,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

/// Takes the lists of each label out of a repository's answer. A label of which either list is
/// missing is left out, since what is missing may be what blocks.
pub(super) fn read(
    fields: &mut Map<String, Value>,
    labels: &[String],
    gaps: &mut Vec<String>,
) -> BTreeMap<String, Labelled> {
    let mut found = BTreeMap::new();
    for (place, label) in labels.iter().enumerate() {
        let Some([issues, pull_requests]) = lists(fields, place) else {
            gaps.push(format!(
                "issues: what is open with {label} could not be read"
            ));
            continue;
        };
        let (issue_count, pull_request_count) = (issues.total_count, pull_requests.total_count);
        let mut shown = blockers(issues, false, gaps);
        shown.extend(blockers(pull_requests, true, gaps));
        let total = issue_count.zip(pull_request_count);
        let total = total.map(|(issues, pull_requests)| issues.saturating_add(pull_requests));
        let Some(total) = total else {
            gaps.push(format!("issues: how many are open with {label} is missing"));
            continue;
        };
        // A list that is longer than its own sum is believed: each of it is open.
        let total = total.max(shown.len() as u64);
        found.insert(label.clone(), Labelled { total, shown });
    }
    found
}

/// Takes out how many are open with each label, where the forge told.
pub(super) fn counts(fields: &mut Map<String, Value>, labels: &[String]) -> Vec<(String, u64)> {
    let mut counts = Vec::new();
    for (place, label) in labels.iter().enumerate() {
        let total = lists(fields, place).and_then(|[issues, pull_requests]| {
            issues.total_count?.checked_add(pull_requests.total_count?)
        });
        counts.extend(total.map(|total| (label.clone(), total)));
    }
    counts
}

/// Takes out the issues and the pull requests with the label at `place`.
fn lists(fields: &mut Map<String, Value>, place: usize) -> Option<[Nodes; 2]> {
    let mut take = |alias: String| {
        let list = fields.remove(&alias)?;
        Nodes::deserialize(list).ok()
    };
    let (issues, pull_requests) = (take(format!("i{place}")), take(format!("p{place}")));
    Some([issues?, pull_requests?])
}

fn blockers(list: Nodes, is_pull_request: bool, gaps: &mut Vec<String>) -> Vec<Blocker> {
    let mut blockers = Vec::new();
    for open in list.read::<Open>("issues", gaps) {
        blockers.push(Blocker {
            number: open.number,
            is_pull_request,
            title: clean(&open.title),
            author: open.author.as_ref().map(person),
            url: clean(&open.url),
            labels: nodes::<Label>(open.labels, "labels", gaps)
                .into_iter()
                .map(|label| clean(&label.name))
                .collect(),
        });
    }
    blockers
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(value: Value) -> Map<String, Value> {
        let Value::Object(fields) = value else {
            panic!("an object")
        };
        fields
    }

    fn open(number: u64) -> Value {
        json!({"number": number, "title": "refunds\u{202e} fail", "url": "u", "author": null,
            "labels": {"nodes": [{"name": "stop"}, null]}})
    }

    #[test]
    fn issues_and_pull_requests_are_read_by_label() {
        let mut fields = answer(json!({
            "i0": {"totalCount": 12, "nodes": [open(4), null]},
            "p0": {"totalCount": 1, "nodes": [open(5)]},
            "i1": {"totalCount": 0, "nodes": []},
            "p1": {"totalCount": 0, "nodes": []}}));
        let labels = ["stop".to_owned(), "wait".to_owned()];
        let mut gaps = Vec::new();
        let again = &mut fields.clone();
        let found = read(&mut fields, &labels, &mut gaps);
        assert_eq!(gaps, Vec::<String>::new());
        assert_eq!(found["stop"].total, 13);
        let shown: Vec<_> = found["stop"]
            .shown
            .iter()
            .map(|it| (it.number, it.is_pull_request, it.title.as_str()))
            .collect();
        let title = "refunds\u{fffd} fail";
        assert_eq!(shown, [(4, false, title), (5, true, title)]);
        assert_eq!(found["stop"].shown[0].labels, ["stop"]);
        assert_eq!(found["wait"], Labelled::default());
        assert!(fields.is_empty(), "nothing is left for the other readers");
        assert_eq!(
            counts(again, &labels),
            [("stop".to_owned(), 13), ("wait".to_owned(), 0)]
        );
    }

    #[test]
    fn a_label_whose_search_failed_in_part_is_not_known_at_all() {
        let none = json!({"totalCount": 0, "nodes": []});
        for fields in [
            json!({"i0": none}),
            json!({"i0": null, "p0": none}),
            json!({"i0": none, "p0": null}),
            json!({"i0": {"nodes": []}, "p0": none}),
            json!({}),
        ] {
            let mut gaps = Vec::new();
            let labels = ["stop".to_owned()];
            let found = read(&mut answer(fields.clone()), &labels, &mut gaps);
            assert!(found.is_empty(), "{fields}");
            assert!(!gaps.is_empty(), "{fields}");
            assert!(counts(&mut answer(fields), &labels).is_empty());
        }
    }
}
