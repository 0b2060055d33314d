//! `gonogo log`, and what every command does that only needs the journal.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::output::{self, instant};
use super::status::PATIENCE;
use super::{Exit, Failure, Global, settings, simulate};
use crate::app::engine::{Engine, JournalState, Report};
use crate::app::msg::JournalFault;
use crate::app::request::Request;
use crate::app::status::SCHEMA;
use crate::config::{self, Env};
use crate::domain::entry::{Alert, Entry, Event};
use crate::domain::ids::{EnvironmentName, Person, Seq, ServiceName};
use crate::domain::policy::Policy;
use crate::domain::spelling::meant;
use crate::domain::text::counted;
use crate::runtime::connect;
use crate::runtime::headless::Headless;
use crate::runtime::session::Mode;

/// How many entries are read at a time.
const PAGE: u32 = 5_000;

#[derive(Debug, Args)]
pub struct LogArgs {
    /// Only this service.
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Only this environment.
    #[arg(long = "in", value_name = "ENV")]
    environment: Option<String>,
    /// Only entries after this one.
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    since: i64,
    /// Only the last so many.
    #[arg(short = 'n', long, value_name = "COUNT")]
    last: Option<usize>,
}

/// Opens the journal and nothing else, for reading.
pub(super) async fn read(global: &Global, env: &Env) -> Result<Headless, Failure> {
    let mode = Mode {
        read_only: true,
        offline: true,
    };
    let (session, _) = settings::session(global, env, mode).await?;
    let mut headless = Headless::new(session);
    headless.settle(&[], Duration::from_secs(10)).await;
    match lost(headless.engine()) {
        Some(failure) => Err(failure),
        None => Ok(headless),
    }
}

/// Why the journal is not known, if it is not: which file it is, what is wrong with it, what to do.
pub(super) fn lost(engine: &Engine) -> Option<Failure> {
    match &engine.journal {
        JournalState::Ready => None,
        JournalState::Unread => Some(Failure::new(
            Exit::Journal,
            "the journal was not read in time",
        )),
        JournalState::Unreachable { why, hint, .. } => {
            let failure = Failure::new(Exit::Journal, JournalFault::unreachable(why));
            Some(match hint {
                Some(hint) => failure.hint(hint.clone()),
                None => failure,
            })
        }
    }
}

/// Holds must work while the forge is down: then the account on this machine is the owner.
pub(super) fn known_here(headless: &mut Headless, env: &Env) {
    if headless.engine().operator.is_none() {
        let local = env
            .get("USER")
            .or_else(|| env.get("LOGNAME"))
            .map(Person::new);
        headless.state.engine.operator = local;
    }
}

/// Gives an order that is recorded in the journal and sends nothing.
pub(super) async fn order(
    global: &Global,
    env: &Env,
    services: &[ServiceName],
    request: Request,
) -> Result<Exit, Failure> {
    let services = services.to_vec();
    order_with(global, env, |_| services, |_, _| Ok(request)).await
}

/// As `order`, with services that the policy names, and a request that depends on what the engine
/// knows once it has settled.
pub(super) async fn order_with(
    global: &Global,
    env: &Env,
    services: impl FnOnce(&Policy) -> Vec<ServiceName>,
    request: impl FnOnce(&Engine, Timestamp) -> Result<Request, Failure>,
) -> Result<Exit, Failure> {
    carry_out(global, env, services, None, request).await
}

/// As `order_with`, once the gates of `sampled` that rest on samples have a round to rest on.
pub(super) async fn carry_out(
    global: &Global,
    env: &Env,
    services: impl FnOnce(&Policy) -> Vec<ServiceName>,
    sampled: Option<&EnvironmentName>,
    request: impl FnOnce(&Engine, Timestamp) -> Result<Request, Failure>,
) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    let mut headless = Headless::new(session);
    let services = services(&headless.engine().policy);
    headless.settle(&services, PATIENCE).await;
    if let Some(environment) = sampled {
        headless.sample(&services, Some(environment)).await;
    }
    known_here(&mut headless, env);
    headless.reports();
    headless.orders();
    let request = match request(headless.engine(), headless.state.now) {
        Ok(request) => request,
        Err(failure) => {
            headless.finish().await;
            return Err(failure);
        }
    };
    headless.ask(request);
    headless
        .until(Duration::from_secs(30), |engine| !engine.is_busy())
        .await;
    let (mut done, mut refused) = (Vec::new(), None);
    for report in headless.reports() {
        match report {
            Report::Done { id: None, text } => done.push(text),
            // What an intent came to was ordered before, by whomever.
            Report::Refused { id: None, refusal } => refused = Some(Failure::from(refusal)),
            Report::JournalTrouble { why, hint, .. } => {
                refused = Some(Failure {
                    hint,
                    ..Failure::new(Exit::Journal, JournalFault::unreachable(&why))
                });
            }
            Report::Refused { .. }
            | Report::Done { .. }
            | Report::Alert { .. }
            | Report::Trouble(_) => {}
        }
    }
    let entries = headless.orders();
    headless.finish().await;
    // What it led to is told too, but it is its own entry that says that it was done.
    if entries.is_empty() {
        return Err(refused
            .unwrap_or_else(|| Failure::new(Exit::Journal, "the journal did not answer in time")));
    }
    if global.json {
        let entry = entries.last().map(|(_, entry)| entry_json(entry));
        output::json_line(&json!({"schema": SCHEMA, "done": done, "entry": entry}));
    } else {
        for text in done {
            output::line(&text);
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn log(global: &Global, env: &Env, args: LogArgs) -> Result<Exit, Failure> {
    let path = journal_path(global, env)?;
    let journal = connect::reader(&path).await.map_err(unreachable)?;
    let mut sought = Sought::new(global, env, &args);
    // Page by page, not through the engine: that keeps only what a screen can show.
    let mut last: VecDeque<Entry> = VecDeque::new();
    let mut since = Seq(args.since);
    let mut any = false;
    loop {
        let page = journal.since(since, PAGE).await.map_err(unreachable)?;
        let Some(end) = page.last().map(|entry| entry.seq) else {
            break;
        };
        since = end;
        for entry in page.into_iter().filter(|entry| args.wants(entry)) {
            any = true;
            sought.saw(&entry);
            match args.last {
                None if sought.are_known() => {
                    last.drain(..).for_each(|entry| print(global, &entry));
                    print(global, &entry);
                }
                // What covers everything is no answer yet to who asks for one that may not be.
                None => last.push_back(entry),
                Some(most) => {
                    last.push_back(entry);
                    if last.len() > most {
                        last.pop_front();
                    }
                }
            }
        }
    }
    sought.missing()?;
    for entry in &last {
        print(global, entry);
    }
    if !any && !global.json {
        output::line("no entries");
    }
    Ok(Exit::Done)
}

/// The service and environment that were asked for, until it is known that there are such.
struct Sought {
    service: Option<String>,
    environment: Option<String>,
    services: Vec<String>,
    environments: Vec<String>,
}

impl Sought {
    /// What the config names is known; without one, or with a broken one, the journal alone tells.
    fn new(global: &Global, env: &Env, args: &LogArgs) -> Self {
        let settings = settings::located(global, env)
            .and_then(|config| settings::read(global, env, &config).ok());
        let policy = settings.as_ref().map(|settings| &*settings.policy);
        let services = policy.into_iter().flat_map(|policy| &policy.services);
        let services: Vec<String> = services.map(|it| it.name.to_string()).collect();
        let environments = policy
            .into_iter()
            .flat_map(|policy| policy.environments.keys());
        let environments: Vec<String> = environments.map(ToString::to_string).collect();
        let unknown = |asked: &Option<String>, known: &[String]| {
            asked.clone().filter(|name| !known.contains(name))
        };
        Self {
            service: unknown(&args.service, &services),
            environment: unknown(&args.environment, &environments),
            services,
            environments,
        }
    }

    /// An entry of the journal that names it proves that there was one.
    fn saw(&mut self, entry: &Entry) {
        let draft = &entry.draft;
        let named = draft.service.as_ref().map(ServiceName::as_str);
        if self.service.as_deref() == named {
            self.service = None;
        }
        let named = draft.environment.as_ref().map(EnvironmentName::as_str);
        if self.environment.as_deref() == named {
            self.environment = None;
        }
    }

    fn are_known(&self) -> bool {
        self.service.is_none() && self.environment.is_none()
    }

    fn missing(&self) -> Result<(), Failure> {
        let (what, name, known) = match (&self.service, &self.environment) {
            (Some(name), _) => ("service", name, &self.services),
            (None, Some(name)) => ("environment", name, &self.environments),
            (None, None) => return Ok(()),
        };
        let why = format!("neither the config nor the journal knows a {what} {name}");
        let failure = Failure::new(Exit::Usage, why);
        Err(match meant(name, known.iter().map(String::as_str)) {
            Some(hint) => failure.hint(hint),
            None => failure,
        })
    }
}

/// Returns where the journal is that is meant. Nothing is asked of a forge for it: the config's, else
/// this machine's, else the demo's if that is all there is.
pub(super) fn journal_path(global: &Global, env: &Env) -> Result<PathBuf, Failure> {
    if let Some(config) = settings::located(global, env) {
        let settings = settings::read(global, env, &config)?;
        return Ok(settings.journal.path().to_owned());
    }
    let own = config::defaults::journal(env)
        .ok_or_else(|| Failure::new(Exit::Journal, "no place for the journal: HOME is not set"))?;
    let own = own.path().to_owned();
    let demo = simulate::demo_journal(env).filter(|demo| demo.is_file());
    match demo {
        Some(demo) if !own.is_file() => {
            output::note("there is no journal yet; this is the demo's");
            Ok(demo)
        }
        Some(_) | None => Ok(own),
    }
}

impl LogArgs {
    fn wants(&self, entry: &Entry) -> bool {
        let draft = &entry.draft;
        let narrowed = self.service.is_some() || self.environment.is_some();
        // It is about the evening, not about every service.
        let handover = matches!(
            draft.event,
            Event::HandoverGiven { .. } | Event::HandoverAccepted { .. }
        );
        if narrowed && handover {
            return false;
        }
        of(
            self.service.as_deref(),
            draft.service.as_ref().map(ServiceName::as_str),
        ) && of(
            self.environment.as_deref(),
            draft.environment.as_ref().map(EnvironmentName::as_str),
        )
    }
}

fn print(global: &Global, entry: &Entry) {
    if global.json {
        output::json_line(&entry_json(entry));
    } else {
        output::line(&sentence(entry));
    }
}

pub(super) fn unreachable(fault: JournalFault) -> Failure {
    let (why, hint) = match fault {
        JournalFault::Unreachable { why, hint, .. } => (why, hint),
        JournalFault::Refused { why } => (why, None),
        JournalFault::AlreadyThere => ("it is in the journal already".to_owned(), None),
    };
    let failure = Failure::new(Exit::Journal, why);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// An entry without a service covers every service, so it belongs to each one's log.
fn of(wanted: Option<&str>, has: Option<&str>) -> bool {
    match (wanted, has) {
        (None, _) | (_, None) => true,
        (Some(wanted), Some(has)) => wanted == has,
    }
}

/// One entry as `log --json` prints it: what every entry has, then what its kind adds.
pub(super) fn entry_json(entry: &Entry) -> Value {
    let draft = &entry.draft;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    put("seq", json!(entry.seq));
    put("at", json!(draft.at));
    put("actor", json!(draft.actor));
    put("kind", json!(draft.event.kind()));
    put("service", json!(draft.service));
    put("environment", json!(draft.environment));
    put("revision", json!(draft.revision));
    put("reason", json!(draft.reason));
    put("policy", json!(draft.policy));
    put("payload", json!(draft.event));
    put("previous", json!(entry.previous));
    put("hash", json!(entry.hash));
    Value::Object(object)
}

pub(super) fn sentence(entry: &Entry) -> String {
    let draft = &entry.draft;
    let place = match (&draft.service, &draft.environment) {
        (Some(service), Some(environment)) => format!("{service} {environment}"),
        (Some(service), None) => service.to_string(),
        (None, Some(environment)) => format!("all of {environment}"),
        (None, None) => "everything".to_owned(),
    };
    let detail = match &draft.event {
        Event::Intended { intent } => {
            let from = intent.from.as_ref().map_or("nothing", |from| from.label());
            format!("{from} > {}  {}", intent.to, intent.id)
        }
        Event::Stepped { id, .. } => id.to_string(),
        Event::HoldPlaced { hold, .. } => hold.id.to_string(),
        Event::HoldEdited { id, .. }
        | Event::HoldLifted { id, .. }
        | Event::HoldExpired { id, .. } => id.to_string(),
        Event::VoteCast { vote } => {
            format!("{} as {} on {}", vote.voice.word(), vote.role, vote.saw)
        }
        Event::VoteVoided {
            role,
            person,
            saw,
            now,
            ..
        } => {
            let now = if now == saw {
                "withdrawn".to_owned()
            } else {
                format!("now {now}")
            };
            format!("{person} as {role} on {saw}, {now}")
        }
        Event::GateAdded { gate } => format!("{} {}", gate.id, gate.name),
        Event::GateOpened { id, .. } | Event::GateClosed { id, .. } => id.to_string(),
        Event::TaskDone { attestation } => format!("{} for {}", attestation.task, attestation.saw),
        Event::TaskWithdrawn { task, .. } => task.clone(),
        Event::OverrideGranted { grant } => format!("{} {}", grant.id, grant.names()),
        Event::OverrideConfirmed { id, .. } | Event::OverrideWithdrawn { id, .. } => id.to_string(),
        Event::OverrideUsed { id, intent } => format!("{id} by {intent}"),
        Event::AlertRaised {
            alert: Alert::Red { intent },
        } => format!("red: {intent}"),
        Event::ReleaseVoteCast { vote } => format!(
            "{} {} as {} on {}",
            vote.release,
            vote.voice.word(),
            vote.role,
            vote.saw
        ),
        Event::ReleaseStarted { run } => format!("{} run {}", run.release, run.id),
        Event::ReleaseResumed { id, release, .. } | Event::ReleaseEnded { id, release, .. } => {
            format!("{release} run {id}")
        }
        Event::ReleaseDropped { release, service }
        | Event::ReleaseRestored { release, service } => format!("{release} {service}"),
        Event::HandoverGiven { handover } => {
            let things = counted(handover.items.len(), "thing", "things");
            format!("{}, {things}", handover.id)
        }
        Event::HandoverAccepted { id } => id.to_string(),
        Event::VerificationPassed { deployment, .. }
        | Event::VerificationFailed { deployment, .. }
        | Event::DeploymentSeen { deployment, .. }
        | Event::DeploymentOutOfBand { deployment, .. } => deployment.to_string(),
    };
    let reason = draft
        .reason
        .as_ref()
        .map(|reason| format!("  \"{reason}\""))
        .unwrap_or_default();
    format!(
        "{:>5}  {}  {:<12} {:<22} {place}  {detail}{reason}",
        entry.seq,
        instant(draft.at),
        draft.actor,
        draft.event.kind()
    )
}
