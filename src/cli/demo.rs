//! The board: `gonogo` without a command, on the config or on this checkout.

use std::io::IsTerminal;

use super::{Exit, Failure, Global, looks, settings};
use crate::config::Env;
use crate::runtime::board::{self, Opening};
use crate::runtime::plain;
use crate::runtime::session::{self, Session};

pub(super) async fn board(global: &Global, env: &Env) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    Box::pin(open(global, env, session, false)).await
}

/// Opens the board, or follows in lines with `--plain`; `tour` shows the demo's hints.
pub(super) async fn open(
    global: &Global,
    env: &Env,
    session: Session,
    tour: bool,
) -> Result<Exit, Failure> {
    if global.plain {
        plain::run(session).await?;
        return Ok(Exit::Done);
    }
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, "the board needs a terminal")
            .hint("`gonogo --plain` follows in lines without one, `gonogo status` prints once"));
    }
    // It understands no code: a board painted there is a heap of letters.
    if env.get("TERM") == Some("dumb") {
        return Err(Failure::new(
            Exit::Usage,
            "TERM=dumb: the board cannot be drawn on this terminal",
        )
        .hint("use `gonogo status` or `gonogo --plain`, or set TERM to what the terminal is"));
    }
    let given = looks::given(global, env);
    let looks = looks::looks(&session.settings, env, given)?;
    // The demo begins anew each time.
    let kept = session::path(&session.settings, env).filter(|_| !tour);
    let opening = Opening {
        looks,
        given,
        tour,
        session: kept,
    };
    board::run(session, opening)?;
    Ok(Exit::Done)
}
