//! What jobs print: a log for each, the same every time it is asked for, and longer while the job runs.
//!
//! What has been printed never changes: a reader may ask for what is new alone.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use crate::sim::model::{Conclusion, Flavor, Job, Run, State, commit::sha_of};

/// What a job does, part by part: its name, and what it says.
const PARTS: [(&str, &[&str]); 4] = [
    (
        "checkout",
        &[
            "Fetching the repository",
            "HEAD is now at {sha}",
            "Cleaning the workspace",
        ],
    ),
    (
        "restore cache",
        &[
            "Cache hit for key: deps-{short}",
            "Unpacked 214 MB in 3.1 s",
        ],
    ),
    (
        "{job}",
        &[
            "\u{1b}[36m$ ./ci/run {job}\u{1b}[0m",
            "resolving {n} packages",
            "\u{1b}[32mok\u{1b}[0m    case {n}: round half-even for JPY",
            "\u{1b}[32mok\u{1b}[0m    case {n}: an idempotency key is used once",
            "\u{1b}[33mwarn\u{1b}[0m  case {n}: slow, took 1.9 s",
            "\u{1b}[32mok\u{1b}[0m    case {n}: a retry after a timeout",
            "rollout step {n}: weight 25",
            "analysis err-rate 0.02% < 1%   \u{1b}[32mok\u{1b}[0m",
            "analysis p99 214ms < 400ms     \u{1b}[32mok\u{1b}[0m",
        ],
    ),
    ("clean up", &["Removing temporary files", "Done"]),
];

/// Which of them is the work itself.
const WORK: usize = 2;
/// How many lines the work itself prints at the most.
const MOST: u64 = 400;

/// What a job has printed by now, in the words of its forge.
pub fn of(state: &State, run: &Run, job: &Job) -> String {
    let Some(started) = job
        .started_at
        .filter(|_| job.conclusion != Some(Conclusion::Skipped))
    else {
        return String::new();
    };
    let mut log = Log {
        flavor: state.flavor,
        text: String::new(),
    };
    let until = job.completed_at.unwrap_or(state.now);
    let failed = matches!(
        job.conclusion,
        Some(Conclusion::Failure | Conclusion::TimedOut | Conclusion::StartupFailure)
    );
    let seed = run.id.wrapping_mul(31).wrapping_add(job.id);
    let work = (40 + seed % 60).max(job.took / 4).min(MOST);
    let count = |part: usize, lines: &[&str]| match part {
        WORK => work,
        _ => lines.len() as u64,
    };
    let parts = || PARTS.iter().enumerate();
    let all: u64 = parts()
        .map(|(part, (_, lines))| 1 + count(part, lines))
        .sum();
    // By the time that it was to take: what it took in the end must not move a line.
    let took = f64::from(u32::try_from(job.took.max(1)).unwrap_or(u32::MAX));
    let took = state.scaled(took).as_millis();
    let moment = |place: u64| {
        let passed = took * i128::from(place) / i128::from(all.max(1));
        started + SignedDuration::from_millis(i64::try_from(passed).unwrap_or(0))
    };
    let mut place = 0;
    'printing: for (part, (name, lines)) in parts() {
        // Whoever fails does not get to cleaning up, and before the end nobody knows who fails.
        if part > WORK && (failed || job.completed_at.is_none()) {
            break;
        }
        for number in 0..=count(part, lines) {
            let at = moment(place);
            if at > until {
                break 'printing;
            }
            place += 1;
            let Some(number) = number.checked_sub(1) else {
                if let Some((before, _)) = part.checked_sub(1).and_then(|it| PARTS.get(it)) {
                    log.ends(at, &filled(before, run, job, 0));
                }
                log.begins(at, &filled(name, run, job, 0));
                continue;
            };
            let index = usize::try_from(number).unwrap_or(0) % lines.len().max(1);
            let words = lines.get(index).copied().unwrap_or_default();
            log.says(at, &filled(words, run, job, number));
        }
    }
    if let (Some(at), Some(conclusion)) = (job.completed_at, job.conclusion) {
        log.over(at, conclusion, failed);
    }
    log.text
}

/// What makes the address of a stored log one that nobody guesses.
pub fn key(state: &State, repo: u64, job: u64) -> String {
    let seed = state.seed.to_string();
    sha_of(&[&seed, "log", &repo.to_string(), &job.to_string()])
}

fn filled(words: &str, run: &Run, job: &Job, number: u64) -> String {
    words
        .replace("{job}", &job.name)
        .replace("{sha}", &run.head_sha)
        .replace("{short}", run.head_sha.get(..7).unwrap_or_default())
        .replace("{n}", &number.to_string())
}

/// A log in the making.
struct Log {
    flavor: Flavor,
    text: String,
}

impl Log {
    fn is_gitlab(&self) -> bool {
        self.flavor == Flavor::Gitlab
    }

    fn begins(&mut self, at: Timestamp, name: &str) {
        if self.is_gitlab() {
            let slug = name.replace(' ', "_");
            let mark = format!(
                "section_start:{}:{slug}\r\u{1b}[0K\u{1b}[0K\u{1b}[36;1m{name}\u{1b}[0;m",
                at.as_second()
            );
            self.says(at, &mark);
        } else {
            self.says(at, &format!("##[group]Run {name}"));
        }
    }

    fn ends(&mut self, at: Timestamp, name: &str) {
        if self.is_gitlab() {
            let slug = name.replace(' ', "_");
            let mark = format!("section_end:{}:{slug}\r\u{1b}[0K", at.as_second());
            self.says(at, &mark);
        } else {
            self.says(at, "##[endgroup]");
        }
    }

    /// GitHub's and Forgejo's runners write the time before each line, GitLab's as a rule do not.
    fn says(&mut self, at: Timestamp, words: &str) {
        if !self.is_gitlab() {
            let _ = write!(self.text, "{at:.7} ");
        }
        self.text.push_str(words);
        self.text.push('\n');
    }

    fn over(&mut self, at: Timestamp, conclusion: Conclusion, failed: bool) {
        if failed {
            for words in [
                "\u{1b}[31mFAIL\u{1b}[0m  checkout total: expected 1000, got 999",
                "  at tests/total.rs:41:5",
                "  2 of 31 cases failed",
            ] {
                self.says(at, words);
            }
        }
        let words = match (self.is_gitlab(), failed, conclusion) {
            (true, true, _) => "\u{1b}[31;1mERROR: Job failed: exit code 1\u{1b}[0;m",
            (true, false, Conclusion::Cancelled) => "\u{1b}[31;1mERROR: Job canceled\u{1b}[0;m",
            (true, false, _) => "\u{1b}[32;1mJob succeeded\u{1b}[0;m",
            (false, true, _) => "##[error]Process completed with exit code 1.",
            (false, false, Conclusion::Cancelled) => "##[error]The operation was canceled.",
            (false, false, _) => "Cleaning up orphan processes",
        };
        self.says(at, words);
    }
}
