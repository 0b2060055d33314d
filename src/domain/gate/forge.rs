//! `forge`: what the forge itself asks before it lets the promotion through, and that nothing else is
//! on its way into the cell.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Case, State, Verdict, words};
use crate::domain::cell;
use crate::domain::deployment;
use crate::domain::facts::{Permission, Release, ServiceFacts};
use crate::domain::forge_kind::ForgeKind;
use crate::domain::pipeline::{Run, Waiting};
use crate::domain::policy::Via;
use crate::domain::pull_request::{ChangeState, PullRequest};
use crate::domain::revision::Revision;

mod held;
mod in_flight;

const GATE: &str = "forge";

/// The first that applies decides: what is in flight, the repository, the way of promotion.
pub fn judge(case: &Case<'_>, now: Timestamp) -> Verdict {
    if let Some(verdict) = in_flight::promotion(case, now) {
        return verdict;
    }
    let Some(facts) = case.facts.value() else {
        return case.missing(GATE);
    };
    if let Some(verdict) = in_flight::deployment(case, facts, now) {
        return verdict.valid_until(case.valid_until());
    }
    let Some(candidate) = case.candidate else {
        return case.missing(GATE);
    };
    let verdict = if facts.archived {
        closed("the repository is archived", "an owner of the repository")
            .opens_when("the repository is taken out of the archive")
    } else if case.back {
        back(case, facts, candidate, now)
    } else {
        match &case.stage.via {
            Via::Approval { workflow } => {
                approval(case, facts, candidate, workflow.as_deref(), now)
            }
            Via::Job { .. } => approval(case, facts, candidate, None, now),
            Via::Workflow {
                workflow,
                git_ref,
                inputs,
            } => told(facts, candidate, workflow, &Told::new(git_ref, inputs)),
            Via::Pipeline { git_ref, variables } => {
                let told = Told::new(git_ref, variables);
                self::told(facts, candidate, "a pipeline", &told)
            }
            Via::Tag { name } => tag(facts, candidate, name),
            Via::Status { context } => writing(facts, &format!("may set {context}")),
            Via::Deployment => writing(facts, "may create a deployment"),
            via @ Via::PullRequest { base, head, .. } => {
                let verdict = pull_request(facts, facts.promoting(via), candidate, (base, head));
                held::by_hold(case, facts, candidate, verdict)
            }
            Via::Release => release(facts, candidate),
            Via::Checklist => by_hand(),
            Via::Forge => closed("the forge promotes by itself", "whoever pushes to the branch")
                .opens_when(format!(
                    "`via` under [service.{}.promote.{}] in the config says how it is promoted from here",
                    case.service.name,
                    case.environment()
                )),
        }
    };
    protection(case, facts, verdict).valid_until(case.valid_until())
}

/// No forge is asked to do anything.
fn by_hand() -> Verdict {
    Verdict::new(GATE, State::Open, "done by hand: no forge is asked")
}

/// How each way goes back, where it can (P7).
fn back(case: &Case<'_>, facts: &ServiceFacts, candidate: &Revision, now: Timestamp) -> Verdict {
    let environment = case.environment();
    match &case.stage.via {
        Via::Deployment => writing(facts, "may create a deployment"),
        Via::Checklist => by_hand(),
        Via::Workflow {
            workflow,
            git_ref,
            inputs,
        } => told_again(facts, candidate, workflow, &Told::new(git_ref, inputs)),
        Via::Pipeline { git_ref, variables } => {
            let told = Told::new(git_ref, variables);
            told_again(facts, candidate, "the pipeline", &told)
        }
        Via::Tag { name } if name.contains("{key}") => tag(facts, candidate, name),
        Via::Tag { .. } => closed(
            format!("{candidate} has had its tag: a tag is made once"),
            "whoever keeps the config",
        )
        .opens_when("the tag's name holds {key}, so that each promotion has its own"),
        Via::Status { context } => closed(
            format!("{context} of {candidate} is a success already"),
            "whoever deploys on the forge",
        )
        .opens_when("nothing: a deployer that waits for a status goes forward alone"),
        Via::Approval { .. } | Via::Job { .. } => {
            let workflow = match &case.stage.via {
                Via::Approval { workflow } => workflow.as_deref(),
                _ => None,
            };
            if cell::run_at_the_door(facts, environment, &candidate.sha).is_some() {
                return approval(case, facts, candidate, workflow, now);
            }
            if case.service.kind == ForgeKind::GitLab {
                return job_again(case, facts, candidate);
            }
            match cell::run_to_repeat(facts, &candidate.sha, workflow) {
                Some(run) => writing(facts, &format!("may start run {} again", run.id)).evidence(
                    format!("run {}", run.id),
                    "it asks for approval again when it reaches the environment",
                    Some(run.url.clone()),
                    case.facts.at(),
                ),
                None => closed(
                    format!("the run that brought {candidate} is not among the recent ones"),
                    "whoever may start it again on the forge",
                )
                .opens_when("it is started again there: then B approves it"),
            }
        }
        Via::Release => {
            let is_draft =
                |release: &Release| release.draft && release.sha.as_ref() == Some(&candidate.sha);
            if facts.releases.iter().any(is_draft) {
                return release(facts, candidate);
            }
            closed(
                format!("a release is published once: {candidate} cannot be published again"),
                "whoever drafts releases",
            )
            .opens_when(format!(
                "a new release of {} is drafted under another tag",
                candidate.sha.short()
            ))
        }
        Via::PullRequest { base, .. } => closed(
            format!("a merge into {base} is not taken back from here"),
            "a developer",
        )
        .opens_when(format!(
            "a pull request that reverts it is merged into {base}"
        )),
        Via::Forge => closed(
            "the forge deploys by itself",
            "whoever pushes to the branch",
        )
        .opens_when("a commit that reverts it is pushed"),
    }
}

/// A pipeline is not run again whole on GitLab: the job that deployed is.
fn job_again(case: &Case<'_>, facts: &ServiceFacts, candidate: &Revision) -> Verdict {
    let environment = case.environment();
    let named = match &case.stage.via {
        Via::Job { name } => Some(name.as_str()),
        _ => None,
    };
    let deployments = &facts.deployments;
    let Some(maker) = deployment::to_repeat(deployments, environment, &candidate.sha, named) else {
        let why = match named {
            Some(name) => format!("no job {name} that brought {candidate} can be run again"),
            None => format!("no job that brought {candidate} can be run again"),
        };
        return closed(why, "who may run it again on the forge")
            .opens_when("a pipeline of it waits before the environment: then B starts its job");
    };
    let then = if facts.asks_for_review(environment) {
        "it asks for approval again before it deploys"
    } else {
        "it deploys at once"
    };
    let what = format!("job {} ({})", maker.job, maker.name);
    writing(facts, &format!("may run {what} again")).evidence(what, then, None, case.facts.at())
}

/// What a workflow or pipeline is told of the revision.
struct Told<'a> {
    git_ref: &'a str,
    version: bool,
    revision: bool,
}

impl<'a> Told<'a> {
    fn new(git_ref: &'a str, fields: &BTreeMap<String, String>) -> Self {
        let asks =
            |word: &str| git_ref.contains(word) || fields.values().any(|text| text.contains(word));
        Self {
            git_ref,
            version: asks("{version}"),
            revision: asks("{revision}"),
        }
    }
}

fn told(facts: &ServiceFacts, candidate: &Revision, what: &str, told: &Told<'_>) -> Verdict {
    if told.version && candidate.version.is_none() {
        let why = format!("{candidate} has no version, and {what} wants one");
        return closed(why, "whoever tags releases")
            .opens_when("the revision is tagged with a release");
    }
    writing(facts, &format!("may start {what}"))
}

/// Going back, it has to be told which revision.
fn told_again(facts: &ServiceFacts, candidate: &Revision, what: &str, told: &Told<'_>) -> Verdict {
    if told.version && candidate.version.is_none() {
        let why = format!("{candidate} has no version, and {what} wants one");
        return closed(why, "whoever tags releases").opens_when("the revision is tagged");
    }
    if told.version || told.revision {
        return writing(facts, &format!("may start {what}"));
    }
    let git_ref = told.git_ref;
    let why = format!("{what} is not told which revision: it would deploy the head of {git_ref}");
    closed(why, "whoever keeps the config")
        .opens_when("its inputs or ref name {revision} or {version}")
}

fn tag(facts: &ServiceFacts, candidate: &Revision, name: &str) -> Verdict {
    if name.contains("{version}") && candidate.version.is_none() {
        let why = format!("{candidate} has no version, and the tag {name} wants one");
        return closed(why, "whoever tags releases")
            .opens_when("the revision is tagged with a release");
    }
    writing(facts, "may tag it")
}

fn closed(why: impl Into<String>, who: impl Into<String>) -> Verdict {
    Verdict::new(GATE, State::Closed, why).who(who)
}

fn approval(
    case: &Case<'_>,
    facts: &ServiceFacts,
    candidate: &Revision,
    workflow: Option<&str>,
    now: Timestamp,
) -> Verdict {
    let environment = case.environment();
    let newest = if case.back {
        cell::run_at_the_door(facts, environment, &candidate.sha)
    } else {
        cell::waiting_run(facts, environment, workflow)
    };
    let found = newest
        .filter(|run| run.sha == candidate.sha)
        .and_then(|run| Some((run, waiting(run, case)?)));
    let Some((run, waiting)) = found else {
        let why = format!("no run of {candidate} waits for {environment}");
        return closed(why, "whoever starts the pipeline")
            .opens_when(format!("a run of {candidate} reaches {environment}"));
    };
    let what = format!("run {}", run.id);
    let value = format!("{} #{} attempt {}", run.name, run.number, run.attempt);
    let who = if waiting.reviewers.is_empty() {
        "a reviewer of the environment".to_owned()
    } else {
        words::list(&waiting.reviewers)
    };
    let timer = wait_timer(waiting);
    let ready = match timer {
        Timer::Until(until) => now >= until,
        Timer::None => true,
        Timer::NotStarted => false,
    };
    let verdict = if !ready {
        let (why, at) = match timer {
            Timer::Until(until) => {
                let why = format!("the wait timer ends {}", words::instant(until, now));
                (why, Some(until))
            }
            Timer::None | Timer::NotStarted => ("the wait timer has not started".to_owned(), None),
        };
        Verdict::new(GATE, State::Waiting, why)
            .since(waiting.wait_started_at)
            .opens_when("the wait timer ends")
            .opens_at(at)
    } else if waiting.may_approve {
        Verdict::new(
            GATE,
            State::Open,
            format!("run {} waits, and you may approve", run.id),
        )
        .since(match timer {
            Timer::Until(until) => Some(until),
            Timer::None | Timer::NotStarted => None,
        })
    } else {
        closed(
            format!("run {} waits, but you may not approve", run.id),
            who.clone(),
        )
        .opens_when("a reviewer approves it")
    };
    verdict
        .evidence(what, value, Some(run.url.clone()), case.facts.at())
        .evidence("reviewers", who, None, case.facts.at())
}

fn waiting<'a>(run: &'a Run, case: &Case<'_>) -> Option<&'a Waiting> {
    run.waiting
        .iter()
        .find(|waiting| waiting.environment == *case.environment())
}

#[derive(Clone, Copy)]
enum Timer {
    None,
    NotStarted,
    Until(Timestamp),
}

fn wait_timer(waiting: &Waiting) -> Timer {
    if !waiting.wait_timer.is_positive() {
        return Timer::None;
    }
    match waiting.wait_started_at {
        Some(start) => start
            .checked_add(waiting.wait_timer)
            .map_or(Timer::NotStarted, Timer::Until),
        None => Timer::NotStarted,
    }
}

/// What every write asks of the token.
fn writing(facts: &ServiceFacts, why: &str) -> Verdict {
    match facts.permission {
        Permission::Write | Permission::Maintain | Permission::Admin => {
            Verdict::new(GATE, State::Open, format!("the token {why}"))
        }
        Permission::Unknown => Verdict::new(
            GATE,
            State::Unknown,
            "the forge did not say what the token may do",
        )
        .opens_when("the forge tells the permission"),
        Permission::Read | Permission::Triage => {
            closed("the token may only read", "someone with write access")
                .opens_when("the token may write")
        }
    }
    .evidence(
        "permission",
        format!("{:?}", facts.permission).to_lowercase(),
        None,
        None,
    )
}

fn pull_request(
    facts: &ServiceFacts,
    found: Option<&PullRequest>,
    candidate: &Revision,
    (base, head): (&str, &str),
) -> Verdict {
    let Some(pull_request) = found else {
        return closed(
            format!("no open pull request from {head} into {base}"),
            "a developer",
        )
        .opens_when("that pull request is opened");
    };
    let number = pull_request.number;
    let verdict = if pull_request.head == candidate.sha {
        mergeable(facts, pull_request)
    } else {
        let why = format!(
            "#{number} brings {}, not {candidate}",
            pull_request.head.short()
        );
        closed(why, "a developer").opens_when(format!("#{number} stands at {candidate}"))
    };
    let value = format!("{}, {}", pull_request.state.word(), pull_request.raw);
    verdict.evidence(
        format!("#{number}"),
        value,
        Some(pull_request.url.clone()),
        None,
    )
}

fn mergeable(facts: &ServiceFacts, pull_request: &PullRequest) -> Verdict {
    let number = pull_request.number;
    let says = |state: State| {
        let why = format!("#{number}: {}", pull_request.state.word());
        Verdict::new(GATE, state, why).opens_when(format!("#{number} can be merged"))
    };
    match &pull_request.state {
        ChangeState::Ready => match writing(facts, "may merge") {
            verdict if verdict.state == State::Open => Verdict {
                why: format!("#{number} is ready to merge"),
                ..verdict
            },
            verdict => verdict,
        },
        ChangeState::Checking | ChangeState::ChecksRunning | ChangeState::Queued => {
            says(State::Waiting)
        }
        ChangeState::NeedsReview | ChangeState::ChangesRequested => {
            says(State::Closed).who("a reviewer on the forge")
        }
        ChangeState::Draft
        | ChangeState::ChecksFailed
        | ChangeState::Behind
        | ChangeState::Conflict
        | ChangeState::Blocked
        | ChangeState::Merged
        | ChangeState::Closed => says(State::Closed).who("a developer"),
        ChangeState::Unknown(_) => says(State::Unknown),
    }
}

fn release(facts: &ServiceFacts, candidate: &Revision) -> Verdict {
    let draft = facts
        .releases
        .iter()
        .filter(|release| release.draft && release.sha.as_ref() == Some(&candidate.sha))
        .max_by_key(|release| release.created_at);
    let Some(draft) = draft else {
        return closed(
            format!("no draft release of {candidate}"),
            "whoever drafts releases",
        )
        .opens_when("a release of it is drafted");
    };
    writing(facts, &format!("may publish {}", draft.tag)).evidence(
        "draft release",
        &draft.tag,
        Some(draft.url.clone()),
        None,
    )
}

/// Adds what the environment asks on top: it is asked after the promotion has been sent.
fn protection(case: &Case<'_>, facts: &ServiceFacts, verdict: Verdict) -> Verdict {
    let environment = facts
        .environments
        .iter()
        .find(|environment| environment.name == *case.environment());
    let Some(environment) = environment else {
        return verdict;
    };
    let mut asks = Vec::new();
    if environment.required_reviewers {
        asks.push("a review".to_owned());
    }
    if environment.prevent_self_review {
        asks.push("a reviewer other than who started it".to_owned());
    }
    if environment.wait_timer.is_positive() {
        asks.push(format!("a wait of {}", words::span(environment.wait_timer)));
    }
    if environment.branch_policy {
        asks.push("an allowed branch".to_owned());
    }
    if asks.is_empty() {
        return verdict;
    }
    verdict.evidence(
        "the environment asks for",
        words::list(asks),
        None,
        case.facts.at(),
    )
}
