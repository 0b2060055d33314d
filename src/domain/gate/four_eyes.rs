//! `four-eyes`: who wrote, who approved and who promotes are different people, as policy lists the
//! parts. How many approvals a change needs is `review`'s to say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, State, Verdict, checklist, no_journal, review, words};
use crate::domain::ids::{Person, PullRequestNumber};
use crate::domain::observed::Fact;
use crate::domain::policy::{GateSpec, Part};
use crate::domain::scope::{self, Scope};
use crate::domain::signoff::Voice;

const GATE: &str = "four-eyes";

/// Who plays which part in a promotion. Bots are people too.
#[derive(Default)]
pub(super) struct Cast {
    /// Each author, with the changes that are theirs. A commit without a pull request is a change
    /// of no number.
    pub(super) authors: BTreeMap<Login, BTreeSet<Option<PullRequestNumber>>>,
    /// Each reviewer, with the changes that they approved.
    reviewers: BTreeMap<Login, BTreeSet<PullRequestNumber>>,
    /// Each person who said go to the whole scope, with the role.
    signers: BTreeMap<Login, String>,
    /// What nobody can tell of, in words.
    pub(super) nameless: Vec<String>,
    /// Changes that nobody approved.
    unapproved: Vec<String>,
}

/// What stands between a scope and its second pair of eyes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Clash {
    /// Somebody approved what they wrote.
    Own,
    Unapproved,
    /// The promoter has another part.
    Promoter,
}

impl Clash {
    fn opens_when(self) -> &'static str {
        match self {
            Self::Own => "own approvals are taken back for those of others",
            Self::Unapproved => "somebody else approves",
            Self::Promoter => "somebody else promotes",
        }
    }

    fn who(self) -> &'static str {
        match self {
            Self::Own => "who approved their own",
            Self::Unapproved => "a reviewer on the forge",
            Self::Promoter => "another operator",
        }
    }
}

/// A person as the forge tells people apart: without regard to case, and a bot by either of the
/// names that its forge has for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Login(String);

impl Login {
    pub(super) fn of(person: &Person) -> Self {
        let login = person.as_str().to_lowercase();
        Self(login.strip_suffix("[bot]").unwrap_or(&login).to_owned())
    }
}

impl std::fmt::Display for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Any two of `parts` must be played by different people.
///
/// Author against approver is judged change by change: two who approve each other's changes are
/// four eyes on each, and nobody may approve a change that has a commit of theirs. A sign-off covers
/// the whole scope, so whoever wrote any of it cannot give it. The promoter moves the whole scope,
/// and may have written or approved none of it. A change that nobody approved has no second pair of
/// eyes.
pub fn judge(case: &Case<'_>, parts: &[Part]) -> Verdict {
    if case.subject().is_none() {
        return case.missing(GATE);
    }
    let has = |part| parts.contains(&part);
    if case.service.is_by_hand() {
        return by_hand(case, has(Part::Promoter));
    }
    if has(Part::Approver) && case.ledger.is_none() {
        return no_journal(GATE);
    }
    let Some(scope) = case.known_scope() else {
        return case.no_scope(GATE);
    };
    let cast = Cast::of(case, scope);
    let promoter = case.actor.map(Login::of);
    let mut clashes: Vec<(Clash, String)> = Vec::new();
    if has(Part::Author) && has(Part::Approver) {
        let own = cast.approved_own().into_iter();
        clashes.extend(own.map(|why| (Clash::Own, why)));
    }
    if let (Some(promoter), true) = (&promoter, has(Part::Promoter)) {
        let played = cast.played_by(promoter, parts);
        if !played.is_empty() {
            let why = format!("{promoter} promotes, and {}", words::list(played));
            clashes.push((Clash::Promoter, why));
        }
    }
    if has(Part::Approver) {
        let unapproved = cast.unapproved.iter();
        clashes.extend(
            unapproved.map(|change| (Clash::Unapproved, format!("nobody approved {change}"))),
        );
    }
    let mut unknowns: Vec<String> = Vec::new();
    if !scope.complete || (scope.commits.len() as u64) < scope.total {
        let read = scope.commits.len();
        unknowns.push(format!("{read} of {} commits were read", scope.total));
    }
    if has(Part::Author) {
        unknowns.extend(cast.nameless.iter().cloned());
    }
    if has(Part::Promoter) && promoter.is_none() {
        unknowns.push("nobody knows who would promote".to_owned());
    }
    let verdict = match (clashes.as_slice(), unknowns.as_slice()) {
        ([(_, first), others @ ..], _) => {
            let kinds: BTreeSet<Clash> = clashes.iter().map(|(kind, _)| *kind).collect();
            Verdict::new(GATE, State::Closed, and_more(first, others.len()))
                .opens_when(words::list(kinds.iter().map(|kind| kind.opens_when())))
                .who(words::list(kinds.iter().map(|kind| kind.who())))
        }
        ([], [first, others @ ..]) => {
            Verdict::new(GATE, State::Unknown, and_more(first, others.len()))
                .opens_when("everybody's part is known")
        }
        ([], []) => {
            let parts: Vec<&str> = parts.iter().map(|part| part.word()).collect();
            let why = format!("{} are different people", words::list(parts));
            Verdict::new(GATE, State::Open, why)
        }
    };
    cast.with_evidence(case, scope, parts, verdict)
        .valid_until(case.valid_until())
}

/// Of what people release by hand nobody knows who wrote it, which is not nobody: whoever attests its
/// tasks, signs it off or promotes it may have. So at least two people have to have a part in it.
fn by_hand(case: &Case<'_>, promoter_counts: bool) -> Verdict {
    let (Some(ledger), Some(candidate)) = (case.ledger, case.candidate) else {
        return no_journal(GATE);
    };
    let subject = checklist::Subject {
        policy: case.policy,
        service: &case.service.name,
        environment: case.environment(),
        live: case.live,
        candidate,
    };
    let mut attesters: BTreeMap<Login, Vec<&str>> = BTreeMap::new();
    for spec in case.stage.gates.iter() {
        let GateSpec::Checklist { tasks } = spec else {
            continue;
        };
        for task in tasks {
            if let checklist::Standing::Done(done) = subject.standing(ledger, task) {
                let attested = attesters.entry(Login::of(&done.person)).or_default();
                attested.push(&task.name);
            }
        }
    }
    let signers = signers(case);
    let promoter = case.actor.map(Login::of);
    let mut people: BTreeSet<&Login> = attesters.keys().chain(signers.keys()).collect();
    people.extend(&promoter);
    let verdict = match (people.len(), &promoter) {
        (_, None) if promoter_counts => {
            Verdict::new(GATE, State::Unknown, "nobody knows who would promote")
                .opens_when("everybody's part is known")
        }
        (0 | 1, _) => {
            let who = people
                .first()
                .map_or("nobody".to_owned(), ToString::to_string);
            let why = format!(
                "nobody knows who wrote it, and {who} alone attests, approves and promotes it"
            );
            Verdict::new(GATE, State::Closed, why)
                .opens_when("somebody else attests a task, signs it off or promotes it")
                .who("another operator")
        }
        (_, _) => {
            let why = format!("{} have a part in it", words::list(people));
            Verdict::new(GATE, State::Open, why)
        }
    };
    let attested = attesters
        .iter()
        .map(|(person, tasks)| format!("{person} ({})", tasks.join(", ")));
    let signed = signers
        .iter()
        .map(|(person, role)| format!("{person} (as {role})"));
    let promoter = case.actor.map_or("not known", |actor| actor.as_str());
    verdict
        .evidence("authors", "not known: it is released by hand", None, None)
        .evidence("attesters", listed(attested.collect()), None, None)
        .evidence("approvers", listed(signed.collect()), None, None)
        .evidence("promoter", promoter, None, None)
        .valid_until(case.valid_until())
}

fn listed(people: Vec<String>) -> String {
    match people.as_slice() {
        [] => "nobody".to_owned(),
        people => words::list(people),
    }
}

fn and_more(first: &str, others: usize) -> String {
    match others {
        0 => first.to_owned(),
        others => format!("{first}, and {others} more"),
    }
}

impl Cast {
    pub(super) fn of(case: &Case<'_>, scope: &Scope) -> Self {
        let mut cast = Self::default();
        // Who presses merge is not the author of what comes in by it.
        for commit in scope.commits.iter().filter(|it| !it.is_forge_merge) {
            let short = commit.sha.short();
            match &commit.author {
                Some(author) if commit.has_account => {
                    let changes = cast.authors.entry(Login::of(author)).or_default();
                    changes.extend(commit.pull_requests.iter().copied().map(Some));
                    if commit.pull_requests.is_empty() {
                        changes.insert(None);
                    }
                }
                Some(name) => cast
                    .nameless
                    .push(format!("{name}, author of {short}, has no account")),
                None => cast
                    .nameless
                    .push(format!("the author of {short} is not known")),
            }
        }
        for pull_request in &scope.pull_requests {
            let number = pull_request.number;
            match &pull_request.author {
                Some(author) => {
                    let changes = cast.authors.entry(Login::of(author)).or_default();
                    changes.insert(Some(number));
                }
                None => cast
                    .nameless
                    .push(format!("the author of #{number} is not known")),
            }
            let latest = review::latest(&pull_request.reviews);
            for (person, _) in latest.iter().filter(|(_, review)| review.approved) {
                let approved = cast.reviewers.entry(Login::of(person)).or_default();
                approved.insert(number);
            }
        }
        cast.signers = signers(case);
        if cast.signers.is_empty() {
            cast.unapproved = cast.unapproved(scope);
        }
        cast
    }

    /// Returns the changes of a scope that nobody approved.
    fn unapproved(&self, scope: &Scope) -> Vec<String> {
        let approved: BTreeSet<PullRequestNumber> =
            self.reviewers.values().flatten().copied().collect();
        let pull_requests = scope
            .pull_requests
            .iter()
            .filter(|pull_request| !approved.contains(&pull_request.number))
            .map(|pull_request| format!("#{}", pull_request.number));
        let known: BTreeSet<PullRequestNumber> =
            scope.pull_requests.iter().map(|it| it.number).collect();
        let commits = scope
            .commits
            .iter()
            .filter(|commit| !commit.pull_requests.iter().any(|it| known.contains(it)))
            .map(|commit| commit.sha.short().to_owned());
        pull_requests.chain(commits).collect()
    }

    /// Returns in words who approved what they wrote.
    fn approved_own(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (author, changes) in &self.authors {
            let own = self.reviewers.get(author).into_iter().flatten();
            found.extend(
                own.filter(|number| changes.contains(&Some(**number)))
                    .map(|number| format!("{author} wrote and approved #{number}")),
            );
            if let Some(role) = self.signers.get(author) {
                let what = wrote(changes);
                found.push(format!("{author} {what}, and signed off as {role}"));
            }
        }
        found
    }

    /// Returns in words which of the other `parts` the promoter plays.
    fn played_by(&self, promoter: &Login, parts: &[Part]) -> Vec<String> {
        let mut played = Vec::new();
        if let (Some(changes), true) = (self.authors.get(promoter), parts.contains(&Part::Author)) {
            played.push(wrote(changes));
        }
        if parts.contains(&Part::Approver) {
            if let Some(approved) = self.reviewers.get(promoter) {
                played.push(format!("approved {}", numbers(approved.iter().copied())));
            }
            if let Some(role) = self.signers.get(promoter) {
                played.push(format!("signed off as {role}"));
            }
        }
        played
    }

    fn with_evidence(
        &self,
        case: &Case<'_>,
        scope: &Scope,
        parts: &[Part],
        verdict: Verdict,
    ) -> Verdict {
        let at = case.scope.and_then(Fact::at);
        let mut verdict = verdict;
        if parts.contains(&Part::Author) {
            let authors = self.authors.iter().map(|(author, changes)| {
                let numbers = numbers(changes.iter().copied().flatten());
                match numbers.as_str() {
                    "" => author.to_string(),
                    numbers => format!("{author} ({numbers})"),
                }
            });
            let value = listed(authors.collect());
            verdict = verdict.evidence("authors", value, scope.url.clone(), at);
        }
        if parts.contains(&Part::Approver) {
            let reviewers = self.reviewers.iter().map(|(reviewer, approved)| {
                format!("{reviewer} ({})", numbers(approved.iter().copied()))
            });
            let signers = self.signers.iter();
            let signers = signers.map(|(signer, role)| format!("{signer} (as {role})"));
            let value = listed(reviewers.chain(signers).collect());
            verdict = verdict.evidence("approvers", value, scope.url.clone(), at);
        }
        if parts.contains(&Part::Promoter) {
            let value = case.actor.map_or("not known", |actor| actor.as_str());
            verdict = verdict.evidence("promoter", value, None, None);
        }
        verdict
    }
}

/// Returns those who said go to this very scope, in a role that they still have.
fn signers(case: &Case<'_>) -> BTreeMap<Login, String> {
    let (Some(ledger), Some(candidate)) = (case.ledger, case.candidate) else {
        return BTreeMap::new();
    };
    let (service, environment) = (&case.service.name, case.environment());
    let bound = scope::hash(service, environment, case.live, candidate);
    ledger
        .votes_on(service, environment)
        .filter(|vote| vote.voice == Voice::Go && vote.scope == bound)
        .filter(|vote| case.policy.has_role(&vote.person, &vote.role))
        .map(|vote| (Login::of(&vote.person), vote.role.to_string()))
        .collect()
}

/// `wrote #912`, `wrote in this scope`.
fn wrote(changes: &BTreeSet<Option<PullRequestNumber>>) -> String {
    match numbers(changes.iter().copied().flatten()).as_str() {
        "" => "wrote a commit without a pull request".to_owned(),
        numbers => format!("wrote {numbers}"),
    }
}

fn numbers(numbers: impl Iterator<Item = PullRequestNumber>) -> String {
    words::list(numbers.map(|number| format!("#{number}")))
}
