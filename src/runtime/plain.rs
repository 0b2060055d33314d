//! Plain mode's loop: it follows what happens and prints it as lines, until a signal comes or nobody
//! reads them any more.

use std::io::{self, Write as _};

use super::headless::Headless;
use super::session::Session;
use crate::app::engine::reach::Reach;
use crate::app::engine::sampling::Samples;
use crate::app::plain::Plain;

/// Follows every service and prints what changes.
///
/// # Errors
///
/// If the lines cannot be written.
pub async fn run(session: Session) -> io::Result<()> {
    let mut headless = Headless::new(session);
    let engine = &mut headless.state.engine;
    engine.samples = Samples::On;
    engine.reach = Reach::All;
    let services = engine.policy.services.iter();
    engine.watched = services.map(|service| service.name.clone()).collect();
    headless.follow_journal();
    let mut plain = Plain::default();
    let mut failed = None;
    headless
        .follow(|engine, reports, now| {
            let lines = plain.news(engine, reports, now);
            let written = write(&lines);
            match written {
                Ok(()) => true,
                // Whoever read it has gone away.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => false,
                Err(error) => {
                    failed = Some(error);
                    false
                }
            }
        })
        .await;
    headless.finish().await;
    failed.map_or(Ok(()), Err)
}

fn write(lines: &[String]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}
