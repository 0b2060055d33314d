//! For tests: the program as a process of its own, with a clean environment, and `gonogo sim` as
//! another one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

pub const GONOGO: &str = env!("CARGO_BIN_EXE_gonogo");

/// `gonogo sim`, and the folder with the config that it left.
pub struct Sim {
    child: Option<Child>,
    pub folder: tempfile::TempDir,
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    pub announced: Value,
}

impl Sim {
    /// The demo's GitHub alone.
    pub fn start(speed: f64) -> Self {
        let world = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/worlds/evening.toml");
        Self::of(speed, &[world])
    }

    /// The demo's GitHub on which nobody deploys geo past gonogo: at a high speed that comes within
    /// seconds, in the middle of a test that goes there and back.
    pub fn undisturbed(speed: f64) -> Self {
        let world = include_str!("../../assets/worlds/evening.toml");
        let (surprises, rest): (Vec<&str>, Vec<&str>) = world
            .lines()
            .partition(|line| line.contains(r#"do = "dispatch", by = "raj""#));
        assert_eq!(surprises.len(), 1, "{surprises:?}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("undisturbed.toml");
        std::fs::write(&file, rest.join("\n")).unwrap();
        Self::of(speed, &[file.to_str().unwrap()])
    }

    /// The demo's evening: a GitHub, a GitLab and a Forgejo.
    pub fn evening(speed: f64) -> Self {
        Self::of(speed, &[])
    }

    /// Simulates these world files in place of the demo's evening.
    pub fn of(speed: f64, worlds: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(GONOGO)
            .env_clear()
            .args(["sim", "--speed", &speed.to_string(), "--write-config"])
            .arg(folder.path().join("gonogo.toml"))
            .args(worlds.iter().flat_map(|it| ["--world", it]))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        let announced: Value = serde_json::from_str(&line).unwrap();
        let base = announced["forges"][0]["url"].as_str().unwrap().to_owned();
        Self {
            child: Some(child),
            folder,
            base,
            announced,
        }
    }

    pub fn token(&self, label: &str) -> String {
        let token = &self.announced["forges"][0]["tokens"][label];
        token.as_str().unwrap().to_owned()
    }

    /// Every secret that must never be printed.
    fn secrets(&self) -> Vec<String> {
        let forges = self.announced["forges"].as_array().unwrap().iter();
        let tokens = forges.flat_map(|it| it["tokens"].as_object().unwrap().values());
        tokens.map(|it| it.as_str().unwrap().to_owned()).collect()
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("gonogo.toml")
    }

    /// Writes a config of another name, changed, and returns where it is.
    pub fn config_with(&self, name: &str, change: impl Fn(String) -> String) -> PathBuf {
        let text = std::fs::read_to_string(self.config()).unwrap();
        let path = self.folder.path().join(format!("{name}.toml"));
        std::fs::write(&path, change(text)).unwrap();
        path
    }

    /// Runs the program on this simulation's config.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(&self.config(), arguments)
    }

    pub fn run_with(&self, config: &Path, arguments: &[&str]) -> Ran {
        let mut command = gonogo(self.folder.path());
        command.env("GONOGO_CONFIG", config).args(arguments);
        self.take(command)
    }

    /// Runs a command to its end and checks that it told no secret.
    pub fn take(&self, mut command: Command) -> Ran {
        let ran = Ran::of(command.stdin(Stdio::null()).output().unwrap());
        for secret in self.secrets() {
            assert!(!ran.out.contains(&secret), "a token on stdout: {}", ran.out);
            assert!(!ran.err.contains(&secret), "a token on stderr: {}", ran.err);
        }
        ran
    }

    /// Asks the simulation's own calls.
    pub fn control(&self, method: &str, path: &str, body: &str) -> Value {
        ask(&self.base, method, &format!("/_sim{path}"), None, body)
    }

    pub fn requests(&self) -> Vec<Value> {
        self.control("GET", "/requests", "")
            .as_array()
            .unwrap()
            .clone()
    }

    /// The requests that could change something.
    pub fn writes(&self) -> Vec<Value> {
        let is_write = |it: &Value| {
            it["method"] != "GET" && !it["path"].as_str().unwrap().ends_with("/graphql")
        };
        self.requests().into_iter().filter(is_write).collect()
    }

    /// Ends the forge; its config and journal stay.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The program with nothing in its environment but a home of its own.
pub fn gonogo(home: &Path) -> Command {
    let mut command = Command::new(GONOGO);
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap());
    command.current_dir(home);
    command
}

/// How the program ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one JSON value on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "one line of JSON: {self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error that `--json` prints, after checking its form.
    #[track_caller]
    pub fn error(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{self:?}");
        let answer = self.json();
        assert_eq!(keys(&answer), ["schema", "error"], "{self:?}");
        assert_eq!(answer["schema"], 1);
        let error = answer["error"].clone();
        let mut keys = keys(&error);
        // Those of a config file, one by one.
        keys.retain(|key| *key != "problems");
        assert_eq!(keys, ["kind", "message", "hint", "exit"]);
        assert_eq!(error["exit"], code);
        error
    }

    #[track_caller]
    pub fn done(&self) -> &Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

/// The keys of an object, in order.
pub fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// The smallest HTTP client there is: what looks at the forge behind the program's back must not
/// share its code.
pub fn ask(base: &str, method: &str, route: &str, token: Option<&str>, body: &str) -> Value {
    let address = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let authorization = token
        .map(|it| format!("authorization: Bearer {it}\r\n"))
        .unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "{method} {route} HTTP/1.1\r\nhost: {address}\r\nuser-agent: it\r\n{authorization}\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}",
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
}
