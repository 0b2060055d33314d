//! What the terminal and the config say of the board's looks and keys: theme, signs, keymap.

use super::{Exit, Failure, Global, When};
use crate::app::interface::SavedView;
use crate::app::interface::custom::Customs;
use crate::app::keymap::Keymap;
use crate::config::{self, Binding, Env, Problem, Settings};
use crate::ui::Theme;
use crate::ui::theme::{Background, Depth};

/// The theme, in colours that the terminal has.
pub(super) fn theme(global: &Global, env: &Env, chosen: &config::Theme) -> Result<Theme, Failure> {
    let colourless = match global.color {
        When::Never => true,
        When::Always => false,
        // https://no-color.org: any value that is not empty.
        When::Auto => env.get("NO_COLOR").is_some() || env.get("TERM").is_some_and(is_colourless),
    };
    if colourless {
        return Ok(Theme::mono());
    }
    let background = background(env);
    let theme = match chosen {
        config::Theme::Auto => match background {
            Background::Dark => Theme::dark(),
            Background::Light => Theme::light(),
        },
        config::Theme::Named(name) => Theme::named(name, background).unwrap_or_else(Theme::dark),
        config::Theme::File(path) => {
            let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
            read.and_then(|text| Theme::parse(&text)).map_err(|why| {
                Failure::new(Exit::Usage, format!("the theme {}: {why}", path.display()))
                    .hint("`gonogo config theme dark` prints one to start from")
            })?
        }
    };
    Ok(theme.reduced(Depth::of(env.get("COLORTERM"), env.get("TERM"))))
}

/// Says whether a terminal never had colours.
fn is_colourless(term: &str) -> bool {
    matches!(term, "dumb" | "unknown") || term.ends_with("-m") || term.ends_with("-mono") || {
        let model = term.split('-').next().unwrap_or_default();
        matches!(model, "vt52" | "vt100" | "vt102" | "vt220" | "vt320")
    }
}

/// The keys with the config's changes; two commands on one key are told, not guessed, each with its
/// place in the file.
pub(super) fn keymap(settings: &Settings) -> Result<Keymap, Failure> {
    let changes = settings.keys.iter().map(|(command, binding)| {
        let keys = match binding {
            Binding::Keys(keys) => keys.clone(),
            Binding::Unbound => Vec::new(),
        };
        (command.clone(), keys)
    });
    Keymap::new(&changes.collect()).map_err(|mistakes| {
        let told = mistakes.into_iter().map(|mistake| {
            let names = mistake.name.split('.').map(str::to_owned);
            let place = std::iter::once("keys".to_owned()).chain(names);
            (place.collect(), mistake.why)
        });
        placed(settings, told.collect())
    })
}

/// The views of the config; a filter that cannot be understood is told with its place.
pub(super) fn views(settings: &Settings) -> Result<Vec<SavedView>, Failure> {
    let mut views = Vec::new();
    let mut told = Vec::new();
    for view in &settings.views {
        let columns = view.columns.as_deref();
        match SavedView::new(
            &view.name,
            view.filter.as_deref(),
            view.sort,
            view.group,
            columns,
        ) {
            Ok(view) => views.push(view),
            Err(problems) => told.extend(problems.into_iter().map(|(key, why)| {
                let place = ["view", view.name.as_str(), key];
                (place.map(str::to_owned).to_vec(), why)
            })),
        }
    }
    if told.is_empty() {
        Ok(views)
    } else {
        Err(placed(settings, told))
    }
}

/// A failure of what the config says under these keys, with file, line and column.
fn placed(settings: &Settings, told: Vec<(Vec<String>, String)>) -> Failure {
    let path = settings.source.clone().unwrap_or_default();
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let problems: Vec<Problem> = told
        .into_iter()
        .map(|(keys, why)| {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            config::problem_at(&text, &path, &keys, why, None)
        })
        .collect();
    super::settings::broken(&problems)
}

/// The operator's own commands, with keys that mean nothing else.
pub(super) fn customs(settings: &Settings, keymap: &Keymap) -> Result<Customs, Failure> {
    Customs::new(settings.commands.clone(), keymap).map_err(|problems| {
        let told = format!("[command]: {}", problems.join("; "));
        Failure::new(Exit::Usage, told)
    })
}

/// Guesses the background from `COLORFGBG` (rxvt, Konsole, tmux pass it on); dark without it.
pub(super) fn background(env: &Env) -> Background {
    let colour = env
        .get("COLORFGBG")
        .and_then(|value| value.rsplit(';').next()?.parse::<u8>().ok());
    match colour {
        Some(7 | 15) => Background::Light,
        Some(_) | None => Background::Dark,
    }
}

/// Says whether the locale promises UTF-8 and characters of one width: in CJK locales terminals
/// draw our marks two columns wide.
pub(super) fn speaks_unicode(env: &Env) -> bool {
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
    fn the_names_of_the_config_are_the_themes_that_there_are() {
        assert!(Theme::names().eq(config::Theme::NAMES));
    }

    #[test]
    fn the_words_of_views_are_the_same_in_config_and_on_the_board() {
        use crate::app::interface::{Grouping, Sort};
        assert_eq!(config::SORTS, Sort::ALL.map(Sort::word));
        assert_eq!(config::GROUPS, Grouping::ALL.map(Grouping::word));
    }

    #[test]
    fn a_cjk_or_unknown_locale_starts_in_ascii() {
        let env = |locale: &str| [("LANG", locale)].into_iter().collect::<Env>();
        assert!(speaks_unicode(&env("de_DE.UTF-8")));
        assert!(!speaks_unicode(&env("ja_JP.UTF-8")));
        assert!(!speaks_unicode(&env("POSIX")));
        assert!(speaks_unicode(&Env::default()));
    }

    #[test]
    fn terminals_that_never_had_colours_get_none() {
        for term in ["dumb", "vt100", "vt220-w", "xterm-mono"] {
            assert!(is_colourless(term), "{term}");
        }
        for term in ["xterm", "vt340", "linux", "screen-256color"] {
            assert!(!is_colourless(term), "{term}");
        }
    }
}
