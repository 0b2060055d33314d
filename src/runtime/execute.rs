//! Executing effects: each becomes one task and one message. No decision is made here.

use std::sync::Arc;

use super::clock;
use super::connect::{Connections, journal_fault};
use super::logs::Logs;
use super::probe::Prober;
use super::tasks::Tasks;
use crate::app::Msg;
use crate::app::effect::{Effect, LogOrder, LogSource, Question, Target};
use crate::app::msg::{Answer, Budget, Fetched, Identity, JournalFault, LogAnswer};
use crate::domain::act::{Act, Outcome};
use crate::domain::custom::Output;
use crate::domain::entry::{Draft, Entry, Precondition};
use crate::domain::fault::Fault;
use crate::domain::ids::{ForgeName, IntentId, RepoPath, Seq};
use crate::domain::notice::Notice;
use crate::forge::{self, Forge};

/// How many entries one read of the journal brings.
const PAGE: u32 = 5_000;

/// Executes effects.
pub struct Executor {
    connections: Arc<Connections>,
    prober: Arc<Prober>,
    logs: Arc<Logs>,
    tasks: Tasks,
}

/// What the executor leaves to its caller: what only the loop itself can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    Browse(String),
    Copy(String),
    Notify(Notice),
    Ring,
    Mouse(bool),
    Theme(String),
    SaveCache,
    Suspend,
    Quit,
}

impl Executor {
    pub fn new(connections: Arc<Connections>, tasks: Tasks) -> Self {
        let prober = Arc::new(Prober::new(connections.env(), connections.folder()));
        Self {
            connections,
            prober,
            logs: Arc::default(),
            tasks,
        }
    }

    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    pub fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// Starts an effect, or hands it back if it is about the terminal or the program itself.
    pub fn execute(&self, effect: Effect) -> Option<Left> {
        match effect {
            Effect::Fetch {
                generation,
                forge,
                question,
            } => self.fetch(generation, forge, question),
            Effect::Append {
                ticket,
                draft,
                precondition,
            } => {
                let connections = Arc::clone(&self.connections);
                let lost = JournalFault::Unreachable {
                    why: "writing to it was interrupted".into(),
                    hint: None,
                    broken: None,
                };
                self.tasks.act(
                    Msg::Recorded {
                        ticket,
                        result: Err(lost),
                    },
                    async move {
                        let result = append(&connections, *draft, precondition).await;
                        Msg::Recorded { ticket, result }
                    },
                );
            }
            Effect::ReadJournal { since } => {
                let connections = Arc::clone(&self.connections);
                let lost = JournalFault::Unreachable {
                    why: "reading it was interrupted".into(),
                    hint: None,
                    broken: None,
                };
                self.tasks.read(Msg::JournalRead(Err(lost)), async move {
                    Msg::JournalRead(read(&connections, since).await)
                });
            }
            Effect::Act {
                id,
                forge,
                repo,
                act,
            } => self.act(id, forge, repo, act),
            Effect::Sample { ticket, sampling } => {
                let prober = Arc::clone(&self.prober);
                let asked_at = clock::now();
                let sampled = move |round| Msg::Sampled {
                    ticket,
                    asked_at,
                    round,
                };
                self.tasks.read(sampled(None), async move {
                    sampled(Some(prober.take(sampling).await))
                });
            }
            Effect::Log {
                ticket,
                source,
                order,
            } => self.log(ticket, source, order),
            Effect::Run { ticket, errand } => {
                let prober = Arc::clone(&self.prober);
                let given_up = Output {
                    end: "given up".to_owned(),
                    ..Output::default()
                };
                let ran = move |output| Msg::Ran { ticket, output };
                self.tasks
                    .read(ran(given_up), async move { ran(prober.run(&errand).await) });
            }
            Effect::Notify(notice) => return Some(Left::Notify(notice)),
            Effect::Ring => return Some(Left::Ring),
            Effect::Mouse(on) => return Some(Left::Mouse(on)),
            Effect::Theme(name) => return Some(Left::Theme(name)),
            Effect::Browse(url) => return Some(Left::Browse(url)),
            Effect::Copy(text) => return Some(Left::Copy(text)),
            Effect::SaveCache => return Some(Left::SaveCache),
            Effect::Suspend => return Some(Left::Suspend),
            Effect::Quit => return Some(Left::Quit),
        }
        None
    }

    fn fetch(&self, generation: u64, forge: ForgeName, question: Question) {
        let connections = Arc::clone(&self.connections);
        let asked_at = clock::now();
        let fetched = move |answer, budget, question: Question, forge: ForgeName| {
            Msg::Fetched(Fetched {
                generation,
                forge,
                question,
                asked_at,
                answer,
                budget,
                more: false,
            })
        };
        let lost = fetched(
            Answer::Cancelled,
            Budget::default(),
            question.clone(),
            forge.clone(),
        );
        self.tasks.read(lost, async move {
            let (answer, budget) = match connections.forge(&forge).await {
                Ok(client) => {
                    let answer = ask(client.as_ref(), &question).await;
                    (answer, seen(client.budget()))
                }
                Err(fault) => (failed(&question, &fault), Budget::default()),
            };
            fetched(answer, budget, question, forge)
        });
    }

    fn log(&self, ticket: u64, source: LogSource, order: LogOrder) {
        let connections = Arc::clone(&self.connections);
        let logs = Arc::clone(&self.logs);
        let told = move |answer| Msg::Log { ticket, answer };
        self.tasks.read(told(LogAnswer::Lost), async move {
            told(match order {
                LogOrder::Fetch => {
                    LogAnswer::Extent(match connections.forge(&source.forge).await {
                        Ok(client) => logs.fetch(client.as_ref(), &source).await,
                        Err(fault) => Err(fault),
                    })
                }
                LogOrder::Lines { from, count } => logs.lines(source, from, count).await,
                LogOrder::Find {
                    words,
                    from,
                    forward,
                } => logs.find(source, words, from, forward).await,
            })
        });
    }

    /// Sends an act. It is never dropped: a panic or a missing client answers too, each with what
    /// is known of whether anything was sent.
    fn act(&self, id: IntentId, forge: ForgeName, repo: RepoPath, act: Act) {
        let connections = Arc::clone(&self.connections);
        let lost = Outcome::NoAnswer {
            why: "gonogo failed while sending".into(),
        };
        let lost = Msg::Acted {
            id: id.clone(),
            outcome: lost,
        };
        self.tasks.act(lost, async move {
            let outcome = match connections.forge(&forge).await {
                Ok(client) => client.act(&repo, &act, &id).await,
                Err(fault) => Outcome::Rejected {
                    status: 0,
                    why: format!("not sent: {}", fault.why),
                    hint: fault.hint,
                    denied: false,
                },
            };
            Msg::Acted { id, outcome }
        });
    }
}

async fn append(
    connections: &Connections,
    draft: Draft,
    precondition: Precondition,
) -> Result<Entry, JournalFault> {
    let journal = connections.journal().await?;
    journal
        .append(draft, precondition)
        .await
        .map_err(|error| journal_fault(&error))
}

/// Reads everything after `since`.
pub(super) async fn read(
    connections: &Connections,
    since: Seq,
) -> Result<Vec<Entry>, JournalFault> {
    let journal = connections.journal().await?;
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let last = entries.last().map_or(since, |entry| entry.seq);
        let page = journal
            .since(last, PAGE)
            .await
            .map_err(|error| journal_fault(&error))?;
        let more = page.len() >= PAGE as usize;
        entries.extend(page);
        if !more {
            return Ok(entries);
        }
    }
}

async fn ask(client: &dyn Forge, question: &Question) -> Answer {
    match question {
        Question::Identity => Answer::Identity(client.identify().await.map(|identity| Identity {
            login: identity.login,
            scopes: identity.scopes,
            version: identity.version,
            capabilities: identity.capabilities,
        })),
        Question::Pulse(wanted) => Answer::Pulses(client.pulse(&targets(wanted)).await.answers),
        Question::Facts(wanted) => {
            let answers = client.board(&targets(wanted)).await.answers;
            Answer::Facts(
                answers
                    .into_iter()
                    .map(|(service, answer)| (service, answer.map(Box::new)))
                    .collect(),
            )
        }
        Question::Scope {
            repo,
            base,
            head,
            named_checks,
            service: _,
        } => {
            let scope = client.scope(repo, base, head, *named_checks).await;
            Answer::Scope(scope.map(Box::new))
        }
        Question::Declared { repo, files, .. } => {
            Answer::Declared(client.declared(repo, files).await)
        }
        Question::Jobs { repo, run, .. } => Answer::Jobs(client.jobs(repo, *run).await),
        Question::Marks { repo, marks, .. } => Answer::Marks(client.marks(repo, marks).await),
        Question::Find {
            id,
            repo,
            act,
            sent_at,
        } => Answer::Found(client.find(repo, act, id, *sent_at).await),
    }
}

/// The answer to a question whose forge could not even be connected to.
fn failed(question: &Question, fault: &Fault) -> Answer {
    let each = |wanted: &[Target]| {
        wanted
            .iter()
            .map(|target| target.service.clone())
            .collect::<Vec<_>>()
    };
    match question {
        Question::Identity => Answer::Identity(Err(fault.clone())),
        Question::Pulse(wanted) => Answer::Pulses(
            each(wanted)
                .into_iter()
                .map(|service| (service, Err(fault.clone())))
                .collect(),
        ),
        Question::Facts(wanted) => Answer::Facts(
            each(wanted)
                .into_iter()
                .map(|service| (service, Err(fault.clone())))
                .collect(),
        ),
        Question::Scope { .. } => Answer::Scope(Err(fault.clone())),
        Question::Declared { files, .. } => Answer::Declared(vec![Err(fault.clone()); files.len()]),
        Question::Jobs { .. } => Answer::Jobs(Err(fault.clone())),
        Question::Marks { marks, .. } => Answer::Marks(vec![Err(fault.clone()); marks.len()]),
        Question::Find { .. } => Answer::Found(Err(fault.clone())),
    }
}

fn targets(wanted: &[Target]) -> Vec<forge::Target> {
    let one = |target: &Target| forge::Target {
        service: target.service.clone(),
        repo: target.repo.clone(),
        branch: target.branch.clone(),
        environments: target.environments.clone(),
        model: target.model.clone(),
        jobs: target.jobs.clone(),
        revisions: target.revisions.clone(),
        named_checks: target.named_checks,
        reports: target.reports,
        labels: target.labels.clone(),
        payloads: target.payloads,
        brief: target.brief,
    };
    wanted.iter().map(one).collect()
}

/// The scarcer of a forge's allowances, as the header shows one.
fn seen(budget: forge::Budget) -> Budget {
    let scarcer = [budget.queries, budget.requests]
        .into_iter()
        .flatten()
        .min_by_key(|allowance| {
            // In thousandths, so that allowances of different sizes compare.
            allowance.remaining.saturating_mul(1_000) / allowance.limit.max(1)
        });
    Budget {
        remaining: scarcer.map(|allowance| allowance.remaining),
        limit: scarcer.map(|allowance| allowance.limit),
        resets_at: scarcer.map(|allowance| allowance.resets_at),
        sent: budget.sent,
        hidden: budget.hidden,
    }
}
