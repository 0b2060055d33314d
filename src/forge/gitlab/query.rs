//! The texts of GitLab's batched queries, less what an old server lacks.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::domain::ids::EnvironmentName;

const BOARD: &str = include_str!("../../../assets/graphql/gitlab-board.graphql");
const PULSE: &str = include_str!("../../../assets/graphql/gitlab-pulse.graphql");
const ENVIRONMENTS: &str = include_str!("../../../assets/graphql/gitlab-envs.graphql");

/// Environments in one query of 50 projects: each weighs about 42 of the 250 that a query may.
pub(super) const MOST_ENVIRONMENTS: usize = 5;

/// What asks whether a server has the fields that can be left out.
pub(super) const SHAPE: &str = "query GlShape {\n  \
    Project: __type(name: \"Project\") { ...Names }\n  \
    ProjectPermissions: __type(name: \"ProjectPermissions\") { ...Names }\n  \
    MergeRequest: __type(name: \"MergeRequest\") { ...Names }\n  \
    Deployment: __type(name: \"Deployment\") { ...Names }\n  \
    DeploymentStatus: __type(name: \"DeploymentStatus\") { ...Names }\n}\n\
    fragment Names on __Type { fields { name } enumValues { name } }\n";

pub(super) fn board(lacking: &BTreeSet<String>) -> String {
    without(BOARD, lacking)
}

pub(super) fn pulse(lacking: &BTreeSet<String>) -> String {
    without(PULSE, lacking)
}

/// Asks for the newest deployments of some environments: one alias each, since
/// `Project.environments` is answered for one project of a query alone.
pub(super) fn environments(names: &[EnvironmentName], lacking: &BTreeSet<String>) -> String {
    let mut text = "query GlEnvs($paths: [String!]!".to_owned();
    for place in 0..names.len() {
        let _ = write!(text, ", $e{place}: String!");
    }
    text.push_str(
        ") {\n  queryComplexity { score limit }\n  projects(fullPaths: $paths, first: 50) { nodes {\n    id fullPath\n",
    );
    for place in 0..names.len() {
        let _ = writeln!(
            text,
            "    e{place}: environment(name: $e{place}) {{ ...Env }}"
        );
    }
    text.push_str("  } }\n}\n");
    text.push_str(&without(ENVIRONMENTS, lacking));
    text
}

/// All that can be left out, as `Type.name`.
pub(super) fn optional() -> BTreeSet<String> {
    [BOARD, PULSE, ENVIRONMENTS]
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split_once(" # "))
        .flat_map(|(_, what)| what.split_whitespace())
        .map(str::to_owned)
        .collect()
}

/// Leaves out the lines that are marked with what is lacking, and every mark. A line within another
/// that can be left out has that one's mark too.
fn without(text: &str, lacking: &BTreeSet<String>) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        match line.split_once(" # ") {
            Some((_, what)) if what.split_whitespace().any(|it| lacking.contains(it)) => {}
            Some((line, _)) => {
                kept.push_str(line);
                kept.push('\n');
            }
            None => {
                kept.push_str(line);
                kept.push('\n');
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_lacks_is_left_out_and_the_rest_is_whole() {
        let names = [EnvironmentName::from("prod"), EnvironmentName::from("dev")];
        let all = optional();
        assert!(all.contains("MergeRequest.approvalsLeft"), "{all:?}");
        let alone = all.iter().map(|it| BTreeSet::from([it.clone()]));
        for lacking in alone.chain([BTreeSet::new(), all.clone()]) {
            for text in [
                board(&lacking),
                pulse(&lacking),
                environments(&names, &lacking),
            ] {
                assert_eq!(
                    text.matches('{').count(),
                    text.matches('}').count(),
                    "{text}"
                );
                assert_eq!(text.matches('(').count(), text.matches(')').count());
                assert!(!text.contains('#') && text.len() < 10_000, "{text}");
                assert!(!text.contains("prod"), "names are variables");
            }
        }
        assert!(board(&BTreeSet::new()).contains("approvalsLeft"));
        assert!(!board(&all).contains("approvalsLeft"));
        assert!(environments(&names, &BTreeSet::new()).contains("BLOCKED"));
        assert!(!environments(&names, &all).contains("BLOCKED"));
        let unblocked = BTreeSet::from(["DeploymentStatus.BLOCKED".to_owned()]);
        let within = "pendingApprovalCount";
        assert!(!environments(&names, &unblocked).contains(within));
    }
}
