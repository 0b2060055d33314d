//! What a brake stops, how long a freeze lasts, and what follows by itself.

use super::*;

/// The ways of a promotion, each once.
fn vias() -> Vec<Via> {
    let none = BTreeMap::new();
    vec![
        Via::Approval { workflow: None },
        Via::Workflow {
            workflow: "deploy.yml".to_owned(),
            git_ref: "main".to_owned(),
            inputs: none.clone(),
        },
        Via::Deployment,
        merge("main"),
        Via::Job {
            name: "deploy".to_owned(),
        },
        Via::Pipeline {
            git_ref: "main".to_owned(),
            variables: none,
        },
        Via::Tag {
            name: "{version}".to_owned(),
        },
        Via::Status {
            context: "deploy".to_owned(),
        },
        Via::Release,
        Via::Checklist,
        Via::Forge,
    ]
}

#[test]
fn h5_only_what_the_forge_refuses_is_effective_the_rest_is_advisory_and_says_why() {
    // The table of `brake.rs`: what is there as it should be, for each way and `via`.
    let mut effective = Vec::new();
    for via in vias() {
        for way in Way::ALL {
            let mut world = World::held(&[way]).requests(vec![request(4, "main", &[])]);
            world.stage.via = via.clone();
            world.place();
            world.read(&ours());
            let bound = world.bound().unwrap();
            let proof = &bound.proofs[0];
            let cell = format!("{} by {}: {proof:?}", via.word(), way.word());
            assert!(!bound.lacks(), "{cell}");
            match proof.effect {
                Effect::Effective => effective.push((via.word(), way)),
                Effect::Advisory => assert!(proof.says.contains("; "), "{cell}"),
                Effect::Pending => panic!("{cell}"),
            }
            assert_eq!(bound.is_seen_alone(), proof.effect == Effect::Advisory);
        }
    }
    assert_eq!(
        effective,
        [("approval", Way::Reject), ("pull-request", Way::Status)]
    );
}

#[test]
fn a_freeze_that_ends_before_the_hold_is_not_effective_and_is_placed_anew() {
    let until = |minutes| Some(now() + SignedDuration::from_mins(minutes));
    let mut world = World::held(&[Way::Freeze]);
    world.holds = vec![hold(until(20))];
    world.place();
    world.read(&ours());
    assert_eq!(world.missing(), []);
    let says = |world: &World| world.bound().unwrap().proofs[0].says.clone();
    assert!(!says(&world).contains("before the hold"));
    // A longer hold joins, or the hold is made longer; at last it has no end.
    for (longer, end) in [(until(180), "21 17 21 11 *"), (None, "19 14 21 11 *")] {
        world.holds = vec![hold(longer)];
        let bound = world.bound().unwrap();
        assert_eq!(bound.effect, Effect::Advisory);
        assert!(bound.lacks(), "{bound:?}");
        assert!(says(&world).contains("ends in"), "{bound:?}");
        let acts = world.missing();
        assert!(
            matches!(&acts[..], [Act::Freeze { end: found, .. }] if found == end),
            "{acts:?}"
        );
        world.place();
        world.read(&ours());
        assert_eq!(world.missing(), [], "it lasts now");
        assert!(!world.bound().unwrap().lacks());
    }
    // A shorter one needs nothing, and the hold takes all of them with it.
    world.holds = vec![hold(until(5))];
    assert_eq!(world.missing(), []);
    world.holds.clear();
    let left = world.with(|case| leftovers(case).len());
    assert_eq!(left, 3);
}

#[test]
fn a_freeze_that_has_ended_says_so() {
    let mut world = World::held(&[Way::Freeze]);
    world.holds = vec![hold(Some(now() + SignedDuration::from_mins(20)))];
    world.place();
    world.read(&ours());
    world.holds = vec![hold(None)];
    world.now = now() + SignedDuration::from_mins(30);
    let bound = world.bound().unwrap();
    assert_eq!(bound.effect, Effect::Advisory);
    let says = &bound.proofs[0].says;
    assert!(says.contains("ended 9m ago"), "{says}");
}

#[test]
fn only_what_was_never_sent_follows_by_itself() {
    let mut world = World::held(&[Way::Status, Way::Label, Way::Freeze]);
    world.facts = Fact::observed(facts(vec![request(4, "main", &[])]), now());
    let acts = |world: &World| world.with(unsent).iter().filter_map(Mark::of).count();
    assert!(!world.with(is_carried));
    assert_eq!(acts(&world), 2, "a freeze is of no candidate");
    let why = || "403".to_owned();
    let [status, label, _] = &world.missing()[..] else {
        panic!("{:?}", world.missing());
    };
    let (status, label) = (status.clone(), label.clone());
    world.sent(Purpose::Brake, status, vec![taken(None)]);
    world.sent(
        Purpose::Brake,
        label.clone(),
        vec![Step::Rejected { why: why() }],
    );
    assert!(world.with(is_carried));
    assert_eq!(
        acts(&world),
        0,
        "what was refused is a person's to send again"
    );
    world.facts = Fact::observed(
        facts(vec![request(4, "main", &[]), request(5, "main", &[])]),
        now(),
    );
    assert_eq!(acts(&world), 1, "a new one is labelled");
    // Nothing of this one was sent.
    let id = IntentId::from("k-given-up");
    world.sent_as(
        id,
        Purpose::Brake,
        label,
        vec![Step::Abandoned { why: why() }],
        false,
    );
    assert_eq!(acts(&world), 2);
}
