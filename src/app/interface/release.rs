//! The go/no-go screen's keys, and its dialog: vote, start, hand over, cancel, drop a service. What the screen says
//! lives in `view/release.rs`.

use tui_input::Input;

use super::choice::{step, travel, turn};
use super::{Interface, Overlay, Screen, detail, field, link, reports};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::{Engine, release};
use crate::app::request::Request;
use crate::app::state::State;
use crate::domain::ids::{Digest, EnvironmentName, ReleaseName, RoleName, ServiceName};
use crate::domain::policy::Policy;
use crate::domain::release::Release;
use crate::domain::signoff::Voice;

/// The dialog of a release: one order, resting on Cancel.
#[derive(Clone, Debug)]
pub struct ReleaseDialog {
    pub release: ReleaseName,
    pub action: ReleaseAction,
    /// The service that is dropped or taken back.
    pub service: Option<ServiceName>,
    pub voice: Voice,
    pub role: usize,
    /// The roles that the operator has and that the release asks for.
    pub roles: Vec<RoleName>,
    /// What was shown: nothing else is voted on or started.
    pub seen: Digest,
    pub words: String,
    /// What cannot ship, and whether it is left behind.
    pub stuck: Vec<ServiceName>,
    pub skip: bool,
    pub note: Input,
    /// The environment's name, typed, where it is protected.
    pub typed: Option<Input>,
    pub environment: EnvironmentName,
    /// Why it is not possible, whatever is filled in.
    pub refused: Option<String>,
    pub focus: ReleaseFocus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseAction {
    Vote,
    /// Take one's own vote back.
    Withdraw,
    Start,
    Resume,
    Cancel,
    /// Leave a service behind, or take it back.
    Drop,
    Restore,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReleaseFocus {
    Voice,
    Role,
    Skip,
    Note,
    Typed,
    #[default]
    Cancel,
    Confirm,
}

impl Interface {
    /// The release that the screen shows: the chosen one, else the first.
    pub fn release<'p>(&self, policy: &'p Policy) -> Option<&'p Release> {
        let chosen = self.release.as_ref().and_then(|name| policy.release(name));
        chosen.or_else(|| policy.releases.first())
    }

    /// The service of a release that is selected.
    pub fn member<'p>(&self, release: &'p Release) -> Option<&'p ServiceName> {
        release.waves.iter().flatten().nth(self.release_row)
    }
}

pub(super) fn run(state: &mut State, command: Command) {
    let policy = state.engine.policy.clone();
    let Some(release) = state.interface.release(&policy) else {
        if command == Command::Close {
            state.interface.show(Screen::Board);
        }
        return;
    };
    let services: Vec<&ServiceName> = release.waves.iter().flatten().collect();
    let selected = state.interface.release_row;
    match command {
        Command::Close if state.interface.release_plan => state.interface.release_plan = false,
        Command::Close => state.interface.show(Screen::Board),
        Command::Plan => state.interface.release_plan = !state.interface.release_plan,
        Command::NextTab | Command::NextPane | Command::Right => next(state, &policy, true),
        Command::PreviousTab | Command::PreviousPane | Command::Left => next(state, &policy, false),
        Command::Open => {
            if let Some(service) = services.get(selected) {
                let service = (*service).clone();
                detail::open(state, service);
            }
        }
        _ => {
            let height = usize::from(state.interface.rows / 3);
            if let Some(to) = travel(command, selected, services.len(), height) {
                state.interface.release_row = to;
            }
        }
    }
}

/// Shows the release after, or before, the one shown.
fn next(state: &mut State, policy: &Policy, forward: bool) {
    let shown = state.interface.release(policy).map(|release| &release.name);
    let place = policy
        .releases
        .iter()
        .position(|release| Some(&release.name) == shown);
    let to = turn(place.unwrap_or(0), policy.releases.len(), forward);
    state.interface.release = policy.releases.get(to).map(|release| release.name.clone());
    state.interface.release_row = 0;
}

/// Opens the dialog of a command on the release that is shown.
pub(super) fn open(state: &mut State, action: ReleaseAction) {
    let policy = state.engine.policy.clone();
    let Some(release) = state.interface.release(&policy) else {
        let text = "there is no release: add [release.NAME] to the config".to_owned();
        let now = state.now;
        state.interface.say(false, text, now);
        return;
    };
    let dialog = dialog(&state.engine, release, action, None, state.now);
    state.interface.overlays.push(Overlay::Release(dialog));
}

/// Shows a release with one of its services selected.
pub(super) fn show_member(state: &mut State, name: ReleaseName, service: &ServiceName) {
    let release = state.engine.policy.release(&name);
    let mut services = release.into_iter().flat_map(|it| it.waves.iter().flatten());
    let place = services.position(|one| one == service);
    state.interface.release = Some(name);
    state.interface.release_row = place.unwrap_or(0);
    state.interface.show(Screen::Release);
}

/// Whether the selected service was dropped, so that its key takes it back.
pub fn is_on_dropped(state: &State) -> bool {
    let (engine, interface) = (&state.engine, &state.interface);
    let release = interface.release(&engine.policy);
    let member = release.and_then(|release| Some((release, interface.member(release)?)));
    let ledger = engine.ledger.as_ref();
    let dropped = ledger
        .zip(member)
        .and_then(|(ledger, (release, service))| ledger.dropped(&release.name, service));
    dropped.is_some()
}

/// Opens the dialog that drops the selected service, or takes it back.
pub(super) fn open_member(state: &mut State) {
    let policy = state.engine.policy.clone();
    let release = state.interface.release(&policy);
    let Some((release, service)) =
        release.and_then(|release| Some((release, state.interface.member(release)?)))
    else {
        return open(state, ReleaseAction::Drop);
    };
    let ledger = state.engine.ledger.as_ref();
    let action = match ledger.and_then(|ledger| ledger.dropped(&release.name, service)) {
        Some(_) => ReleaseAction::Restore,
        None => ReleaseAction::Drop,
    };
    let service = Some(service.clone());
    let dialog = dialog(&state.engine, release, action, service, state.now);
    state.interface.overlays.push(Overlay::Release(dialog));
}

/// Opens the dialog that withdraws the operator's vote on a release.
pub(super) fn withdraw(state: &mut State, name: &ReleaseName) {
    let policy = state.engine.policy.clone();
    let Some(release) = policy.release(name) else {
        let text = format!("{name} is gone from the config: nothing rests on the vote");
        let now = state.now;
        state.interface.say(false, text, now);
        return;
    };
    let action = ReleaseAction::Withdraw;
    let dialog = dialog(&state.engine, release, action, None, state.now);
    state.interface.overlays.push(Overlay::Release(dialog));
}

fn dialog(
    engine: &Engine,
    release: &Release,
    action: ReleaseAction,
    service: Option<ServiceName>,
    now: jiff::Timestamp,
) -> ReleaseDialog {
    let decision = engine.decision(release, now);
    let operator = match action {
        ReleaseAction::Vote
        | ReleaseAction::Withdraw
        | ReleaseAction::Cancel
        | ReleaseAction::Drop
        | ReleaseAction::Restore => engine.may_record(),
        ReleaseAction::Start | ReleaseAction::Resume => engine.may_act(),
    };
    let roles: Vec<RoleName> = operator
        .as_ref()
        .map(|operator| {
            let asked = release.roles.iter();
            asked
                .filter(|role| engine.policy.has_role(operator, role))
                .cloned()
                .collect()
        })
        .unwrap_or_default();
    let name = &release.name;
    let refused = match (&operator, action, decision.run) {
        (Err(refusal), _, _) => Some(refusal.why.clone()),
        (Ok(operator), ReleaseAction::Vote, _) if roles.is_empty() => Some(format!(
            "{operator} has none of the roles that {name} asks for"
        )),
        (Ok(_), ReleaseAction::Start, None) => {
            let stuck = &decision.stuck;
            let refusal = release::may_start(release, &decision, stuck).err();
            refusal.map(|refusal| refusal.why)
        }
        (Ok(_), ReleaseAction::Start, Some(run)) => {
            Some(format!("{name} runs already: {} started it", run.by))
        }
        (Ok(_), ReleaseAction::Resume, Some(run)) if run.driver == engine.instance => {
            Some(format!("{name} is driven from here already"))
        }
        (Ok(_), ReleaseAction::Resume | ReleaseAction::Cancel, None) => {
            Some(format!("no run of {name} goes on"))
        }
        (Ok(_), ReleaseAction::Drop | ReleaseAction::Restore, _) => {
            not_changed(engine, release, action, service.as_ref(), now)
        }
        (Ok(_), _, _) => None,
    };
    let protected = engine
        .policy
        .environments
        .get(&release.environment)
        .is_some_and(|known| known.protected);
    ReleaseDialog {
        release: name.clone(),
        action,
        service,
        voice: Voice::Go,
        role: 0,
        roles,
        seen: decision.bound.clone(),
        words: decision.words.clone(),
        stuck: decision.stuck.clone(),
        skip: false,
        note: Input::default(),
        typed: (protected && action == ReleaseAction::Start).then(Input::default),
        environment: release.environment.clone(),
        refused,
        focus: ReleaseFocus::default(),
    }
}

/// Why a service is not dropped, or not taken back.
fn not_changed(
    engine: &Engine,
    release: &Release,
    action: ReleaseAction,
    service: Option<&ServiceName>,
    now: jiff::Timestamp,
) -> Option<String> {
    let Some(service) = service else {
        return Some("no service is selected".to_owned());
    };
    let may = match action {
        ReleaseAction::Restore => engine.may_restore(release, service),
        _ => engine.may_drop(release, service, now),
    };
    may.err().map(|refusal| refusal.why)
}

pub(super) fn run_dialog(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Release(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    let chooses = matches!(
        dialog.focus,
        ReleaseFocus::Voice | ReleaseFocus::Role | ReleaseFocus::Skip
    );
    match command {
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::Left if chooses => dialog.turn(false),
        Command::Right | Command::Mark if chooses => dialog.turn(true),
        Command::NextPane | Command::Down | Command::Right => dialog.step(true),
        Command::PreviousPane | Command::Up | Command::Left => dialog.step(false),
        Command::Copy => return link::copy(state),
        Command::Open => match dialog.focus {
            ReleaseFocus::Cancel => {
                state.interface.overlays.pop();
            }
            ReleaseFocus::Confirm => return confirm(state),
            ReleaseFocus::Voice
            | ReleaseFocus::Role
            | ReleaseFocus::Skip
            | ReleaseFocus::Note
            | ReleaseFocus::Typed => dialog.step(true),
        },
        _ => {}
    }
    Vec::new()
}

fn confirm(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(Overlay::Release(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    dialog.check(&state.engine, now);
    let request = match (dialog.blocked(), dialog.request()) {
        (None, Some(request)) => request,
        (why, _) => {
            state.interface.say(false, why.unwrap_or_default(), now);
            return Vec::new();
        }
    };
    let (effects, refused) = reports::ask(&mut state.engine, request, now);
    match refused {
        Some(refusal) => dialog.refused = Some(refusal.why),
        None => {
            state.interface.overlays.pop();
        }
    }
    effects
}

impl ReleaseDialog {
    /// The focus goes round these, in the order in which they are drawn.
    pub fn stops(&self) -> Vec<ReleaseFocus> {
        let mut stops = match self.action {
            ReleaseAction::Vote => {
                vec![ReleaseFocus::Voice, ReleaseFocus::Role, ReleaseFocus::Note]
            }
            ReleaseAction::Start if self.stuck.is_empty() => vec![ReleaseFocus::Note],
            ReleaseAction::Start => vec![ReleaseFocus::Skip, ReleaseFocus::Note],
            ReleaseAction::Resume => Vec::new(),
            ReleaseAction::Withdraw
            | ReleaseAction::Cancel
            | ReleaseAction::Drop
            | ReleaseAction::Restore => vec![ReleaseFocus::Note],
        };
        if self.typed.is_some() {
            stops.push(ReleaseFocus::Typed);
        }
        stops.extend([ReleaseFocus::Cancel, ReleaseFocus::Confirm]);
        stops
    }

    fn step(&mut self, forward: bool) {
        self.focus = step(&self.stops(), self.focus, forward);
    }

    fn turn(&mut self, forward: bool) {
        match self.focus {
            ReleaseFocus::Voice => {
                self.voice = match self.voice {
                    Voice::Go => Voice::NoGo,
                    Voice::NoGo => Voice::Go,
                };
            }
            ReleaseFocus::Role => self.role = turn(self.role, self.roles.len(), forward),
            ReleaseFocus::Skip => self.skip = !self.skip,
            ReleaseFocus::Note
            | ReleaseFocus::Typed
            | ReleaseFocus::Cancel
            | ReleaseFocus::Confirm => {}
        }
    }

    pub(super) fn field(&mut self) -> Option<&mut Input> {
        match self.focus {
            ReleaseFocus::Note => Some(&mut self.note),
            ReleaseFocus::Typed => self.typed.as_mut(),
            ReleaseFocus::Voice
            | ReleaseFocus::Role
            | ReleaseFocus::Skip
            | ReleaseFocus::Cancel
            | ReleaseFocus::Confirm => None,
        }
    }

    /// Why it cannot be confirmed now.
    pub fn blocked(&self) -> Option<String> {
        if let Some(why) = &self.refused {
            return Some(why.clone());
        }
        let no_note = field::text(&self.note).is_empty();
        match self.action {
            ReleaseAction::Vote if self.voice == Voice::NoGo && no_note => {
                return Some("a no-go's reason is required".to_owned());
            }
            ReleaseAction::Start if !self.stuck.is_empty() && !self.skip => {
                return Some("something is stuck".to_owned());
            }
            ReleaseAction::Withdraw
            | ReleaseAction::Start
            | ReleaseAction::Cancel
            | ReleaseAction::Drop
            | ReleaseAction::Restore
                if no_note =>
            {
                return Some("a reason is required".to_owned());
            }
            ReleaseAction::Vote
            | ReleaseAction::Withdraw
            | ReleaseAction::Start
            | ReleaseAction::Resume
            | ReleaseAction::Cancel
            | ReleaseAction::Drop
            | ReleaseAction::Restore => {}
        }
        match &self.typed {
            Some(typed) if typed.value().trim() != self.environment.as_str() => {
                Some(format!("type {} to arm it", self.environment))
            }
            Some(_) | None => None,
        }
    }

    fn request(&self) -> Option<Request> {
        let note = field::text(&self.note);
        let release = self.release.clone();
        Some(match self.action {
            ReleaseAction::Vote => Request::VoteRelease {
                release,
                role: self.roles.get(self.role)?.clone(),
                voice: self.voice,
                note,
                seen: self.seen.clone(),
            },
            ReleaseAction::Withdraw => Request::WithdrawReleaseVote {
                release,
                reason: note,
            },
            ReleaseAction::Start => Request::StartRelease {
                release,
                seen: self.seen.clone(),
                reason: note,
                skip: self.stuck.clone(),
            },
            ReleaseAction::Resume => Request::ResumeRelease { release },
            ReleaseAction::Cancel => Request::CancelRelease {
                release,
                reason: note,
            },
            ReleaseAction::Drop => Request::DropService {
                release,
                service: self.service.clone()?,
                reason: note,
            },
            ReleaseAction::Restore => Request::RestoreService {
                release,
                service: self.service.clone()?,
                reason: note,
            },
        })
    }

    pub(super) fn command_line(&self) -> Option<String> {
        let note = field::text(&self.note);
        let release = link::quoted(self.release.as_str());
        Some(match self.action {
            ReleaseAction::Vote => {
                let role = self.roles.get(self.role)?;
                let line = format!("gonogo vote {} {release} --as {role}", self.voice.word());
                if note.is_empty() {
                    line
                } else {
                    format!("{line} --note {}", link::quoted(&note))
                }
            }
            ReleaseAction::Withdraw => {
                let line = format!("gonogo vote withdraw {release}");
                if note.is_empty() {
                    line
                } else {
                    format!("{line} --note {}", link::quoted(&note))
                }
            }
            ReleaseAction::Start => {
                let skip: String = self
                    .stuck
                    .iter()
                    .map(|service| format!(" --skip {service}"))
                    .collect();
                let line = format!("gonogo release run {release} --wait{skip}");
                link::with_reason(&line, &note)
            }
            ReleaseAction::Resume => format!("gonogo release resume {release} --wait"),
            ReleaseAction::Cancel => {
                link::with_reason(&format!("gonogo release cancel {release}"), &note)
            }
            ReleaseAction::Drop | ReleaseAction::Restore => {
                let verb = match self.action {
                    ReleaseAction::Restore => "restore",
                    _ => "drop",
                };
                let service = link::quoted(self.service.as_ref()?.as_str());
                let line = format!("gonogo release {verb} {release} {service}");
                link::with_reason(&line, &note)
            }
        })
    }

    /// What would ship may change under the dialog: then nothing is confirmed.
    pub(super) fn check(&mut self, engine: &Engine, now: jiff::Timestamp) {
        let Some(release) = engine.policy.release(&self.release) else {
            self.refused = Some(format!("{} is gone from the config", self.release));
            return;
        };
        if matches!(self.action, ReleaseAction::Drop | ReleaseAction::Restore) {
            let service = self.service.as_ref();
            let why = not_changed(engine, release, self.action, service, now);
            if why.is_some() && self.refused != why {
                self.refused = why;
                self.focus = ReleaseFocus::Cancel;
            }
            return;
        }
        if matches!(
            self.action,
            ReleaseAction::Withdraw | ReleaseAction::Resume | ReleaseAction::Cancel
        ) {
            return;
        }
        if engine.decision(release, now).bound != self.seen {
            self.refused = Some("what would ship has changed; look at it again".to_owned());
            self.focus = ReleaseFocus::Cancel;
        }
    }
}

#[cfg(test)]
mod tests;
