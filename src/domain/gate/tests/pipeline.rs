use crate::domain::act::{Act, StatusState};
use crate::domain::gate::State;
use crate::domain::gate::fixture::{LIVE, WANTED, World, ago, check, checks, run, sha};
use crate::domain::gate::pipeline::only_holds_failed;
use crate::domain::phase::Phase;
use crate::domain::pipeline::Check;
use crate::domain::policy::{GateSpec, PipelineRule};
use crate::domain::promotion::Step;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn world(rule: PipelineRule, contexts: Vec<Check>) -> World {
    let mut world = World::new(vec![GateSpec::Pipeline(rule)]);
    world.checks().contexts = contexts;
    world
}

/// Judges one more check beside two green ones.
fn with(rule: PipelineRule, name: &str, phase: Phase) -> (State, String) {
    let contexts = vec![
        check("build", Phase::Succeeded),
        check("unit", Phase::Succeeded),
        check(name, phase),
    ];
    world(rule, contexts).says("pipeline")
}

#[test]
fn all_green_opens() {
    assert_eq!(
        with(PipelineRule::default(), "e2e", Phase::Succeeded),
        (State::Open, "3 of 3 checks succeeded".into())
    );
}

#[test]
fn a_check_that_no_list_names_is_required() {
    let rule = PipelineRule::default;
    let cases = [
        (Phase::Failed, State::Closed, "e2e failed"),
        (Phase::Cancelled, State::Closed, "e2e was cancelled"),
        (Phase::Running, State::Waiting, "e2e is running"),
        (Phase::Queued, State::Waiting, "e2e is queued"),
        (
            Phase::Unknown("odd".into()),
            State::Unknown,
            "e2e is \"odd\"",
        ),
        (Phase::Skipped, State::Open, "3 of 3 checks succeeded"),
    ];
    for (phase, state, why) in cases {
        assert_eq!(with(rule(), "e2e", phase), (state, why.into()));
    }
}

#[test]
fn a_red_check_outweighs_one_that_still_runs() {
    let contexts = vec![check("unit", Phase::Running), check("e2e", Phase::Failed)];
    let world = world(PipelineRule::default(), contexts);
    assert_eq!(world.says("pipeline"), (State::Closed, "e2e failed".into()));
}

#[test]
fn optional_and_ignored_checks_do_not_decide_but_are_shown() {
    for (rule, note) in [
        (
            PipelineRule {
                optional: names(&["e2e"]),
                ..PipelineRule::default()
            },
            "failed (optional)",
        ),
        (
            PipelineRule {
                ignored: names(&["e2e"]),
                ..PipelineRule::default()
            },
            "failed (ignored)",
        ),
    ] {
        let contexts = vec![
            check("build", Phase::Succeeded),
            check("e2e", Phase::Failed),
        ];
        let verdict = world(rule, contexts).verdict("pipeline");
        assert_eq!(verdict.state, State::Open);
        assert!(
            verdict
                .evidence
                .iter()
                .any(|evidence| evidence.value == note)
        );
    }
}

#[test]
fn nothing_but_ignored_checks_is_silence() {
    let rule = PipelineRule {
        ignored: names(&["lint"]),
        ..PipelineRule::default()
    };
    let contexts = vec![check("lint", Phase::Succeeded)];
    assert_eq!(
        world(rule, contexts).verdict("pipeline").state,
        State::Unknown
    );
}

#[test]
fn a_named_check_must_exist_and_succeed() {
    let rule = || PipelineRule {
        required: names(&["e2e"]),
        ..PipelineRule::default()
    };
    assert_eq!(with(rule(), "e2e", Phase::Succeeded).0, State::Open);
    assert_eq!(
        with(rule(), "e2e", Phase::Skipped),
        (State::Closed, "e2e was skipped".into())
    );
    assert_eq!(
        with(rule(), "lint", Phase::Succeeded),
        (State::Unknown, "no sign of e2e".into())
    );
    assert_eq!(with(rule(), "e2e", Phase::Gated).0, State::Waiting);
}

#[test]
fn the_newest_attempt_of_a_context_decides() {
    let attempt = |phase, minutes: i64| Check {
        completed_at: Some(ago(minutes)),
        ..check("e2e", phase)
    };
    let rule = PipelineRule::default;
    let now_green = vec![attempt(Phase::Failed, 50), attempt(Phase::Succeeded, 5)];
    assert_eq!(
        world(rule(), now_green).verdict("pipeline").state,
        State::Open
    );
    let now_red = vec![attempt(Phase::Failed, 5), attempt(Phase::Succeeded, 50)];
    assert_eq!(
        world(rule(), now_red).verdict("pipeline").state,
        State::Closed
    );
    let again = vec![check("e2e", Phase::Running), attempt(Phase::Succeeded, 5)];
    assert_eq!(
        world(rule(), again).verdict("pipeline").state,
        State::Waiting
    );
}

#[test]
fn a_job_that_waits_to_be_let_in_does_not_wait_for_itself() {
    assert_eq!(
        with(PipelineRule::default(), "deploy", Phase::Gated),
        (State::Open, "2 of 2 checks succeeded".into())
    );
}

#[test]
fn no_checks_never_open() {
    let mut none = world(PipelineRule::default(), Vec::new());
    none.checks().phase = None;
    none.checks().total = 0;
    assert_eq!(none.says("pipeline"), (State::Unknown, "no checks".into()));
    none.known().checks.clear();
    assert_eq!(
        none.says("pipeline"),
        (State::Unknown, "the checks of 2.41.0 are not known".into())
    );
}

#[test]
fn where_only_counts_are_known_the_roll_up_decides() {
    let counted = |phase, failed, pending| {
        let mut world = world(PipelineRule::default(), Vec::new());
        world.known().runs.clear();
        let checks = world.checks();
        checks.phase = Some(phase);
        (checks.failed, checks.pending) = (failed, pending);
        checks.succeeded = 3 - failed - pending;
        world.says("pipeline")
    };
    assert_eq!(
        counted(Phase::Succeeded, 0, 0),
        (State::Open, "3 of 3 checks succeeded".into())
    );
    assert_eq!(
        counted(Phase::Failed, 1, 0),
        (State::Closed, "1 of 3 checks failed".into())
    );
    assert_eq!(
        counted(Phase::Running, 0, 2),
        (State::Waiting, "2 of 3 checks are not done".into())
    );
    assert_eq!(counted(Phase::Succeeded, 1, 0).0, State::Unknown);
}

#[test]
fn where_only_counts_are_known_a_named_check_cannot_be_seen() {
    let rule = PipelineRule {
        required: names(&["e2e"]),
        ..PipelineRule::default()
    };
    assert_eq!(
        world(rule, Vec::new()).says("pipeline"),
        (
            State::Unknown,
            "the forge names no checks, so no sign of e2e".into()
        )
    );
}

#[test]
fn where_only_counts_are_known_a_run_that_waits_to_be_let_in_is_not_waited_for() {
    let mut world = world(PipelineRule::default(), Vec::new());
    let checks = world.checks();
    checks.phase = Some(Phase::Running);
    (checks.succeeded, checks.pending) = (2, 1);
    assert_eq!(world.verdict("pipeline").state, State::Open);
    // Two unfinished checks and one waiting job: one of the two is something else.
    world.checks().pending = 2;
    assert_eq!(world.verdict("pipeline").state, State::Waiting);
    world.checks().pending = 1;
    let mut other = run(9000, WANTED, "production");
    other.phase = Phase::Running;
    other.waiting.clear();
    world.known().runs.push(other);
    assert_eq!(world.verdict("pipeline").state, State::Waiting);
}

fn blocking() -> PipelineRule {
    PipelineRule {
        blocking: names(&["migration"]),
        ..PipelineRule::default()
    }
}

/// Judges `migration` on the commit between what is live and what is wanted.
fn between(phase: Phase) -> (State, String) {
    let mut world = World::new(vec![GateSpec::Pipeline(blocking())]);
    let found = world.scoped().commits[1].checks.as_mut().unwrap();
    found.contexts.push(check("migration", phase));
    world.says("pipeline")
}

#[test]
fn a_blocking_check_that_is_red_on_any_commit_in_scope_closes() {
    let open = (State::Open, "3 of 3 checks succeeded".to_owned());
    for (phase, said) in [
        (Phase::Succeeded, open.clone()),
        (
            Phase::Failed,
            (State::Closed, "migration is red on ddddddd".to_owned()),
        ),
        (
            Phase::Running,
            (
                State::Waiting,
                "migration is not done on ddddddd".to_owned(),
            ),
        ),
        (
            Phase::Unknown("odd".into()),
            (State::Unknown, "migration is \"odd\" on ddddddd".to_owned()),
        ),
        (Phase::Cancelled, open.clone()),
        (Phase::Skipped, open.clone()),
        (Phase::Gated, open),
    ] {
        assert_eq!(between(phase), said);
    }
}

#[test]
fn another_check_that_is_red_in_between_has_been_mended_since() {
    let mut world = World::new(vec![GateSpec::Pipeline(blocking())]);
    let found = world.scoped().commits[1].checks.as_mut().unwrap();
    found.contexts[0].phase = Phase::Failed;
    assert_eq!(world.verdict("pipeline").state, State::Open);
}

#[test]
fn the_facts_know_the_checks_of_a_commit_better_than_an_older_scope() {
    let mut world = World::new(vec![GateSpec::Pipeline(blocking())]);
    let mut again = checks('d', &["migration"]);
    again.contexts[0].phase = Phase::Failed;
    world.scoped().commits[1].checks = Some(again.clone());
    assert_eq!(world.verdict("pipeline").state, State::Closed);
    again.contexts[0].phase = Phase::Succeeded;
    world.known().checks.insert(sha('d'), again);
    assert_eq!(world.verdict("pipeline").state, State::Open);
}

#[test]
fn a_commit_whose_checks_are_not_known_keeps_a_blocking_rule_from_opening() {
    let mut world = World::new(vec![GateSpec::Pipeline(blocking())]);
    world.scoped().commits[1].checks = None;
    assert_eq!(
        world.says("pipeline"),
        (
            State::Unknown,
            "the checks of 1 of 2 commits in scope are not known".into()
        )
    );
    let sum = |phase: Option<Phase>| {
        let mut world = World::new(vec![GateSpec::Pipeline(blocking())]);
        let mut found = checks('d', &[]);
        found.phase = phase;
        world.scoped().commits[1].checks = Some(found);
        world.says("pipeline")
    };
    let (state, why) = sum(Some(Phase::Failed));
    assert_eq!(state, State::Unknown);
    assert!(why.ends_with("so no sign of migration"), "{why}");
    assert_eq!(sum(Some(Phase::Succeeded)).0, State::Open);
    assert_eq!(sum(None).0, State::Open, "a commit without checks");
}

#[test]
fn where_only_counts_are_known_a_check_that_does_not_count_may_be_the_red_one() {
    let counted = |rule, phase, failed, pending| {
        let mut world = world(rule, Vec::new());
        world.known().runs.clear();
        let checks = world.checks();
        checks.phase = Some(phase);
        (checks.failed, checks.pending) = (failed, pending);
        checks.succeeded = 3 - failed - pending;
        world.says("pipeline")
    };
    let rule = || PipelineRule {
        ignored: names(&["hold/production"]),
        ..PipelineRule::default()
    };
    let (state, why) = counted(rule(), Phase::Failed, 1, 0);
    assert_eq!(state, State::Unknown);
    assert!(
        why.starts_with("1 of 3 checks failed, and the forge"),
        "{why}"
    );
    assert_eq!(counted(rule(), Phase::Running, 0, 1).0, State::Unknown);
    assert_eq!(counted(rule(), Phase::Succeeded, 0, 0).0, State::Open);
}

#[test]
fn a_blocking_check_that_is_red_before_the_last_deployment_does_not_count() {
    let mut world = World::new(vec![GateSpec::Pipeline(blocking())]);
    let mut old = checks(LIVE, &["migration"]);
    old.contexts[0].phase = Phase::Failed;
    world.known().checks.insert(sha(LIVE), old);
    assert_eq!(world.verdict("pipeline").state, State::Open);
}

#[test]
fn blocking_checks_need_a_known_scope() {
    let mut world = World::new(vec![GateSpec::Pipeline(blocking())]);
    world.scoped().complete = false;
    assert_eq!(world.verdict("pipeline").state, State::Unknown);
    world.scope = None;
    assert_eq!(
        world.says("pipeline"),
        (State::Unknown, "the scope has not been read yet".into())
    );
    let no_blocking = World {
        scope: None,
        ..World::new(vec![GateSpec::Pipeline(PipelineRule::default())])
    };
    assert_eq!(no_blocking.verdict("pipeline").state, State::Open);
}

/// What stands among the checks of the revision while production is held.
fn held(context: &str, phase: Phase) -> World {
    let contexts = vec![check("build", Phase::Succeeded), check(context, phase)];
    world(PipelineRule::default(), contexts)
}

fn status(context: &str) -> Act {
    Act::SetStatus {
        sha: sha(WANTED),
        context: context.to_owned(),
        state: StatusState::Failure,
        description: "held by carol".to_owned(),
        target_url: None,
    }
}

#[test]
fn what_a_hold_of_ours_leaves_among_the_checks_is_no_check() {
    let open = (State::Open, "1 of 1 checks succeeded".into());
    let mut ours = held("hold/production", Phase::Failed);
    ours.brake("production", status("hold/production"));
    assert_eq!(ours.says("pipeline"), open);
    let lifted = held("hold/production", Phase::Succeeded);
    assert_eq!(lifted.says("pipeline"), open);
    let elsewhere = held("hold/staging", Phase::Failed);
    assert_eq!(elsewhere.says("pipeline"), open);
}

#[test]
fn what_somebody_else_holds_is_a_red_check() {
    let closed = |context: &str| (State::Closed, format!("{context} failed"));
    let elsewhere = || {
        let why = "hold/production is red: somebody holds it, and not in this journal";
        (State::Closed, why.to_owned())
    };
    let theirs = held("hold/production", Phase::Failed);
    assert_eq!(theirs.says("pipeline"), elsewhere());
    let verdict = theirs.verdict("pipeline");
    let who = verdict.opens_when.as_deref().unwrap();
    assert!(who.contains("whoever holds it"), "{who}");
    let nowhere = held("hold/moon", Phase::Failed);
    assert_eq!(nowhere.says("pipeline"), closed("hold/moon"));
    // Ours was refused, so that what is there is not ours.
    let mut refused = held("hold/production", Phase::Failed);
    let why = "403".to_owned();
    let outcome = Step::Rejected { why };
    refused.braked("production", status("hold/production"), outcome);
    assert_eq!(refused.says("pipeline"), elsewhere());
    // Ours is on another revision or environment.
    let mut other = held("hold/production", Phase::Failed);
    other.brake("staging", status("hold/staging"));
    assert_eq!(other.says("pipeline"), elsewhere());
    // What it says of itself is told, without the key that is for machines.
    let mut says = check("hold/production", Phase::Failed);
    says.report = Some("held by carol: heap grows [gonogo gng-7]".to_owned());
    let said = world(
        PipelineRule::default(),
        vec![check("build", Phase::Succeeded), says],
    );
    let why = "hold/production is red: \"held by carol: heap grows\", by somebody who is not in this journal";
    assert_eq!(said.says("pipeline"), (State::Closed, why.to_owned()));
    // Whoever asks for it gets it.
    let rule = PipelineRule {
        required: names(&["hold/production"]),
        ..PipelineRule::default()
    };
    let mut asked = world(rule, vec![check("hold/production", Phase::Failed)]);
    asked.brake("production", status("hold/production"));
    assert_eq!(asked.says("pipeline"), closed("hold/production"));
}

#[test]
fn a_pipeline_in_which_only_a_holds_own_status_failed_is_known_as_such() {
    let only = |contexts: Vec<Check>| {
        let mut world = world(PipelineRule::default(), contexts);
        let checks = world.checks().clone();
        only_holds_failed(&checks, world.service())
    };
    let held = || check("hold/production", Phase::Failed);
    assert!(only(vec![check("build", Phase::Succeeded), held()]));
    assert!(!only(vec![check("build", Phase::Failed), held()]));
    assert!(!only(vec![check("hold/moon", Phase::Failed)]));
    assert!(!only(vec![check("build", Phase::Succeeded)]));
}
