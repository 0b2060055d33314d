//! The whole program behind a pseudo-terminal: what an operator sees, and what is left of the
//! terminal afterwards. Few tests, because each is a process and a simulated evening.
#![expect(
    clippy::disallowed_methods,
    reason = "a process behind a terminal lives in real time, and a thread reads what it writes"
)]

use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::program::GONOGO;

mod comfort;
mod leaving;
mod looks;
mod release;

/// How long a condition may take.
const PATIENCE: Duration = Duration::from_secs(60);
const DEMO: &str = "\"$GONOGO\" demo --speed 60";

/// A terminal with a shell in it that runs one script.
struct Terminal {
    /// `None` once it was closed.
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    reader: Option<JoinHandle<()>>,
    home: tempfile::TempDir,
}

/// What the terminal has been told so far.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    /// The reader lets go of the terminal.
    over: bool,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

impl Terminal {
    fn open(columns: u16, rows: u16, script: &str, env: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        command.env_clear();
        command.cwd(home.path());
        command.env("HOME", home.path());
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.env("GONOGO", GONOGO);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new(rows, columns, 0);
        let seen = Arc::new(Mutex::new(Seen {
            parser,
            bytes: Vec::new(),
            over: false,
        }));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let told = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let mut seen = told.lock().unwrap();
                seen.parser.process(&buffer[..count]);
                seen.bytes.extend_from_slice(&buffer[..count]);
                if seen.over {
                    return;
                }
            }
        });
        let writer = Some(pair.master.take_writer().unwrap());
        Self {
            master: Some(pair.master),
            writer,
            child,
            seen,
            reader: Some(reader),
            home,
        }
    }

    /// The board of the demo, once its facts are on it, followed by what `stty` says at the end.
    fn demo(columns: u16, rows: u16, more: &str, env: &[(&str, &str)]) -> Self {
        let script = format!("{DEMO} {more}; echo \"ended $?\"; stty -a; echo over");
        let terminal = Self::open(columns, rows, &script, env);
        terminal.wait_for("READY");
        terminal
    }

    fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    fn screen(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap().bytes.clone()
    }

    #[track_caller]
    fn wait(&self, what: &str, done: impl Fn(&Seen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(&self.seen.lock().unwrap()) {
            assert!(
                Instant::now() < deadline,
                "waited in vain for {what}:\n{}",
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        self.wait(text, |seen| seen.parser.screen().contents().contains(text));
    }

    #[track_caller]
    fn wait_until_gone(&self, text: &str) {
        let what = format!("the end of {text}");
        self.wait(&what, |seen| {
            !seen.parser.screen().contents().contains(text)
        });
    }

    fn press(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    fn resize(&self, columns: u16, rows: u16) {
        self.seen
            .lock()
            .unwrap()
            .parser
            .screen_mut()
            .set_size(rows, columns);
        self.resize_unseen(columns, rows);
    }

    /// Resizes the terminal but not what reads it: the parser of the tests cannot be of any size.
    fn resize_unseen(&self, columns: u16, rows: u16) {
        self.master
            .as_ref()
            .unwrap()
            .resize(size(columns, rows))
            .unwrap();
    }

    /// The program itself, which is the shell's only child.
    fn program(&self) -> u32 {
        let shell = self.child.process_id().unwrap();
        let children = format!("/proc/{shell}/task/{shell}/children");
        let children = std::fs::read_to_string(children).unwrap();
        children.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The local modes of the terminal, by the kernel's word.
    fn modes(&self) -> String {
        format!(
            "{:?}",
            self.master
                .as_ref()
                .unwrap()
                .get_termios()
                .unwrap()
                .local_flags
        )
    }

    /// Checks that the script went on after the program, on a terminal as it was before.
    #[track_caller]
    fn is_sane_after(&self, code: &str) {
        // On the program's own screen something may have ended at 01:00, or be overridden.
        self.wait("the primary screen", |seen| {
            !seen.parser.screen().alternate_screen()
        });
        self.wait_for(&format!("ended {code}"));
        self.wait_for("over");
        let seen = self.seen.lock().unwrap();
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "no cursor");
        assert!(!screen.bracketed_paste(), "still bracketed paste");
        let said = screen.contents();
        let words: Vec<&str> = said
            .split(|c: char| c.is_whitespace() || c == ';')
            .collect();
        for mode in ["icanon", "echo", "isig", "icrnl", "opost"] {
            assert!(words.contains(&mode), "{mode} is off:\n{said}");
        }
    }

    /// Waits for the shell's end, and says how long it took.
    fn ends_within(&mut self, limit: Duration) -> Duration {
        let from = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(
                from.elapsed() < limit,
                "still there after {limit:?}:\n{}",
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        from.elapsed()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Only what this test started, and only if it is still there.
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn signal(process: u32, name: &str) {
    let ended = Command::new("sh")
        .args(["-c", &format!("kill -{name} {process}")])
        .status();
    assert!(ended.unwrap().success());
}

/// The state of a process in one letter: `R`, `S`, `T`…; `None` if it is gone.
fn state_of(process: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}
