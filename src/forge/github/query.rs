//! The text of batched queries: one alias `rN` a repository, everything else in variables.
//!
//! The fragments are in `assets/graphql`; their answers are read in `board.rs` and `pulse.rs`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::paths::owner_and_name;
use crate::forge::Target;

const BOARD: &str = include_str!("../../../assets/graphql/github-board.graphql");
const PULSE: &str = include_str!("../../../assets/graphql/github-pulse.graphql");
const SCOPE: &str = include_str!("../../../assets/graphql/github-scope.graphql");
const NAMED: &str = include_str!("../../../assets/graphql/github-named.graphql");
pub(super) const DISCOVER: &str = include_str!("../../../assets/graphql/github-discover.graphql");
pub(super) const VIEWER: &str = "query Viewer { viewer { login } }";

/// Deployments read of each environment: enough to find the live one behind a few failures.
const DEPLOYMENTS: usize = 10;

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
}

/// Asks for everything that the board shows of each target.
///
/// Each environment has its own list of deployments: in one list, the many of a test environment
/// would push out the few of production.
pub(super) fn board(targets: &[&Target], checks: bool) -> Query {
    let mut draft = Draft::default();
    draft.variable("checks".to_owned(), "Boolean!", checks);
    for (index, target) in targets.iter().enumerate() {
        let (head, checked) = if target.named_checks {
            let head = "...Branch target { ... on Commit { ...Named } }";
            (head, "...Checked ...Named")
        } else {
            ("...Branch", "...Checked")
        };
        draft.repository(index, target, head);
        if target.environments.is_empty() {
            let _ = write!(
                draft.roots,
                "d0: deployments(first: {}, orderBy: {{ field: CREATED_AT, direction: DESC }}) {{ nodes {{ ...Deployed }} }} ",
                2 * DEPLOYMENTS
            );
        }
        for (place, environment) in target.environments.iter().enumerate() {
            let name = format!("e{index}_{place}");
            let _ = write!(
                draft.roots,
                "d{place}: deployments(first: {DEPLOYMENTS}, environments: [${name}], orderBy: {{ field: CREATED_AT, direction: DESC }}) {{ nodes {{ ...Deployed }} }} "
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
    if targets.iter().any(|target| target.named_checks) {
        draft.finish("Board", &[BOARD, NAMED])
    } else {
        draft.finish("Board", &[BOARD])
    }
}

/// Asks for as little of each target as tells that it changed.
pub(super) fn pulse(targets: &[&Target]) -> Query {
    let mut draft = Draft::default();
    for (index, target) in targets.iter().enumerate() {
        draft.repository(index, target, "...Branch");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{EnvironmentName, RepoPath, ServiceName, Sha};

    fn target(branch: Option<&str>) -> Target {
        Target {
            service: ServiceName::from("checkout"),
            repo: RepoPath::from("acme/checkout"),
            branch: branch.map(str::to_owned),
            environments: vec![
                EnvironmentName::from("dev"),
                EnvironmentName::from("prod \"x\""),
            ],
            revisions: vec![Sha::from("ab")],
            named_checks: branch.is_some(),
        }
    }

    #[test]
    fn nothing_of_a_config_is_written_into_a_query() {
        let (a, b) = (target(None), target(Some("release/1")));
        let query = board(&[&a, &b], true);
        for outside in ["acme", "prod", "release/1", "\"ab\""] {
            assert!(!query.text.contains(outside), "{outside}");
        }
        assert_eq!(query.variables["b1"], "refs/heads/release/1");
        assert_eq!(query.variables["e1_1"], "prod \"x\"");
        assert_eq!(query.variables["s0_0"], "ab");
    }

    #[test]
    fn every_variable_that_is_declared_is_used_and_given() {
        let (a, b) = (target(None), target(Some("main")));
        for query in [
            board(&[&a, &b], false),
            board(&[&a], true),
            pulse(&[&a, &b]),
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
            let named = body.contains("...Named ");
            assert_eq!(named, body.contains("fragment Named "), "Named is defined");
            let open = query.text.matches('{').count();
            assert_eq!(open, query.text.matches('}').count());
        }
    }
}
