//! Short programs that are asked one thing: `git`, `gh`, a token command. An argv, never a shell
//! string; a deadline; an environment that is given, not inherited.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Env;

/// More than any answer that we ask for.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// One question to a program. It has no `Debug`: what is written to it may be secret.
#[derive(Clone)]
pub struct Question {
    pub argv: Vec<String>,
    pub env: Env,
    /// What it reads; without it, its input is empty.
    pub input: Option<String>,
    /// Where it runs; without it, here.
    pub folder: Option<PathBuf>,
    pub deadline: Duration,
}

impl Question {
    /// A question with empty input, here, within three seconds.
    pub fn new(argv: &[&str], env: Env) -> Self {
        Self {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            env,
            input: None,
            folder: None,
            deadline: Duration::from_secs(3),
        }
    }
}

/// Why a program gave no answer. What it wrote to stderr is left out: it may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    #[error("it is not installed")]
    Missing,
    #[error("it gave no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("it ended with {0}")]
    Failed(String),
    #[error("its answer is not text")]
    Unreadable,
}

/// Runs programs; tests answer in its stead.
#[async_trait]
pub trait Runner: Send + Sync {
    /// Returns what the program writes to stdout, if it ends well and in time.
    async fn ask(&self, question: Question) -> Result<String, Silence>;
}

/// Runs real programs.
#[derive(Clone, Copy, Debug)]
pub struct Programs;

#[async_trait]
impl Runner for Programs {
    async fn ask(&self, question: Question) -> Result<String, Silence> {
        let deadline = question.deadline;
        // The program is killed when the future is dropped at its deadline.
        match tokio::time::timeout(deadline, answer(question)).await {
            Ok(answer) => answer,
            Err(_) => Err(Silence::TimedOut(deadline)),
        }
    }
}

async fn answer(question: Question) -> Result<String, Silence> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Silence::Missing,
        _ => Silence::Failed(error.to_string()),
    };
    let mut words = question.argv.iter();
    let mut command = tokio::process::Command::new(words.next().ok_or(Silence::Missing)?);
    command
        .args(words)
        .env_clear()
        .envs(question.env.iter())
        .stdin(match question.input {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(folder) = &question.folder {
        command.current_dir(folder);
    }
    let mut child = command.spawn().map_err(failed)?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), question.input) {
        // A program that does not read its input may still answer.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = stdout.take(LONGEST_ANSWER);
        stdout.read_to_end(&mut output).await.map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
    if !status.success() {
        return Err(Silence::Failed(status.to_string()));
    }
    String::from_utf8(output).map_err(|_| Silence::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> Env {
        [("PATH", "/usr/bin:/bin"), ("WORD", "given")]
            .into_iter()
            .collect()
    }

    #[tokio::test]
    async fn a_program_sees_its_input_and_the_given_environment_alone() {
        let mut question = Question::new(&["sh", "-c", "cat; echo $WORD$HOME"], env());
        question.input = Some("in ".to_owned());
        assert_eq!(Programs.ask(question).await.unwrap(), "in given\n");
    }

    #[tokio::test]
    async fn silence_has_a_reason() {
        let ask = async |argv: &[&str]| {
            let mut question = Question::new(argv, env());
            question.deadline = Duration::from_millis(200);
            Programs.ask(question).await.unwrap_err()
        };
        assert_eq!(ask(&["no-such-program-here"]).await, Silence::Missing);
        assert!(matches!(ask(&["false"]).await, Silence::Failed(_)));
        assert!(matches!(ask(&["sleep", "60"]).await, Silence::TimedOut(_)));
    }
}
