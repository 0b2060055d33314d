//! The board: `gonogo` without a command, on the config or on this checkout.

use std::io::IsTerminal;

use super::{Exit, Failure, Global, settings};
use crate::app::keymap::Keymap;
use crate::config::{self, Binding, Env};
use crate::runtime::board::{self, Looks};
use crate::runtime::session::Session;
use crate::ui::Theme;

pub(super) async fn board(global: &Global, env: &Env) -> Result<Exit, Failure> {
    let (session, _) = settings::session(global, env, global.mode()).await?;
    open(global, env, session, false).await
}

/// Opens the board; `tour` shows the demo's four hints.
pub(super) async fn open(
    global: &Global,
    env: &Env,
    session: Session,
    tour: bool,
) -> Result<Exit, Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, "the board needs a terminal")
            .hint("`gonogo status` prints without one"));
    }
    let ui = session.settings.ui;
    let colourless = match global.color {
        super::When::Never => true,
        super::When::Always => false,
        // https://no-color.org: any value that is not empty.
        super::When::Auto => env.get("NO_COLOR").is_some() || env.get("TERM") == Some("dumb"),
    };
    let theme = match (colourless, ui.theme) {
        (true, _) => Theme::mono(),
        (false, config::Theme::Light) => Theme::light(),
        (false, config::Theme::Dark) => Theme::dark(),
        (false, config::Theme::Auto) => of_terminal(env),
    };
    let ascii = global.ascii || ui.ascii || !speaks_unicode(env);
    let keymap = keymap(&session)?;
    let looks = Looks {
        ascii,
        theme,
        keymap,
        utc: ui.utc,
        tour,
    };
    board::run(session, looks).await?;
    Ok(Exit::Done)
}

/// The keys with the config's changes; two commands on one key are told, not guessed.
fn keymap(session: &Session) -> Result<Keymap, Failure> {
    let keys = session.settings.keys.iter();
    let changes = keys.map(|(command, binding)| {
        let keys = match binding {
            Binding::Keys(keys) => keys.clone(),
            Binding::Unbound => Vec::new(),
        };
        (command.clone(), keys)
    });
    Keymap::new(&changes.collect())
        .map_err(|problems| Failure::new(Exit::Usage, format!("[keys]: {}", problems.join("; "))))
}

/// Guesses the background from `COLORFGBG` (rxvt, Konsole, tmux pass it on); dark without it.
fn of_terminal(env: &Env) -> Theme {
    let background = env
        .get("COLORFGBG")
        .and_then(|value| value.rsplit(';').next()?.parse::<u8>().ok());
    match background {
        Some(7 | 15) => Theme::light(),
        Some(_) | None => Theme::dark(),
    }
}

/// Says whether the locale promises UTF-8 and characters of one width: in CJK locales terminals
/// draw our marks two columns wide.
fn speaks_unicode(env: &Env) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| env.get(name))
        .unwrap_or("C.UTF-8");
    let upper = locale.to_uppercase();
    let utf8 = upper.contains("UTF-8") || upper.contains("UTF8");
    let wide = ["ZH", "JA", "KO"]
        .iter()
        .any(|language| upper.starts_with(language));
    utf8 && !wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cjk_or_unknown_locale_starts_in_ascii() {
        let env = |locale: &str| [("LANG", locale)].into_iter().collect::<Env>();
        assert!(speaks_unicode(&env("de_DE.UTF-8")));
        assert!(!speaks_unicode(&env("ja_JP.UTF-8")));
        assert!(!speaks_unicode(&env("POSIX")));
        assert!(speaks_unicode(&Env::default()));
    }
}
