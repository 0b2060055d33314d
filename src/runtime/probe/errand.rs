//! Errands: local programs whose exit code is the answer. An argv and never a shell; a small
//! environment; a time limit at which the whole process group ends.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::config::Env;
use crate::domain::custom::Output;
use crate::domain::log;
use crate::domain::sampling::Errand;
use crate::domain::sampling::answer::{self, End};
use crate::domain::seen::Sample;
use crate::domain::text;

/// How much output is kept; the rest is read and dropped, so that nobody blocks on a full pipe.
const KEPT: usize = 8 * 1024;

/// As much of a command that the operator runs to read what it says.
const SAID: usize = 256 * 1024;
const LINES: usize = 5_000;

/// What is passed on of our own environment.
const PASSED: &[&str] = &["PATH", "HOME", "LANG"];

/// How long the last words of a program that has ended are waited for: something it started may
/// keep its output open for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs a program in `folder` and reads how it ends.
pub async fn run(errand: &Errand, env: &Env, folder: Option<&Path>) -> Sample {
    let (end, output) = carry_out(errand, env, folder, KEPT).await;
    answer::program(&errand.name, &end, &output)
}

/// Runs a program of the operator's own, and says what it said.
pub async fn said(errand: &Errand, env: &Env, folder: Option<&Path>) -> Output {
    let (end, output) = carry_out(errand, env, folder, SAID).await;
    let (end, good) = match end {
        End::Exit(code) => (format!("exit {code}"), code == 0),
        End::Killed => ("killed".to_owned(), false),
        End::TimedOut(limit) => (format!("no end in {limit}: ended"), false),
        End::NotStarted(why) => (format!("cannot be started: {why}"), false),
    };
    let text = String::from_utf8_lossy(&output);
    let mut lines = text.lines();
    let kept: Vec<String> = lines.by_ref().take(LINES).map(clean).collect();
    let cut = lines.next().is_some() || output.len() >= SAID;
    Output {
        lines: kept,
        cut,
        end,
        good,
    }
}

/// Cleans a line as one line; its indent says something, so that stays.
fn clean(line: &str) -> String {
    let line = log::plain(line);
    let indent: String = line.chars().take_while(|sign| *sign == ' ').collect();
    format!("{indent}{}", text::clean(&line))
}

async fn carry_out(
    errand: &Errand,
    env: &Env,
    folder: Option<&Path>,
    kept: usize,
) -> (End, Vec<u8>) {
    let mut output = Vec::new();
    let end = match start(errand, env, folder) {
        Ok(mut child) => {
            let _group = Group::of(&child);
            let limit = errand.time_limit.unsigned_abs();
            match tokio::time::timeout(limit, finish(&mut child, &mut output, kept)).await {
                Ok(end) => end,
                Err(_) => End::TimedOut(format!("{:#}", errand.time_limit)),
            }
        }
        Err(error) => End::NotStarted(error.to_string()),
    };
    (end, output)
}

fn start(errand: &Errand, env: &Env, folder: Option<&Path>) -> std::io::Result<Child> {
    let mut words = errand.argv.iter();
    let nobody = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "no program is named");
    let program = program(words.next().ok_or_else(nobody)?, folder);
    let passed = PASSED
        .iter()
        .filter_map(|name| Some((*name, env.get(name)?)));
    let mut command = Command::new(program);
    command
        .args(words)
        .env_clear()
        .envs(passed)
        .envs(errand.told.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    command.spawn()
}

/// A name with a slash is a place from the config's folder on; any other is looked up in PATH.
fn program(name: &str, folder: Option<&Path>) -> PathBuf {
    match folder {
        Some(folder) if name.contains('/') => folder.join(name),
        Some(_) | None => PathBuf::from(name),
    }
}

async fn finish(child: &mut Child, output: &mut Vec<u8>, kept: usize) -> End {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let status = {
        let reading = async {
            tokio::join!(read(stdout, &mut out, kept), read(stderr, &mut err, kept));
        };
        tokio::pin!(reading);
        tokio::select! {
            status = child.wait() => {
                let _ = tokio::time::timeout(LAST_WORDS, &mut reading).await;
                status
            }
            () = &mut reading => child.wait().await,
        }
    };
    output.append(&mut out);
    output.append(&mut err);
    match status {
        Ok(status) => status.code().map_or(End::Killed, End::Exit),
        Err(error) => End::NotStarted(error.to_string()),
    }
}

async fn read(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>, kept: usize) {
    let Some(mut from) = from else { return };
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut part).await {
        let room = kept.saturating_sub(into.len());
        into.extend(part.iter().take(length.min(room)));
    }
}

/// A program and all that it started. It ends when this is dropped: at its time limit, when nobody
/// waits for it any more, and when it left something behind.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Without anybody left in it there is no such group, and nothing to end.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
