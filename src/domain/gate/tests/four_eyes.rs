use crate::domain::gate::State;
use crate::domain::gate::fixture::{
    HEAD, World, commit, fault, person, pull_request, review, revision,
};
use crate::domain::observed::Fact;
use crate::domain::policy::{BY_HAND, GateSpec, Part, Task};
use crate::domain::scope::Relation;
use crate::domain::signoff::Voice;

fn world(parts: &[Part]) -> World {
    let mut world = World::new(vec![GateSpec::FourEyes {
        parts: parts.to_vec(),
    }]);
    // #915 is dee's: so is its commit.
    world.scoped().commits[0].author = Some(person("dee"));
    world
}

fn all() -> World {
    world(&Part::ALL)
}

fn promoted_by(mut world: World, name: &str) -> World {
    world.actor = Some(person(name));
    world
}

#[test]
fn every_verdict_explains_itself() {
    let mut own = all();
    own.scoped().pull_requests[0] = pull_request(912, "eve", &["bob"]);
    own.scoped().commits[1].author = Some(person("bob"));
    let mut cut = all();
    cut.scoped().total = 250;
    let mut signed = all();
    signed.vote("mia", "qa", Voice::Go);
    let said = [
        all(),
        signed,
        promoted_by(all(), "eve"),
        own,
        cut,
        World {
            actor: None,
            ..all()
        },
        World {
            candidate: None,
            ..all()
        },
    ];
    let said: Vec<String> = said
        .iter()
        .map(|world| world.explained("four-eyes"))
        .collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn who_wrote_or_approved_any_of_it_may_not_promote_it() {
    for (name, why) in [
        ("eve", "eve promotes, and wrote #912 and approved #915"),
        ("bob", "bob promotes, and approved #912 and #915"),
        ("Bob", "bob promotes, and approved #912 and #915"),
    ] {
        let world = promoted_by(all(), name);
        assert_eq!(world.says("four-eyes"), (State::Closed, why.into()));
    }
    assert_eq!(
        promoted_by(all(), "alice").verdict("four-eyes").state,
        State::Open
    );
}

#[test]
fn only_the_parts_that_policy_lists_are_held_apart() {
    let author = world(&[Part::Author, Part::Promoter]);
    let approver = world(&[Part::Approver, Part::Promoter]);
    assert_eq!(
        promoted_by(author.clone(), "bob")
            .verdict("four-eyes")
            .state,
        State::Open
    );
    assert_eq!(
        promoted_by(author, "eve").verdict("four-eyes").state,
        State::Closed
    );
    let mut raj = approver;
    raj.scoped().pull_requests[0].author = Some(person("raj"));
    assert_eq!(
        promoted_by(raj.clone(), "raj").verdict("four-eyes").state,
        State::Open
    );
    assert_eq!(
        promoted_by(raj, "bob").verdict("four-eyes").state,
        State::Closed
    );
    let two = world(&[Part::Author, Part::Approver]);
    assert_eq!(
        promoted_by(two, "eve").verdict("four-eyes").state,
        State::Open
    );
}

#[test]
fn nobody_may_approve_a_change_that_has_a_commit_of_theirs() {
    let mut world = all();
    world.scoped().commits[1].author = Some(person("bob"));
    assert_eq!(
        world.says("four-eyes"),
        (State::Closed, "bob wrote and approved #912".into())
    );
}

#[test]
fn two_who_approve_each_others_changes_are_four_eyes_on_each() {
    let mut world = all();
    world.scoped().pull_requests[0] = pull_request(912, "eve", &["dee"]);
    world.scoped().pull_requests[1] = pull_request(915, "dee", &["eve"]);
    assert_eq!(world.verdict("four-eyes").state, State::Open);
}

#[test]
fn whoever_wrote_any_of_it_cannot_sign_it_off() {
    let mut world = all();
    world.vote("dee", "qa", Voice::Go);
    assert_eq!(
        world.says("four-eyes"),
        (State::Closed, "dee wrote #915, and signed off as qa".into())
    );
    let mut no_go = all();
    no_go.vote("dee", "qa", Voice::NoGo);
    assert_eq!(no_go.verdict("four-eyes").state, State::Open);
}

#[test]
fn a_sign_off_that_is_void_plays_no_part() {
    let mut stale = all();
    stale.vote("dee", "qa", Voice::Go);
    for vote in stale.book().votes.values_mut() {
        vote.scope = "other".into();
    }
    assert_eq!(stale.verdict("four-eyes").state, State::Open);
    let mut left = all();
    left.vote("eve", "qa", Voice::Go);
    assert_eq!(
        left.verdict("four-eyes").state,
        State::Open,
        "eve has no such role"
    );
}

#[test]
fn a_promoter_who_signed_off_is_no_second_person() {
    let mut world = promoted_by(all(), "mia");
    assert_eq!(world.verdict("four-eyes").state, State::Open);
    world.vote("mia", "qa", Voice::Go);
    assert_eq!(
        world.says("four-eyes"),
        (State::Closed, "mia promotes, and signed off as qa".into())
    );
}

#[test]
fn a_change_that_nobody_approved_has_no_second_pair_of_eyes() {
    let mut world = all();
    world.scoped().pull_requests[0] = pull_request(912, "eve", &[]);
    assert_eq!(
        world.says("four-eyes"),
        (State::Closed, "nobody approved #912".into())
    );
    world.vote("mia", "qa", Voice::Go);
    assert_eq!(world.verdict("four-eyes").state, State::Open);
    let mut pushed = all();
    pushed.scoped().commits.push(commit('e', &[]));
    pushed.scoped().total = 3;
    assert_eq!(
        pushed.says("four-eyes"),
        (State::Closed, "nobody approved eeeeeee".into())
    );
}

#[test]
fn an_approval_that_was_taken_back_is_none() {
    let mut world = all();
    world.scoped().pull_requests[0].reviews =
        vec![review("bob", true, 50), review("bob", false, 5)];
    assert_eq!(
        world.says("four-eyes"),
        (State::Closed, "nobody approved #912".into())
    );
}

#[test]
fn bots_are_people_too() {
    let mut world = all();
    // REST and GraphQL spell a bot's name in two ways.
    world.scoped().commits[1].author = Some(person("renovate[bot]"));
    world.scoped().pull_requests[0] = pull_request(912, "renovate", &["renovate"]);
    assert_eq!(
        world.says("four-eyes"),
        (State::Closed, "renovate wrote and approved #912".into())
    );
    assert_eq!(
        promoted_by(world, "renovate[bot]")
            .verdict("four-eyes")
            .state,
        State::Closed
    );
}

#[test]
fn a_merge_that_the_forge_made_has_no_author() {
    let mut world = all();
    let mut merge = commit('e', &[912]);
    merge.author = Some(person("bob"));
    merge.is_forge_merge = true;
    world.scoped().commits.push(merge);
    world.scoped().total = 3;
    assert_eq!(world.verdict("four-eyes").state, State::Open);
    world.scoped().commits[2].is_forge_merge = false;
    assert_eq!(world.verdict("four-eyes").state, State::Closed);
}

#[test]
fn who_is_nobodys_account_may_be_anybody() {
    let mut named = all();
    named.scoped().commits[1].author = Some(person("Eve Black"));
    named.scoped().commits[1].has_account = false;
    let mut nameless = all();
    nameless.scoped().commits[1].author = None;
    let mut ghost = all();
    ghost.scoped().pull_requests[0].author = None;
    for (world, why) in [
        (named, "Eve Black, author of ddddddd, has no account"),
        (nameless, "the author of ddddddd is not known"),
        (ghost, "the author of #912 is not known"),
    ] {
        assert_eq!(world.says("four-eyes"), (State::Unknown, why.into()));
        let parts = vec![Part::Approver, Part::Promoter];
        let mut others = world;
        others.policy.nth(0).path[2].gates = vec![GateSpec::FourEyes { parts }].into();
        assert_eq!(others.verdict("four-eyes").state, State::Open);
    }
}

#[test]
fn a_scope_that_is_missing_or_cut_is_unknown() {
    let mut missing = all();
    missing.scope = None;
    let mut failed = all();
    failed.scope = Some(Fact {
        last: None,
        fault: Some(fault()),
    });
    let mut cut = all();
    cut.scoped().complete = false;
    let mut short = all();
    short.scoped().total = 250;
    let mut first = all();
    first.live = None;
    for (world, why) in [
        (missing, "the scope has not been read yet"),
        (failed, "the scope could not be read: unreachable"),
        (cut, "2 of 2 commits were read"),
        (short, "2 of 250 commits were read"),
    ] {
        assert_eq!(world.says("four-eyes"), (State::Unknown, why.into()));
    }
    let verdict = first.verdict("four-eyes");
    assert_eq!(verdict.state, State::Closed);
    let when = verdict.opens_when.expect("what helps");
    assert!(when.contains("gonogo override grant checkout"), "{when}");
}

#[test]
fn of_what_is_released_by_hand_one_person_alone_is_not_four_eyes() {
    let task = |name: &str| Task {
        name: name.to_owned(),
        text: "do it".to_owned(),
        role: None,
    };
    let mut world = all();
    let service = world.policy.nth(0);
    service.forge = BY_HAND.into();
    let mut gates = service.path[2].gates.to_vec();
    gates.push(GateSpec::Checklist {
        tasks: vec![task("backup"), task("notify")],
    });
    service.path[2].gates = gates.into();
    // Nobody keeps a list of what anybody wrote there.
    world.scope = None;
    world.attest("backup", "alice");
    world.attest("notify", "alice");
    let verdict = world.verdict("four-eyes");
    assert_eq!(
        (verdict.state, verdict.why.as_str()),
        (
            State::Closed,
            "nobody knows who wrote it, and alice alone attests, approves and promotes it"
        )
    );
    assert_eq!(verdict.who.as_deref(), Some("another operator"));
    // Nothing is live there yet: that changes nothing.
    let mut first = world.clone();
    first.live = None;
    assert_eq!(first.verdict("four-eyes").state, State::Closed);
    let mut other = world.clone();
    other.actor = Some(person("bob"));
    assert_eq!(
        other.says("four-eyes"),
        (State::Open, "alice and bob have a part in it".to_owned())
    );
    world.attest("notify", "bob");
    assert_eq!(world.verdict("four-eyes").state, State::Open);
    // What was attested for something else does not count.
    world.candidate = Some(revision(HEAD, "2.42.0"));
    assert_eq!(world.verdict("four-eyes").state, State::Closed);
}

#[test]
fn a_cut_scope_with_one_person_in_two_parts_is_closed() {
    let mut world = promoted_by(all(), "eve");
    world.scoped().complete = false;
    assert_eq!(world.verdict("four-eyes").state, State::Closed);
}

#[test]
fn nobody_knows_who_promotes() {
    let mut nobody = all();
    nobody.actor = None;
    assert_eq!(
        nobody.says("four-eyes"),
        (State::Unknown, "nobody knows who would promote".into())
    );
    nobody.policy.nth(0).path[2].gates = vec![GateSpec::FourEyes {
        parts: vec![Part::Author, Part::Approver],
    }]
    .into();
    assert_eq!(nobody.verdict("four-eyes").state, State::Open);
}

#[test]
fn without_the_journal_nobody_knows_who_signed_off() {
    let mut world = all();
    world.ledger = None;
    assert_eq!(world.verdict("four-eyes").state, State::Unknown);
}

#[test]
fn going_back_brings_nothing_that_anybody_wrote() {
    let mut world = all();
    let scope = world.scoped();
    scope.relation = Relation::Behind;
    scope.total = 0;
    scope.commits.clear();
    scope.pull_requests.clear();
    assert_eq!(world.verdict("four-eyes").state, State::Open);
}
