use crate::domain::brake::Brakes;
use crate::domain::gate::State;
use crate::domain::gate::fixture::{World, commit, fault, pull_request, review, sha};
use crate::domain::observed::Fact;
use crate::domain::override_::OverrideRule;
use crate::domain::policy::{COUNTDOWN, Environment, GateSpec, Mode};
use crate::domain::risk::RiskRule;

fn world(approvals: u32, own: bool) -> World {
    World::new(vec![GateSpec::Review { approvals, own }])
}

#[test]
fn enough_approvals_on_every_change_open() {
    assert_eq!(
        world(2, false).says("review"),
        (
            State::Open,
            "2 pull requests have 2 approvals or more, by bob, dee and eve".into()
        )
    );
}

#[test]
fn one_change_with_too_few_closes() {
    let mut world = world(2, false);
    world.scoped().pull_requests[1] = pull_request(915, "dee", &["bob"]);
    let verdict = world.verdict("review");
    assert_eq!(
        (verdict.state, verdict.why.as_str()),
        (State::Closed, "#915 has 1 of 2 approvals")
    );
    assert!(
        verdict
            .evidence
            .iter()
            .any(|evidence| evidence.what == "#915"
                && evidence.value == "1 of 2: bob"
                && evidence.url.is_some())
    );
}

#[test]
fn an_authors_own_approval_counts_only_where_policy_lets_it() {
    let own = |own| {
        let mut world = world(1, own);
        world.scoped().pull_requests[0] = pull_request(912, "eve", &["eve"]);
        world.says("review")
    };
    assert_eq!(
        own(false),
        (
            State::Closed,
            "#912 has 0 of 1 approvals but its author's own".into()
        )
    );
    assert_eq!(own(true).0, State::Open);
}

#[test]
fn who_approved_is_told_and_whose_own_approval_is_not_counted() {
    let mut world = world(1, false);
    let requests = &mut world.scoped().pull_requests;
    requests[0] = pull_request(912, "eve", &["eve", "bob"]);
    requests[1] = pull_request(915, "dee", &["ann"]);
    let why = "2 pull requests are approved, by ann and bob (author eve not counted)";
    assert_eq!(world.says("review"), (State::Open, why.into()));
}

#[test]
fn of_many_who_approved_is_told_how_many_they_are() {
    let mut world = world(1, false);
    let all = ["ann", "bob", "cas", "dan", "fay"];
    world.scoped().pull_requests[0] = pull_request(912, "eve", &all);
    let why = world.says("review").1;
    assert!(
        why.starts_with("2 pull requests are approved, by 6 people"),
        "{why}"
    );
}

#[test]
fn the_latest_opinion_of_each_reviewer_counts() {
    let mut world = world(1, false);
    // Newer first, to show that the order of the list does not decide.
    world.scoped().pull_requests[0].reviews =
        vec![review("bob", false, 5), review("bob", true, 50)];
    assert_eq!(
        world.says("review"),
        (State::Closed, "bob asked for changes in #912".into())
    );
    world.scoped().pull_requests[0].reviews =
        vec![review("bob", true, 5), review("bob", false, 50)];
    assert_eq!(world.verdict("review").state, State::Open);
}

#[test]
fn a_person_is_counted_once() {
    let mut world = world(2, false);
    world.scoped().pull_requests[0].reviews = vec![review("bob", true, 5), review("bob", true, 50)];
    assert_eq!(world.verdict("review").state, State::Closed);
}

#[test]
fn asked_changes_close_even_with_enough_approvals_or_none_required() {
    for approvals in [0, 1] {
        let mut world = world(approvals, false);
        let mut reviews = vec![review("bob", true, 5), review("dee", false, 5)];
        world.scoped().pull_requests[0].reviews.append(&mut reviews);
        assert_eq!(world.verdict("review").state, State::Closed);
    }
}

#[test]
fn a_commit_without_a_pull_request_is_unreviewed() {
    let pushed = |approvals| {
        let mut world = world(approvals, false);
        world.scoped().commits.push(commit('e', &[]));
        world.scoped().total = 3;
        world.says("review")
    };
    assert_eq!(
        pushed(1),
        (State::Closed, "no pull request brought eeeeeee".into())
    );
    assert_eq!(pushed(0).0, State::Open);
}

#[test]
fn a_commit_whose_pull_request_was_not_read_is_unreviewed() {
    let mut world = world(1, false);
    world.scoped().commits[0] = commit('b', &[999]);
    assert_eq!(world.verdict("review").state, State::Closed);
}

#[test]
fn a_scope_that_is_missing_or_cut_or_of_other_revisions_is_unknown() {
    let mut missing = world(1, false);
    missing.scope = None;
    let mut failed = world(1, false);
    failed.scope = Some(Fact {
        last: None,
        fault: Some(fault()),
    });
    let mut cut = world(1, false);
    cut.scoped().complete = false;
    let mut short = world(1, false);
    short.scoped().total = 250;
    let mut other = world(1, false);
    other.scoped().head = sha('c');
    let mut first = world(1, false);
    first.live = None;
    for (world, why) in [
        (missing, "the scope has not been read yet"),
        (failed, "the scope could not be read: unreachable"),
        (cut, "2 of 2 commits were read"),
        (short, "2 of 250 commits were read"),
        (other, "the scope has not been read yet"),
    ] {
        assert_eq!(world.says("review"), (State::Unknown, why.into()));
    }
    // No reading will ever help.
    let verdict = first.verdict("review");
    assert_eq!(verdict.state, State::Closed);
    assert_eq!(
        verdict.why,
        "nothing was ever live in production, so nobody can list what this first promotion changes"
    );
    assert_eq!(
        verdict.opens_when.as_deref(),
        Some(
            "somebody answers for all of it, once: gonogo override grant checkout --to production \
             --gate review --reason …"
        )
    );
    assert_eq!(verdict.who.as_deref(), Some("any operator"));
}

#[test]
fn where_nobody_may_override_it_a_first_promotion_says_so() {
    let mut world = world(1, false);
    world.live = None;
    let overrides = OverrideRule {
        never: vec!["review".to_owned()],
        ..OverrideRule::default()
    };
    let production = Environment {
        name: world.environment.clone(),
        tier: "regulated".to_owned(),
        protected: true,
        mode: Mode::Confirm,
        overrides,
        risk: RiskRule::default(),
        countdown: COUNTDOWN,
        verification: None,
        brakes: Brakes::default(),
    };
    let name = production.name.clone();
    world.policy.environments.insert(name, production);
    let verdict = world.verdict("review");
    let when = verdict.opens_when.expect("what helps");
    assert!(
        when.contains("the policy lets somebody override review"),
        "{when}"
    );
    assert_eq!(verdict.who, None);
}

#[test]
fn a_cut_scope_with_trouble_in_what_was_read_is_closed() {
    let mut world = world(2, false);
    world.scoped().complete = false;
    world.scoped().pull_requests[1] = pull_request(915, "dee", &[]);
    assert_eq!(world.verdict("review").state, State::Closed);
}

#[test]
fn a_scope_read_long_ago_still_counts_while_the_facts_are_fresh() {
    let world = world(2, false);
    let verdict = world.verdict("review");
    assert_eq!(verdict.state, State::Open);
    assert_eq!(verdict.valid_until, world.case().valid_until());
}
