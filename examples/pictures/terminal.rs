//! A pseudo-terminal with the program in it: keys in, screen out, and what was told when.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use color_eyre::eyre::eyre;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::scenes::Scene;

/// How long a text may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Terminal {
    _master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    _home: tempfile::TempDir,
}

struct Seen {
    parser: vt100::Parser,
    /// What the program wrote, with the time since its start.
    told: Vec<(Duration, Vec<u8>)>,
}

/// The screen as it is now; the terminal waits while this is held.
pub struct Screen<'a>(MutexGuard<'a, Seen>);

impl Screen<'_> {
    pub fn screen(&self) -> &vt100::Screen {
        self.0.parser.screen()
    }
}

impl Terminal {
    pub fn open(program: &Path, scene: &Scene) -> color_eyre::Result<Self> {
        let (cols, rows) = scene.size;
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .map_err(|why| eyre!(why))?;
        let home = tempfile::tempdir()?;
        let mut command = CommandBuilder::new(program);
        command.args(["demo", "--speed", "4"]);
        command.env_clear();
        command.cwd(home.path());
        for (name, value) in [
            ("PATH", "/usr/bin:/bin"),
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
            ("COLORFGBG", if scene.light { "0;15" } else { "15;0" }),
        ] {
            command.env(name, value);
        }
        command.env("HOME", home.path());
        let child = pair
            .slave
            .spawn_command(command)
            .map_err(|why| eyre!(why))?;
        drop(pair.slave);
        let parser = vt100::Parser::new(rows, cols, 0);
        let seen = Arc::new(Mutex::new(Seen {
            parser,
            told: Vec::new(),
        }));
        let mut reader = pair.master.try_clone_reader().map_err(|why| eyre!(why))?;
        let writer = pair.master.take_writer().map_err(|why| eyre!(why))?;
        let (shared, begun) = (Arc::clone(&seen), Instant::now());
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                let mut seen = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let bytes = buffer.get(..count).unwrap_or_default();
                seen.parser.process(bytes);
                seen.told.push((begun.elapsed(), bytes.to_vec()));
            }
        });
        Ok(Self {
            _master: pair.master,
            writer,
            child,
            seen,
            _home: home,
        })
    }

    pub fn screen(&self) -> Screen<'_> {
        Screen(self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn told(&self) -> Vec<(Duration, Vec<u8>)> {
        self.screen().0.told.clone()
    }

    pub fn press(&mut self, keys: &str) -> color_eyre::Result<()> {
        self.writer.write_all(keys.as_bytes())?;
        Ok(self.writer.flush()?)
    }

    /// Waits until a text is on the screen, or until it is gone.
    pub fn wait(&self, text: &str, there: bool) -> color_eyre::Result<()> {
        let begun = Instant::now();
        loop {
            let contents = self.screen().screen().contents();
            if contents.contains(text) == there {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(eyre!("waited in vain for {text:?}:\n{contents}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A process that is gone already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
