//! `gonogo hold`: place, edit, lift, bind and list holds. The hold itself works without any forge.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::output::{self, instant, span};
use super::status::PATIENCE;
use super::{Exit, Failure, Global, journal, settings};
use crate::app::engine::{Engine, Report};
use crate::app::interface::until;
use crate::app::msg::JournalFault;
use crate::app::request::{Expiry, RefusalKind, Request};
use crate::app::status::brake::BrakedCell;
use crate::app::status::{HoldStatus, SCHEMA};
use crate::config::Env;
use crate::domain::brake::Bound;
use crate::domain::entry::Entry;
use crate::domain::hold::{Cover, HoldKind, Then};
use crate::domain::ids::{EnvironmentName, HoldId, IntentId, ServiceName, Sha};
use crate::domain::notice::Tell;
use crate::runtime::headless::Headless;
use crate::runtime::session::Mode;

/// How long placing and reading back may take: longer than the engine waits for a silent forge.
const BRAKING: Duration = Duration::from_secs(90);
/// How long a list waits for proofs.
const READING: Duration = Duration::from_secs(15);

#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// Place a hold.
    Add(AddArgs),
    /// Change a hold's reason or expiry; "held since" stays.
    Edit(EditArgs),
    /// Lift a hold.
    Lift(LiftArgs),
    /// Place what holds lack on the forges, and take away what is left of ended ones.
    Bind(BindArgs),
    /// List the holds that are on, and whether the forges stop what they stop.
    List,
}

/// What a hold or manual gate covers.
#[derive(Debug, Args)]
pub struct CoverArgs {
    /// Only this service.
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Only this environment.
    #[arg(long = "in", value_name = "ENV")]
    environment: Option<String>,
    /// Only this revision, by its full SHA.
    #[arg(long, value_name = "SHA")]
    revision: Option<String>,
    /// Every service in every environment.
    #[arg(long, conflicts_with_all = ["service", "environment", "revision"])]
    everything: bool,
}

#[derive(Debug, Args)]
pub struct AddArgs {
    #[command(flatten)]
    cover: CoverArgs,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When it ends: `2h`, `45m`, `18:00` in UTC, or 2026-11-21T18:00Z. Without it, until lifted.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// What becomes of it then: `end`, or `ask`: it stays on, and asks until somebody lifts it or gives
    /// it another time.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "end",
        requires = "until",
        hide_possible_values = true
    )]
    then: AtItsTime,
    /// Who of the config's [notify] is told: as the `rules` say, `all` whose rule is about its place, or
    /// `nobody`. Boards tell; without one that runs, the next.
    #[arg(
        long,
        value_name = "WHOM",
        default_value = "rules",
        hide_possible_values = true
    )]
    tell: Whom,
    /// What it stops: `forward` stops promotions and lets what was verified come back, `all` stops
    /// everything.
    #[arg(
        long,
        value_name = "KIND",
        default_value = "forward",
        hide_possible_values = true
    )]
    kind: Kind,
}

#[derive(Debug, Args)]
pub struct EditArgs {
    /// The hold, as `gonogo hold list` names it.
    id: String,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// A new expiry, or `never`.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// What becomes of it then, `end` or `ask`. Without it, as before.
    #[arg(long, value_name = "WHAT", hide_possible_values = true)]
    then: Option<AtItsTime>,
}

#[derive(Debug, Args)]
pub struct LiftArgs {
    /// The hold, as `gonogo hold list` names it.
    id: String,
    /// Why; it goes into the journal.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
pub struct BindArgs {
    /// Only this hold's; without it, all of them, and what is left of ended ones.
    id: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Forward promotions; going back to what was verified passes.
    Forward,
    /// Everything.
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AtItsTime {
    /// It ends.
    End,
    /// It stays on and asks.
    Ask,
}

impl From<AtItsTime> for Then {
    fn from(said: AtItsTime) -> Self {
        match said {
            AtItsTime::End => Self::End,
            AtItsTime::Ask => Self::Ask,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Whom {
    /// Those whose rules list it.
    Rules,
    /// Everyone whose rule is about its place.
    All,
    /// Nobody.
    Nobody,
}

impl From<Whom> for Tell {
    fn from(said: Whom) -> Self {
        match said {
            Whom::Rules => Self::Rules,
            Whom::All => Self::All,
            Whom::Nobody => Self::Nobody,
        }
    }
}

pub(super) async fn run(global: &Global, env: &Env, command: HoldCommand) -> Result<Exit, Failure> {
    let request = match command {
        HoldCommand::List => return Box::pin(list(global, env)).await,
        HoldCommand::Add(args) => {
            let kind = match args.kind {
                Kind::Forward => HoldKind::Forward,
                Kind::All => HoldKind::All,
            };
            let until = args
                .until
                .as_deref()
                .map(|text| when(text, settings::now()))
                .transpose()?;
            Request::Hold {
                cover: args.cover.cover()?,
                kind,
                reason: args.reason,
                until,
                then: args.then.into(),
                tell: args.tell.into(),
            }
        }
        HoldCommand::Edit(args) => {
            let until = match args.until.as_deref() {
                None => Expiry::Keep,
                Some("never") => Expiry::Never,
                Some(text) => Expiry::At(when(text, settings::now())?),
            };
            let then = args.then.map(Then::from);
            if args.reason.is_none() && until == Expiry::Keep && then.is_none() {
                return Err(Failure::new(Exit::Usage, "nothing to change")
                    .hint("--reason TEXT, --until WHEN or --then WHAT"));
            }
            Request::EditHold {
                id: HoldId::from(args.id),
                reason: args.reason,
                until,
                then,
            }
        }
        HoldCommand::Lift(args) => Request::LiftHold {
            id: HoldId::from(args.id),
            reason: args.reason,
        },
        HoldCommand::Bind(args) => Request::BindHold {
            id: args.id.map(HoldId::from),
        },
    };
    change(global, env, request).await
}

/// Gives an order about holds: the journal first, then the forges, as far as they answer.
async fn change(global: &Global, env: &Env, request: Request) -> Result<Exit, Failure> {
    let binding = matches!(request, Request::BindHold { .. });
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    headless.settle(&[], PATIENCE).await;
    journal::known_here(&mut headless, env);
    headless.reports();
    headless.orders();
    let cover = cover_of(&request, headless.engine());
    headless.ask(request);
    headless
        .until(Duration::from_secs(30), |engine| !engine.is_writing())
        .await;
    // What is in the journal holds already: told before any forge is asked for more.
    let mut told = Told::of(cover.clone(), binding);
    let (done, entries): (Vec<String>, Vec<Entry>) = headless.orders().into_iter().unzip();
    told.done.extend(done);
    told.take(&mut headless);
    if !global.json {
        told.print();
    }
    let engine = headless.engine();
    if told.failure.is_none() && engine.is_braking(settings::now()) {
        headless
            .until(BRAKING, |engine| !engine.is_braking(settings::now()))
            .await;
    }
    told.take(&mut headless);
    let now = settings::now();
    let cells = cells(headless.engine(), &cover, now);
    headless.finish().await;
    if let Some(failure) = told.failure.take() {
        return Err(failure);
    }
    let exit = told.exit();
    if global.json {
        let brakes: Vec<BrakedCell> = cells.iter().map(BrakedCell::of).collect();
        let entry = entries.last().map(journal::entry_json);
        let (done, trouble) = (told.done, told.trouble);
        output::json_line(&json!({
            "schema": SCHEMA, "done": done, "entry": entry, "trouble": trouble, "brakes": brakes,
        }));
    } else {
        told.print();
        for cell in &cells {
            print(cell, now);
        }
        if exit != Exit::Done {
            output::note("it is in the journal, and no forge has done its part of it");
        }
    }
    Ok(exit)
}

/// What came of an order, piece by piece.
#[derive(Default)]
struct Told {
    cover: Cover,
    /// Nothing goes into the journal: the forges' part is all that was ordered.
    binding: bool,
    done: Vec<String>,
    /// How much a forge has done.
    braked: usize,
    /// What a forge refused: the hold is on all the same.
    trouble: Vec<String>,
    failure: Option<Failure>,
    printed: (usize, usize),
}

impl Told {
    fn of(cover: Cover, binding: bool) -> Self {
        Self {
            cover,
            binding,
            ..Self::default()
        }
    }

    /// Says whether a report is of this order: what somebody else sent ends meanwhile too.
    fn is_ours(&self, id: Option<&IntentId>, engine: &Engine) -> bool {
        let Some(id) = id else { return true };
        let ledger = engine.ledger.as_ref();
        let promotion = ledger.and_then(|ledger| ledger.promotions.get(id));
        promotion.is_some_and(|promotion| {
            let intent = &promotion.intent;
            let place = Cover {
                revision: None,
                ..self.cover.clone()
            };
            intent.purpose.is_brake() && place.covers(&intent.service, &intent.environment, None)
        })
    }

    /// Whether the forges' part of it came to nothing at all: a hold that nobody but gonogo minds.
    fn exit(&self) -> Exit {
        if self.braked == 0 && !self.trouble.is_empty() {
            Exit::Forge
        } else {
            Exit::Done
        }
    }

    fn take(&mut self, headless: &mut Headless) {
        let binding = self.binding;
        for report in headless.reports() {
            match report {
                Report::Done { id: Some(id), text }
                    if self.is_ours(Some(&id), headless.engine()) =>
                {
                    self.braked += 1;
                    self.done.push(text);
                }
                Report::Refused { id, .. } if !self.is_ours(id.as_ref(), headless.engine()) => {}
                Report::Refused { refusal, .. } if self.done.is_empty() && !binding => {
                    self.failure = Some(Failure::from(refusal));
                }
                Report::Refused { refusal, .. } => {
                    let sent = matches!(
                        refusal.kind,
                        RefusalKind::Forge | RefusalKind::OutcomeUnknown
                    );
                    let hint = refusal.hint.as_ref();
                    let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
                    self.trouble.push(format!("{}{hint}", refusal.why));
                    if binding && (!sent || self.done.is_empty()) {
                        self.failure = Some(Failure::from(refusal));
                    }
                }
                Report::JournalTrouble { why, hint, .. } if self.done.is_empty() => {
                    self.failure = Some(Failure {
                        hint,
                        ..Failure::new(Exit::Journal, JournalFault::unreachable(&why))
                    });
                }
                // An order's own words are taken with its entry.
                Report::Done { .. }
                | Report::JournalTrouble { .. }
                | Report::Alert { .. }
                | Report::Trouble(_) => {}
            }
        }
    }

    /// Prints what was not printed yet.
    fn print(&mut self) {
        let (done, trouble) = self.printed;
        for text in self.done.iter().skip(done) {
            output::line(text);
        }
        let trouble = self.trouble.iter().skip(trouble);
        for text in trouble {
            output::note(text);
        }
        self.printed = (self.done.len(), self.trouble.len());
    }
}

type Cell = ((ServiceName, EnvironmentName), Bound);

/// What an order is about; everything where it names no hold.
fn cover_of(request: &Request, engine: &Engine) -> Cover {
    let id = match request {
        Request::Hold { cover, .. } => return cover.clone(),
        Request::EditHold { id, .. } | Request::LiftHold { id, .. } => Some(id),
        Request::BindHold { id } => id.as_ref(),
        _ => None,
    };
    let ledger = engine.ledger.as_ref();
    let hold = id.and_then(|id| ledger?.holds.get(id));
    hold.map(|hold| hold.cover.clone()).unwrap_or_default()
}

/// Every cell of a cover whose brakes say something: those of holds, and those that are left.
fn cells(engine: &Engine, cover: &Cover, now: Timestamp) -> Vec<Cell> {
    // What is left is left of whatever revision.
    let place = Cover {
        revision: None,
        ..cover.clone()
    };
    let mut cells = engine.bound_by(cover, now);
    cells.retain(|(_, bound)| !bound.proofs.is_empty());
    let left = engine.left_behind(now).into_iter();
    cells.extend(
        left.filter(|((service, environment), _)| place.covers(service, environment, None)),
    );
    cells
}

fn print(((service, environment), bound): &Cell, now: Timestamp) {
    let what = if bound.left { "left" } else { "brake" };
    let effect = bound.effect.word();
    output::line(&format!("  {what} {service} {environment}: {effect}"));
    for proof in &bound.proofs {
        let read = proof.at.map_or_else(String::new, |at| {
            format!(", read {} ago", span(now.duration_since(at)))
        });
        let (way, effect) = (proof.way.word(), proof.effect.word());
        output::line(&format!("    {way:<7} {effect}: {}{read}", proof.says));
    }
}

/// Reads back what brakes have left, if there may be any.
async fn read_back(global: &Global, env: &Env, journal: Headless) -> Result<Headless, Failure> {
    let now = journal.state.now;
    let engine = journal.engine();
    let all = Cover::default();
    let offline = global.mode().offline;
    if cells(engine, &all, now).is_empty() || offline {
        return Ok(journal);
    }
    let mode = Mode {
        read_only: true,
        offline: false,
    };
    let (session, _) = settings::session(global, env, mode).await?;
    let mut headless = Headless::new(session);
    let services: Vec<ServiceName> = cells(engine, &all, now)
        .into_iter()
        .map(|((service, _), _)| service)
        .collect();
    headless.settle(&services, READING).await;
    headless
        .until(READING, |engine| !engine.is_braking(settings::now()))
        .await;
    Ok(headless)
}

async fn list(global: &Global, env: &Env) -> Result<Exit, Failure> {
    let headless = journal::read(global, env).await?;
    let headless = Box::pin(read_back(global, env, headless)).await?;
    let now = settings::now();
    let engine = headless.engine();
    let left = engine.left_behind(now);
    let ledger = engine.ledger.as_ref();
    let holds: Vec<HoldStatus> = ledger
        .iter()
        .flat_map(|ledger| ledger.holds.values())
        .filter(|hold| hold.is_on(now))
        .map(|hold| HoldStatus::of(engine, hold, now))
        .collect();
    if global.json {
        let left: Vec<BrakedCell> = left.iter().map(BrakedCell::of).collect();
        output::json_line(&json!({"schema": SCHEMA, "holds": holds, "left": left}));
        return Ok(Exit::Done);
    }
    if holds.is_empty() {
        output::line("no holds");
    }
    let rows: Vec<Vec<String>> = holds
        .iter()
        .map(|hold| {
            let until = match hold.until {
                None => "until lifted".to_owned(),
                Some(at) if hold.asks => format!(
                    "asks since {} ({} ago)",
                    instant(at),
                    span(now.duration_since(at))
                ),
                Some(at) => {
                    let word = if hold.then == Then::Ask.word() {
                        "asks at"
                    } else {
                        "until"
                    };
                    format!(
                        "{word} {} (in {})",
                        instant(at),
                        span(at.duration_since(now))
                    )
                }
            };
            let since = format!("{} ago", span(now.duration_since(hold.since)));
            vec![
                hold.id.clone(),
                hold.scope.clone(),
                hold.owner.clone(),
                since,
                until,
                hold.brake.effect.to_owned(),
                hold.reason.clone(),
            ]
        })
        .collect();
    output::table(&rows);
    for cell in cells(engine, &Cover::default(), now) {
        print(&cell, now);
    }
    Ok(Exit::Done)
}

impl CoverArgs {
    pub(super) fn cover(&self) -> Result<Cover, Failure> {
        let cover = Cover {
            service: self.service.as_ref().map(ServiceName::new),
            environment: self.environment.as_ref().map(EnvironmentName::new),
            revision: self
                .revision
                .as_ref()
                .map(|sha| Sha::from(sha.to_lowercase())),
        };
        if cover == Cover::default() && !self.everything {
            return Err(Failure::new(Exit::Usage, "what is to be covered?")
                .hint("--service, --in, --revision, or --everything"));
        }
        if let Some(revision) = &cover.revision {
            let full = revision.as_str().len() == 40
                && revision
                    .as_str()
                    .chars()
                    .all(|digit| digit.is_ascii_hexdigit());
            if !full {
                return Err(
                    Failure::new(Exit::Usage, format!("{revision} is not a full SHA"))
                        .hint("40 hexadecimal digits"),
                );
            }
        }
        Ok(cover)
    }
}

/// Reads until when as the board's dialog does: a distance from now, a time, or an instant.
pub(super) fn when(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let usage = |why: String| Failure::new(Exit::Usage, why);
    until::parse(text, now, &TimeZone::UTC)
        .map_err(usage)?
        .ok_or_else(|| usage("--until needs a time".to_owned()).hint("without it: until lifted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_distance_or_an_instant() {
        let now: Timestamp = "2026-11-21T16:00:00Z".parse().unwrap();
        assert_eq!(
            when("2h", now).unwrap(),
            "2026-11-21T18:00:00Z".parse().unwrap()
        );
        assert_eq!(
            when("2026-11-21T18:00Z", now).unwrap(),
            "2026-11-21T18:00:00Z".parse().unwrap()
        );
        assert_eq!(
            when("17:30", now).unwrap(),
            "2026-11-21T17:30:00Z".parse().unwrap()
        );
        for wrong in ["soon", "25:00", "15:00", ""] {
            assert_eq!(when(wrong, now).unwrap_err().exit, Exit::Usage, "{wrong}");
        }
    }
}
