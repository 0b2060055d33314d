//! The command line: arguments in, words or JSON and an exit code out. It decides nothing itself:
//! it asks the same engine as the board, and prints what that says.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Env;
use crate::runtime::log;
use crate::runtime::session::Mode;

mod acting;
mod audit;
mod configuration;
mod demo;
pub mod exit;
mod gates;
mod handover;
mod hold;
mod journal;
mod looks;
mod manual;
mod manual_gate;
mod output;
mod overriding;
mod patience;
mod release;
mod scheduled;
mod scope;
mod settings;
mod shell;
mod simulate;
mod status;
mod task;
mod vote;
mod wait;
mod why;
mod window;

pub use exit::{Exit, Failure};

/// A release cockpit for the terminal: which revision is where, what may go next, and why not.
#[derive(Debug, Parser)]
#[command(name = "gonogo", version, max_term_width = 100)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    /// Without one, the board opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, or go · 1 error · 2 usage or config · 3 no-go: a gate is closed or a hold is on
            4 the forge refused or is unreachable · 5 the journal is unreachable · 6 outcome unknown
            7 facts are unknown or stale";

/// What the help of each command lists apart from its own options.
const GLOBAL: &str = "Global options";

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The config file; else `$GONOGO_CONFIG`, .gonogo.toml here or above, or the one in the config folder.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON with a stable schema.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub json: bool,
    /// Append lines instead of repainting, for screen readers and logs.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub plain: bool,
    /// When to colour the board; NO_COLOR counts as never. Commands print no colours.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// Draw with ASCII alone.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub ascii: bool,
    /// Ask no forge: show what the cache knows.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub offline: bool,
    /// Change nothing, on no forge and in no journal.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub read_only: bool,
    /// Confirm without asking; where a name must be typed, --confirm must give it.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub yes: bool,
    /// Log on standard error, the board in gonogo/log of the state folder; twice for every request.
    #[arg(short, long, global = true, help_heading = GLOBAL, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the board on a simulated release evening: nothing to set up, nothing can break.
    Demo(simulate::DemoArgs),
    /// Serve the simulated forges alone, until SIGTERM.
    Sim(simulate::SimArgs),
    /// Say what is where, what may go next, and why not.
    Status(status::StatusArgs),
    /// Explain every gate of one promotion, and when it could go at the earliest.
    Gates(gates::CellArgs),
    /// Exit 0 if a promotion may go now, else 3 or 7: for pipelines.
    Check(gates::CellArgs),
    /// Say what would move: commits, pull requests, tickets, size, and how much is at stake.
    Scope(gates::CellArgs),
    /// Say why what is live is there: ticket, author, reviewer, approver, promotion.
    Why(why::WhyArgs),
    /// Wait until a promotion may go, or until its revision is live: for pipelines.
    Wait(wait::WaitArgs),
    /// Promote services into an environment.
    Promote(acting::PromoteArgs),
    /// Go back to the last verified revision; the one that is left, or that failed, is held as bad.
    Rollback(acting::RollbackArgs),
    /// Override gates that are not open, for one use; confirm, withdraw and list overrides.
    #[command(subcommand)]
    Override(overriding::OverrideCommand),
    /// Approve what a forge waits for; the gates are asked first.
    Approve(acting::CellArgs),
    /// Reject what a forge waits for.
    Reject(acting::CellArgs),
    /// Cancel the run that is under way into an environment.
    Cancel(acting::CellArgs),
    /// Run the failed jobs of the last run again.
    Rerun(acting::CellArgs),
    /// Place, edit, lift and list holds.
    #[command(subcommand)]
    Hold(hold::HoldCommand),
    /// Add, open, close and list manual gates.
    #[command(subcommand)]
    Gate(manual_gate::GateCommand),
    /// List, show, plan and run releases: services that ship together, in waves.
    #[command(subcommand)]
    Release(release::ReleaseCommand),
    /// Vote go or no-go on a promotion or a release, as one of your roles.
    Vote(vote::VoteArgs),
    /// List windows and freezes, and say when promotions are allowed next.
    #[command(subcommand)]
    Window(window::WindowCommand),
    /// Attest tasks of checklists, take that back, and list them.
    #[command(subcommand)]
    Task(task::TaskCommand),
    /// Say what the next operator must know; hand it over, and take it over.
    Handover(handover::HandoverArgs),
    /// Print the journal.
    Log(journal::LogArgs),
    /// Check that the journal is as it was written, and export it for somebody else to check.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Check or show the configuration.
    #[command(subcommand)]
    Config(configuration::ConfigCommand),
    /// Print completions for a shell.
    Completions(shell::CompletionsArgs),
    /// Print the manual page, or write one for each command.
    Man(shell::ManArgs),
}

impl Cli {
    /// How many threads of the runtime read beside the first one, which draws or waits. Every one more is
    /// woken with the others; simulated forges answer on one of their own.
    pub fn threads(&self) -> usize {
        match self.command {
            Some(Command::Demo(_) | Command::Sim(_)) => 2,
            _ => 1,
        }
    }
}

impl Global {
    pub(crate) fn mode(&self) -> Mode {
        Mode {
            read_only: self.read_only,
            offline: self.offline,
        }
    }
}

/// Tells what is wrong with the arguments, or prints the help or version that they ask for.
///
/// With `--json` somewhere among them a program reads the answer, so it gets the form of every
/// other error.
pub fn misused(error: &clap::Error, mut arguments: impl Iterator<Item = OsString>) -> Exit {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Done;
    }
    let told = error.render().to_string();
    if arguments.any(|argument| argument == "--json") {
        let mut words = told.splitn(2, "\n\n").map(str::trim);
        let message = words
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let hint = words.next().unwrap_or_default();
        let failure = Failure::new(Exit::Usage, message);
        output::json_failure(&if hint.is_empty() {
            failure
        } else {
            failure.hint(hint)
        });
    } else {
        let told = told.trim_end().trim_start_matches("error: ");
        output::note(&format!("gonogo: {told}"));
    }
    Exit::Usage
}

/// Runs what the arguments say, and returns the exit code.
pub async fn run(cli: Cli) -> Exit {
    let Cli { global, command } = cli;
    let env = Env::of_process();
    let place = match command {
        None | Some(Command::Demo(_)) => log::Place::File,
        Some(_) => log::Place::StandardError,
    };
    if let Err(error) = log::start(global.verbose, place, &env) {
        let failure = Failure::new(Exit::Error, format!("no log can be kept: {error}"))
            .hint("leave -v out, or set XDG_STATE_HOME to a folder that may be written");
        output::failure(&global, &failure);
        return failure.exit;
    }
    let result = match command {
        None => Box::pin(demo::board(&global, &env)).await,
        Some(Command::Demo(args)) => Box::pin(simulate::demo(&global, &env, args)).await,
        Some(Command::Sim(args)) => simulate::sim(args).await,
        Some(Command::Status(args)) => status::run(&global, &env, args).await,
        Some(Command::Gates(args)) => gates::explain(&global, &env, args).await,
        Some(Command::Check(args)) => gates::check(&global, &env, args).await,
        Some(Command::Scope(args)) => scope::run(&global, &env, args).await,
        Some(Command::Why(args)) => why::run(&global, &env, args).await,
        Some(Command::Wait(args)) => wait::run(&global, &env, args).await,
        Some(Command::Promote(args)) => acting::promote(&global, &env, args).await,
        Some(Command::Rollback(args)) => acting::rollback(&global, &env, args).await,
        Some(Command::Override(command)) => overriding::run(&global, &env, command).await,
        Some(Command::Approve(args)) => acting::approve(&global, &env, args).await,
        Some(Command::Reject(args)) => acting::reject(&global, &env, args).await,
        Some(Command::Cancel(args)) => acting::cancel(&global, &env, args).await,
        Some(Command::Rerun(args)) => acting::rerun(&global, &env, args).await,
        Some(Command::Hold(command)) => Box::pin(hold::run(&global, &env, command)).await,
        Some(Command::Gate(command)) => manual_gate::run(&global, &env, command).await,
        Some(Command::Release(command)) => Box::pin(release::run(&global, &env, command)).await,
        Some(Command::Vote(args)) => vote::run(&global, &env, args).await,
        Some(Command::Window(command)) => window::run(&global, &env, command).await,
        Some(Command::Task(command)) => task::run(&global, &env, command).await,
        Some(Command::Handover(args)) => handover::run(&global, &env, args).await,
        Some(Command::Log(args)) => journal::log(&global, &env, args).await,
        Some(Command::Audit(command)) => audit::run(&global, &env, command).await,
        Some(Command::Config(command)) => configuration::run(&global, &env, command).await,
        Some(Command::Completions(args)) => Ok(shell::completions(&global, &args)),
        Some(Command::Man(args)) => shell::man(&global, &args),
    };
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            output::failure(&global, &failure);
            failure.exit
        }
    }
}

#[cfg(test)]
mod tests;
