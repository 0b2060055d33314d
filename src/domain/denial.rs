//! Denials: what a token may not do in one repository, though its forge can and it may elsewhere.
//!
//! Two things tell: the role that the repository names whenever it is read, and a definite no to the
//! very call. What a forge lacks, or a token everywhere, lives in `capability.rs`.

use super::capability::Capability;
use super::facts::{Permission, ServiceFacts};
use super::forge_kind::ForgeKind;

/// Why a token may not do something in a repository, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub why: String,
    pub hint: String,
}

/// Reads a denial from the role that the repository named: who may only read changes nothing there.
/// Who may approve is decided by each environment, so the role alone denies no approval.
pub fn by_role(kind: ForgeKind, facts: &ServiceFacts, needs: Capability) -> Option<Denial> {
    let role = match facts.permission {
        Permission::Read => "read",
        Permission::Triage => "triage",
        Permission::Unknown | Permission::Write | Permission::Maintain | Permission::Admin => {
            return None;
        }
    };
    if !needs.changes() || needs == Capability::Approve {
        return None;
    }
    let wanted = match kind {
        ForgeKind::GitHub => "the role Write",
        ForgeKind::GitLab => "the role Developer",
        ForgeKind::Forgejo => "write access",
    };
    Some(Denial {
        why: format!(
            "{}: its user may only {role} there, and it needs {wanted}",
            may_not(facts, needs)
        ),
        hint: format!("ask somebody who runs {} for {wanted}", facts.repo),
    })
}

/// Makes a denial of a definite no: `said` and `hint` are the forge's words.
pub fn by_answer(
    kind: ForgeKind,
    facts: &ServiceFacts,
    needs: Capability,
    said: &str,
    hint: Option<&str>,
) -> Denial {
    let may_not = may_not(facts, needs);
    // Only where GitHub names what is missing: it may as well be single sign-on.
    let is_named = |area: &&str| hint.is_some_and(|hint| hint.contains(area));
    let area = area(needs).filter(|area| kind == ForgeKind::GitHub && is_named(area));
    let why = match area {
        Some(area) => format!("{may_not}: needs {area}: write"),
        None => format!("{may_not}: {said}"),
    };
    let usual = match kind {
        ForgeKind::GitHub => "give it that permission, or its user the role Write",
        ForgeKind::GitLab => "its user may lack the role, or the token the scope `api`",
        ForgeKind::Forgejo => "its user may lack write access, or the token the scope",
    };
    Denial {
        why,
        hint: format!("{}; then r asks again", hint.unwrap_or(usual)),
    }
}

/// What cannot be read of a repository, where the forge hides it from this token.
pub fn unreadable(kind: ForgeKind, facts: &ServiceFacts, needs: Capability) -> Denial {
    let hint = match (kind, needs) {
        // There is no such permission to be given to a fine-grained token.
        (ForgeKind::GitHub, Capability::Checks) => {
            "a classic token with the scope `repo` may; without it the sum of all checks is shown"
        }
        (ForgeKind::GitHub, _) => "give it the permission to read that",
        (ForgeKind::GitLab, _) => "its user needs the role Reporter, and it the scope `read_api`",
        (ForgeKind::Forgejo, _) => "it needs the scope `read:repository`",
    };
    Denial {
        why: may_not(facts, needs),
        hint: hint.to_owned(),
    }
}

fn may_not(facts: &ServiceFacts, needs: Capability) -> String {
    format!("this token may not {} in {}", needs.deed(), facts.repo)
}

/// What GitHub calls the permission of a token that an act asks for.
fn area(needs: Capability) -> Option<&'static str> {
    match needs {
        Capability::Approve | Capability::CreateDeployment => Some("deployments"),
        Capability::Dispatch | Capability::Cancel | Capability::Rerun => Some("actions"),
        Capability::MergePullRequest | Capability::PublishRelease => Some("contents"),
        Capability::SetStatus => Some("statuses"),
        Capability::DispatchDetails
        | Capability::Checks
        | Capability::Log
        | Capability::FollowLog => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::gate::fixture::World;

    fn facts() -> ServiceFacts {
        World::new(Vec::new()).known().clone()
    }

    #[test]
    fn who_may_only_read_changes_nothing_and_may_still_approve() {
        let mut facts = facts();
        for (permission, denied) in [
            (Permission::Unknown, false),
            (Permission::Read, true),
            (Permission::Triage, true),
            (Permission::Write, false),
            (Permission::Maintain, false),
            (Permission::Admin, false),
        ] {
            facts.permission = permission;
            for needs in Capability::ALL {
                let found = by_role(ForgeKind::GitHub, &facts, needs);
                let may = !needs.changes() || needs == Capability::Approve;
                assert_eq!(found.is_some(), denied && !may, "{permission:?} {needs:?}");
            }
        }
        facts.permission = Permission::Read;
        let of = |kind| by_role(kind, &facts, Capability::Dispatch).unwrap();
        assert!(of(ForgeKind::GitHub).hint.contains("Write"));
        assert!(of(ForgeKind::GitLab).hint.contains("Developer"));
        assert!(of(ForgeKind::Forgejo).hint.contains("write access"));
    }

    #[test]
    fn a_denial_names_the_deed_the_repository_and_what_is_missing() {
        let facts = facts();
        let of = |kind, hint| by_answer(kind, &facts, Capability::Dispatch, "403 Forbidden", hint);
        let github = of(ForgeKind::GitHub, Some("the token lacks: actions=write"));
        let repo = &facts.repo;
        assert_eq!(
            github.why,
            format!(
                "this token may not start a workflow or pipeline in {repo}: needs actions: write"
            )
        );
        assert_eq!(
            github.hint,
            "the token lacks: actions=write; then r asks again"
        );
        let elsewhere = of(ForgeKind::GitHub, Some("authorize it: https://sso"));
        assert!(
            elsewhere.why.ends_with(": 403 Forbidden"),
            "{}",
            elsewhere.why
        );
        assert!(elsewhere.hint.contains("https://sso"), "{}", elsewhere.hint);
        let gitlab = of(ForgeKind::GitLab, None);
        assert!(gitlab.why.ends_with(": 403 Forbidden"), "{}", gitlab.why);
        assert!(gitlab.hint.contains("`api`"), "{}", gitlab.hint);
    }
}
