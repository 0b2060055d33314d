//! The text of batched queries: one alias `rN` a repository, everything else in variables.
//!
//! The fragments are in `assets/graphql`; their answers are read in `board.rs` and `pulse.rs`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::paths::owner_and_name;
use crate::domain::ids::Sha;
use crate::forge::Target;

const BOARD: &str = include_str!("../../../assets/graphql/github-board.graphql");
const PULSE: &str = include_str!("../../../assets/graphql/github-pulse.graphql");
const SCOPE: &str = include_str!("../../../assets/graphql/github-scope.graphql");
const REPORTED: &str = include_str!("../../../assets/graphql/github-reported.graphql");
const LABELLED: &str = include_str!("../../../assets/graphql/github-labelled.graphql");
const FILE: &str = include_str!("../../../assets/graphql/github-file.graphql");
const NAMED: &str = include_str!("../../../assets/graphql/github-named.graphql");
pub(super) const DISCOVER: &str = include_str!("../../../assets/graphql/github-discover.graphql");
pub(super) const VIEWER: &str = "query Viewer { viewer { login } }";

/// Deployments read of each environment: enough to find the live one behind a few failures.
const DEPLOYMENTS: usize = 10;

/// Open issues, and as many pull requests, read of each label: enough to name some, since the sum
/// comes with them.
const LABELLED_EACH: usize = 10;

/// What a pulse asks of open pull requests, unless they were counted lately: a list more.
const OPEN_CHANGES: &str = "pullRequests(states: [OPEN], first: 1, \
    orderBy: { field: UPDATED_AT, direction: DESC }) { totalCount nodes { updatedAt } } ";

/// A query's text and its variables.
pub(super) struct Query {
    pub(super) text: String,
    pub(super) variables: Value,
}

/// Collects what stands between the parentheses and the braces of a query.
#[derive(Default)]
struct Draft {
    declared: String,
    roots: String,
    variables: Map<String, Value>,
}

impl Draft {
    fn variable(&mut self, name: String, kind: &str, value: impl Into<Value>) {
        let _ = write!(self.declared, "${name}: {kind}, ");
        self.variables.insert(name, value.into());
    }

    /// GitHub refuses a query with a fragment that nothing uses, so each says which it needs.
    fn finish(self, name: &str, fragments: &[&str]) -> Query {
        let fragments = fragments.concat();
        let Self {
            declared,
            roots,
            variables,
        } = self;
        let declared = declared.trim_end_matches(", ");
        Query {
            text: format!(
                "query {name}({declared}) {{\n  rateLimit {{ cost limit remaining resetAt }}\n{roots}}}\n{fragments}"
            ),
            variables: Value::Object(variables),
        }
    }

    /// Opens the alias of a repository and asks for `head` of the head of its branch.
    fn repository(&mut self, index: usize, target: &Target, head: &str) {
        let (owner, name) = owner_and_name(&target.repo);
        self.variable(format!("o{index}"), "String!", owner);
        self.variable(format!("n{index}"), "String!", name);
        let _ = write!(
            self.roots,
            "  r{index}: repository(owner: $o{index}, name: $n{index}) {{ ...Service "
        );
        if let Some(branch) = &target.branch {
            self.variable(
                format!("b{index}"),
                "String!",
                format!("refs/heads/{branch}"),
            );
            let _ = write!(
                self.roots,
                "head: ref(qualifiedName: $b{index}) {{ {head} }} "
            );
        } else {
            let _ = write!(self.roots, "head: defaultBranchRef {{ {head} }} ");
        }
    }

    /// Asks what is open with each label: as `i0`, `i1` the issues, as `p0`, `p1` the pull requests.
    ///
    /// Each label has its own list: whether a list of several takes what has any or all of them,
    /// the forge's documentation does not say.
    fn labelled(&mut self, index: usize, target: &Target, first: usize, fields: [&str; 2]) {
        let [issues, pull_requests] = fields;
        for (place, label) in target.labels.iter().enumerate() {
            let name = format!("l{index}_{place}");
            let _ = write!(
                self.roots,
                "i{place}: issues(states: [OPEN], labels: [${name}], first: {first}) {{ {issues} }} \
                 p{place}: pullRequests(states: [OPEN], labels: [${name}], first: {first}) {{ {pull_requests} }} "
            );
            self.variable(name, "String!", label.as_str());
        }
    }
}

/// Asks for everything that the board shows of each target.
///
/// Each environment has its own list of deployments: in one list, the many of a test environment
/// would push out the few of production.
pub(super) fn board(targets: &[&Target], checks: bool) -> Query {
    let mut draft = Draft::default();
    draft.variable("checks".to_owned(), "Boolean!", checks);
    for (index, target) in targets.iter().enumerate() {
        let (head, checked) = match (target.reports, target.named_checks) {
            (true, _) => (
                "...Branch target { ... on Commit { ...Reported } }",
                "...Checked ...Reported",
            ),
            (false, true) => (
                "...Branch target { ... on Commit { ...Named } }",
                "...Checked ...Named",
            ),
            (false, false) => ("...Branch", "...Checked"),
        };
        draft.repository(index, target, head);
        let fields = ["...LabelledIssues", "...LabelledPullRequests"];
        draft.labelled(index, target, LABELLED_EACH, fields);
        if target.environments.is_empty() {
            let _ = write!(
                draft.roots,
                "d0: deployments(first: {}, orderBy: {{ field: CREATED_AT, direction: DESC }}) {{ nodes {{ ...Told }} }} ",
                2 * DEPLOYMENTS
            );
        }
        for (place, environment) in target.environments.iter().enumerate() {
            let name = format!("e{index}_{place}");
            let _ = write!(
                draft.roots,
                "d{place}: deployments(first: {DEPLOYMENTS}, environments: [${name}], orderBy: {{ field: CREATED_AT, direction: DESC }}) {{ nodes {{ ...Told }} }} "
            );
            draft.variable(name, "String!", environment.as_str());
        }
        for (place, sha) in target.revisions.iter().enumerate() {
            let name = format!("s{index}_{place}");
            let _ = write!(
                draft.roots,
                "c{place}: object(oid: ${name}) {{ ... on Commit {{ oid {checked} }} }} "
            );
            draft.variable(name, "GitObjectID!", sha.as_str());
        }
        draft.roots.push_str("}\n");
    }
    let any = |wants: fn(&Target) -> bool| targets.iter().any(|target| wants(target));
    let mut fragments = vec![BOARD];
    if any(|target| target.named_checks && !target.reports) {
        fragments.push(NAMED);
    }
    if any(|target| target.reports) {
        fragments.push(REPORTED);
    }
    if any(|target| !target.labels.is_empty()) {
        fragments.push(LABELLED);
    }
    draft.finish("Board", &fragments)
}

/// Asks for as little of each target as tells that it changed.
pub(super) fn pulse(targets: &[&Target]) -> Query {
    let mut draft = Draft::default();
    for (index, target) in targets.iter().enumerate() {
        draft.repository(index, target, "...Branch");
        if !target.brief {
            draft.roots.push_str(OPEN_CHANGES);
        }
        draft.labelled(index, target, 1, ["totalCount"; 2]);
        draft.roots.push_str("}\n");
    }
    draft.finish("Pulse", &[PULSE])
}

/// Asks which pull requests brought each of `shas`, and with `checks` for the checks of each: one by
/// one if it is true, else for their sum.
pub(super) fn scope(owner: &str, name: &str, shas: &[&str], checks: Option<bool>) -> Query {
    let mut draft = Draft::default();
    if let Some(single) = checks {
        draft.variable("checks".to_owned(), "Boolean!", single);
    }
    let named = checks.map_or("", |_| " ...Named");
    draft.variable("owner".to_owned(), "String!", owner);
    draft.variable("name".to_owned(), "String!", name);
    draft
        .roots
        .push_str("  repository(owner: $owner, name: $name) {\n");
    for (index, sha) in shas.iter().enumerate() {
        let _ = writeln!(
            draft.roots,
            "    c{index}: object(oid: $s{index}) {{ ... on Commit {{ ...Brought{named} }} }}"
        );
        draft.variable(format!("s{index}"), "GitObjectID!", *sha);
    }
    draft.roots.push_str("  }\n");
    match checks {
        Some(_) => draft.finish("Scope", &[SCOPE, NAMED]),
        None => draft.finish("Scope", &[SCOPE]),
    }
}

/// Asks for files at revisions: as `f0` the file, as `c0` the commit, so that a file that is not
/// there differs from a commit that is not.
pub(super) fn files(owner: &str, name: &str, files: &[(String, Sha)]) -> Query {
    let mut draft = Draft::default();
    draft.variable("owner".to_owned(), "String!", owner);
    draft.variable("name".to_owned(), "String!", name);
    draft
        .roots
        .push_str("  repository(owner: $owner, name: $name) { url\n");
    for (index, (path, sha)) in files.iter().enumerate() {
        let _ = writeln!(
            draft.roots,
            "    c{index}: object(oid: $s{index}) {{ ... on Commit {{ oid }} }} f{index}: object(expression: $x{index}) {{ __typename ...File }}"
        );
        draft.variable(format!("s{index}"), "GitObjectID!", sha.as_str());
        draft.variable(format!("x{index}"), "String!", format!("{sha}:{path}"));
    }
    draft.roots.push_str("  }\n");
    draft.finish("Files", &[FILE])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{EnvironmentName, RepoPath, ServiceName};

    fn target(branch: Option<&str>) -> Target {
        Target {
            service: ServiceName::from("checkout"),
            repo: RepoPath::from("acme/checkout"),
            branch: branch.map(str::to_owned),
            environments: vec![
                EnvironmentName::from("dev"),
                EnvironmentName::from("prod \"x\""),
            ],
            model: crate::domain::policy::EnvironmentModel::Native,
            jobs: std::collections::BTreeMap::new(),
            revisions: vec![Sha::from("ab")],
            named_checks: branch.is_some(),
            reports: false,
            labels: vec!["stop \"ship\"".to_owned(), "p1".to_owned()],
            payloads: false,
            brief: false,
        }
    }

    #[test]
    fn nothing_of_a_config_is_written_into_a_query() {
        let (a, b) = (target(None), target(Some("release/1")));
        let query = board(&[&a, &b], true);
        for outside in ["acme", "stop", "p1\"", "prod", "release/1", "\"ab\""] {
            assert!(!query.text.contains(outside), "{outside}");
        }
        assert_eq!(query.variables["b1"], "refs/heads/release/1");
        assert_eq!(query.variables["e1_1"], "prod \"x\"");
        assert_eq!(query.variables["s0_0"], "ab");
    }

    #[test]
    fn every_variable_that_is_declared_is_used_and_given() {
        let (a, b) = (target(None), target(Some("main")));
        let reported = Target {
            reports: true,
            ..target(Some("main"))
        };
        let mut plain = target(None);
        plain.labels.clear();
        for query in [
            board(&[&a, &b], false),
            board(&[&plain], true),
            board(&[&b, &reported], true),
            board(&[&reported], false),
            board(&[&a], true),
            pulse(&[&a, &b]),
            pulse(&[&Target {
                brief: true,
                ..a.clone()
            }]),
            files(
                "acme",
                "checkout",
                &[("a.toml".to_owned(), Sha::from("ab"))],
            ),
            scope("acme", "checkout", &["ab", "cd"], None),
            scope("acme", "checkout", &["ab", "cd"], Some(true)),
        ] {
            let (head, body) = query.text.split_once(") {\n").unwrap();
            for (name, _) in query.variables.as_object().unwrap() {
                assert!(head.contains(&format!("${name}: ")), "{name} is declared");
                let used = body.match_indices(&format!("${name}")).any(|(at, found)| {
                    !body[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                });
                assert!(used, "{name} is used");
            }
            for fragment in body.split("\nfragment ").skip(1) {
                let name = fragment.split(' ').next().unwrap();
                assert!(body.contains(&format!("...{name} ")), "{name} is used");
            }
            for fragment in ["Named", "Reported", "LabelledIssues", "File"] {
                let used = body.contains(&format!("...{fragment} "));
                let defined = body.contains(&format!("fragment {fragment} "));
                assert_eq!(used, defined, "{fragment} is defined");
            }
            let open = query.text.matches('{').count();
            assert_eq!(open, query.text.matches('}').count());
        }
    }
}
