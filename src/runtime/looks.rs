//! How the board looks and which keys it has, as config, command line and terminal say together: made
//! at the start, and again when the config file changes. What a theme is lives in `ui/theme.rs`.

use std::path::Path;

use crate::app::interface::custom::Customs;
use crate::app::interface::{Preferences, SavedView};
use crate::app::keymap::{Keymap, Mistake};
use crate::config::changes::{Changes, Part};
use crate::config::{self, Binding, Env, Finding, Problem, Settings};
use crate::domain::notice::Rule;
use crate::ui::Theme;
use crate::ui::theme::{Background, Depth};

/// What the command line and the terminal say, whatever the config says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    colourless: bool,
    depth: Depth,
    /// Whether the terminal has no more than ASCII, or nothing else is wanted.
    ascii: bool,
    /// Whether somebody wants nothing to move.
    still: bool,
    /// What is behind the letters, if the environment tells.
    background: Option<Background>,
    /// Whether the terminal may be asked for it.
    asked: bool,
}

impl Given {
    /// Reads the environment. `colour` is what the command line says of colours, if it does.
    pub fn new(colour: Option<bool>, ascii: bool, env: &Env) -> Self {
        let term = env.get("TERM");
        // https://no-color.org: any value that is not empty.
        let none = || env.get("NO_COLOR").is_some() || term.is_some_and(is_colourless);
        Self {
            colourless: colour.map_or_else(none, |on| !on),
            depth: Depth::of(env.get("COLORTERM"), term),
            ascii: ascii || !speaks_unicode(env),
            still: ["NO_MOTION", "REDUCE_MOTION"]
                .iter()
                .any(|name| env.get(name).is_some()),
            background: background(env),
            // The console of Linux would show the question.
            asked: term.is_some_and(|term| term != "linux"),
        }
    }
}

/// Everything about looks and keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    pub themes: Themes,
    pub keymap: Keymap,
    pub customs: Customs,
    /// Who is told of journal entries: dialogs say so.
    pub receivers: Vec<Rule>,
    pub views: Vec<SavedView>,
    pub ascii: bool,
    /// Whether signs of running work may move.
    pub motion: bool,
    /// Whether the mouse is listened to from the start.
    pub mouse: bool,
    pub utc: bool,
}

impl Looks {
    /// Makes them of a config's settings.
    ///
    /// # Errors
    ///
    /// Everything wrong that the config layer cannot know: keys that collide, filters that cannot be
    /// understood, a theme file that is none. Each with the keys under which it stands in the file.
    pub fn new(settings: &Settings, given: Given) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut told = |found: Vec<Finding>| findings.extend(found);
        let themes = themes(settings, given).map_err(&mut told);
        let keymap = keymap(settings).map_err(&mut told);
        let views = views(settings).map_err(&mut told);
        // Where the bindings are wrong, those that are usual say what is taken.
        let bound = keymap
            .as_ref()
            .map_or_else(|()| Keymap::default(), Clone::clone);
        let customs = customs(settings, &bound).map_err(&mut told);
        let ui = &settings.ui;
        match (themes, keymap, views, customs) {
            (Ok(themes), Ok(keymap), Ok(views), Ok(customs)) => Ok(Self {
                themes,
                keymap,
                customs,
                receivers: settings.notify.clone(),
                views,
                ascii: given.ascii || ui.ascii,
                motion: ui.motion && !given.still,
                mouse: ui.mouse,
                utc: ui.utc,
            }),
            _ => Err(findings),
        }
    }

    /// Reads a config file with the looks and keys that it gives.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with either, in the order of the file.
    pub fn read(path: &Path, env: &Env, given: Given) -> Result<(Settings, Self), Vec<Problem>> {
        config::read_with(path, env, |settings| Self::new(settings, given))
    }

    /// What the board takes of a changed config. What the operator may have switched by a key since
    /// stays unless it is just this that was changed.
    pub fn preferences(&self, changes: &Changes) -> Preferences {
        let of = |part: Part, on: bool| changes.now.contains(&part).then_some(on);
        Preferences {
            keymap: self.keymap.clone(),
            customs: self.customs.clone(),
            receivers: self.receivers.clone(),
            views: self.views.clone(),
            ascii: self.ascii,
            motion: self.motion,
            mouse: of(Part::Mouse, self.mouse),
            utc: of(Part::Utc, self.utc),
            told: changes.told(),
        }
    }
}

/// A theme, for what is behind the letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Themes {
    dark: Theme,
    light: Theme,
    /// Whether the terminal is worth asking which of them fits.
    open: bool,
}

impl Themes {
    fn new(chosen: &config::Theme, given: Given) -> Result<Self, String> {
        let (dark, light) = match chosen {
            _ if given.colourless => (Theme::mono(), Theme::mono()),
            config::Theme::Auto => (Theme::dark(), Theme::light()),
            config::Theme::Named(name) => {
                let named = |background| Theme::named(name, background);
                let dark = named(Background::Dark).unwrap_or_else(Theme::dark);
                let light = named(Background::Light).unwrap_or_else(Theme::light);
                (dark, light)
            }
            config::Theme::File(path) => {
                let theme = file(path)?;
                (theme.clone(), theme)
            }
        };
        let open = given.background.is_none() && given.asked && dark != light;
        Ok(Self {
            dark: dark.reduced(given.depth),
            light: light.reduced(given.depth),
            open,
        })
    }

    fn on(&self, background: Background) -> &Theme {
        match background {
            Background::Dark => &self.dark,
            Background::Light => &self.light,
        }
    }
}

fn file(path: &Path) -> Result<Theme, String> {
    let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
    read.and_then(|text| Theme::parse(&text))
        .map_err(|why| format!("the theme {}: {why}", path.display()))
}

/// The theme that the board is drawn with, and what decides it.
#[derive(Clone, Debug)]
pub struct Wardrobe {
    given: Given,
    /// Those of the config.
    themes: Themes,
    /// Those that were chosen on the board, for as long as it runs.
    chosen: Option<Themes>,
    background: Background,
}

impl Wardrobe {
    pub fn new(given: Given, themes: Themes) -> Self {
        Self {
            given,
            themes,
            chosen: None,
            background: given.background.unwrap_or(Background::Dark),
        }
    }

    pub fn theme(&self) -> &Theme {
        let themes = self.chosen.as_ref().unwrap_or(&self.themes);
        themes.on(self.background)
    }

    /// Says whether the terminal is to be asked what is behind the letters.
    pub fn asks(&self) -> bool {
        self.themes.open
    }

    /// Takes the terminal's answer.
    pub fn heard(&mut self, background: Background) {
        self.background = background;
    }

    /// The names that can be chosen on the board.
    pub fn names() -> Vec<String> {
        let own = Theme::names().map(str::to_owned);
        ["config", "auto"]
            .map(str::to_owned)
            .into_iter()
            .chain(own)
            .collect()
    }

    /// Chooses a theme by its name.
    ///
    /// # Errors
    ///
    /// Says in words why it cannot be.
    pub fn choose(&mut self, name: &str) -> Result<(), String> {
        let theme = match name {
            "config" => {
                self.chosen = None;
                return Ok(());
            }
            "auto" => config::Theme::Auto,
            name => {
                let known = config::Theme::NAMES
                    .into_iter()
                    .find(|known| *known == name);
                config::Theme::Named(known.ok_or_else(|| format!("there is no theme {name:?}"))?)
            }
        };
        if self.given.colourless {
            return Err("there are no colours here: NO_COLOR, --color or the terminal".to_owned());
        }
        self.chosen = Some(Themes::new(&theme, self.given)?);
        Ok(())
    }

    /// Takes the themes of a changed config; a choice on the board stays unless they have changed.
    pub fn reload(&mut self, themes: Themes) {
        if themes != self.themes {
            self.chosen = None;
            self.themes = themes;
        }
    }
}

fn themes(settings: &Settings, given: Given) -> Result<Themes, Vec<Finding>> {
    Themes::new(&settings.ui.theme, given).map_err(|why| {
        vec![Finding {
            keys: ["ui", "theme"].map(str::to_owned).to_vec(),
            why,
            hint: Some("`gonogo config theme dark` prints one to start from".to_owned()),
        }]
    })
}

/// The keys with the config's changes; two commands on one key are told, not guessed.
///
/// # Errors
///
/// Everything that is wrong with them.
pub fn keymap(settings: &Settings) -> Result<Keymap, Vec<Finding>> {
    let changes = settings.keys.iter().map(|(command, binding)| {
        let keys = match binding {
            Binding::Keys(keys) => keys.clone(),
            Binding::Unbound => Vec::new(),
        };
        (command.clone(), keys)
    });
    Keymap::new(&changes.collect()).map_err(|mistakes| {
        let found = mistakes.into_iter().map(|Mistake { name, why, hint }| {
            let names = name.split('.').map(str::to_owned);
            let keys = std::iter::once("keys".to_owned()).chain(names).collect();
            Finding { keys, why, hint }
        });
        found.collect()
    })
}

/// The operator's own commands, with keys that mean nothing else.
///
/// # Errors
///
/// Everything that is wrong with them.
pub fn customs(settings: &Settings, keymap: &Keymap) -> Result<Customs, Vec<Finding>> {
    Customs::new(settings.commands.clone(), keymap).map_err(|mistakes| {
        let found = mistakes
            .into_iter()
            .map(|Mistake { name, why, hint }| Finding {
                why: format!("{name}: {why}"),
                keys: vec!["command".to_owned(), name],
                hint,
            });
        found.collect()
    })
}

/// The views of the config.
fn views(settings: &Settings) -> Result<Vec<SavedView>, Vec<Finding>> {
    let mut views = Vec::new();
    let mut found = Vec::new();
    for view in &settings.views {
        let columns = view.columns.as_deref();
        let filter = view.filter.as_deref();
        match SavedView::new(&view.name, filter, view.sort, view.group, columns) {
            Ok(view) => views.push(view),
            Err(problems) => found.extend(problems.into_iter().map(|(key, why, hint)| {
                Finding {
                    keys: ["view", view.name.as_str(), key]
                        .map(str::to_owned)
                        .to_vec(),
                    why,
                    hint,
                }
            })),
        }
    }
    if found.is_empty() {
        Ok(views)
    } else {
        Err(found)
    }
}

/// Says whether a terminal never had colours.
fn is_colourless(term: &str) -> bool {
    matches!(term, "dumb" | "unknown") || term.ends_with("-m") || term.ends_with("-mono") || {
        let model = term.split('-').next().unwrap_or_default();
        matches!(model, "vt52" | "vt100" | "vt102" | "vt220" | "vt320")
    }
}

/// The background by `COLORFGBG`, where that is set (rxvt, Konsole; tmux passes it on).
pub fn background(env: &Env) -> Option<Background> {
    let colour = env.get("COLORFGBG")?.rsplit(';').next()?;
    let colour = colour.parse::<u8>().ok()?;
    Some(match colour {
        7 | 15 => Background::Light,
        _ => Background::Dark,
    })
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
mod tests;
