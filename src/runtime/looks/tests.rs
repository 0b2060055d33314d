use super::*;

fn given(pairs: &[(&str, &str)]) -> Given {
    let env: Env = pairs.iter().copied().collect();
    Given::new(None, false, &env)
}

fn settings(more: &str) -> Settings {
    let text = format!("[service.web]\nrepo = \"acme/web\"\npath = [\"production\"]\n{more}");
    let env: Env = [("HOME", "/home/ada"), ("PATH", "/usr/bin:/bin")]
        .into_iter()
        .collect();
    config::load_in(&text, Path::new("/there/is/no.toml"), &env).expect("a config")
}

fn wardrobe(more: &str, pairs: &[(&str, &str)]) -> Wardrobe {
    let given = given(pairs);
    let looks = Looks::new(&settings(more), given).expect("looks");
    Wardrobe::new(given, looks.themes)
}

const XTERM: (&str, &str) = ("TERM", "xterm-direct");

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
    for (locale, ascii) in [
        ("de_DE.UTF-8", false),
        ("ja_JP.UTF-8", true),
        ("POSIX", true),
    ] {
        assert_eq!(given(&[("LANG", locale)]).ascii, ascii, "{locale}");
    }
    assert!(!given(&[]).ascii);
}

#[test]
fn terminals_that_never_had_colours_get_none() {
    for term in ["dumb", "vt100", "vt220-w", "xterm-mono"] {
        assert!(given(&[("TERM", term)]).colourless, "{term}");
    }
    for term in ["xterm", "vt340", "linux", "screen-256color"] {
        assert!(!given(&[("TERM", term)]).colourless, "{term}");
    }
    assert!(given(&[XTERM, ("NO_COLOR", "1")]).colourless);
    let env: Env = [("NO_COLOR", "1")].into_iter().collect();
    assert!(!Given::new(Some(true), false, &env).colourless);
}

#[test]
fn the_terminal_is_asked_only_where_its_answer_would_change_something() {
    let named = |name: &str| format!("[ui]\ntheme = \"{name}\"");
    for (config, env, asks) in [
        (String::new(), vec![XTERM], true),
        (named("high-contrast"), vec![XTERM], true),
        (named("dark"), vec![XTERM], true),
        (named("terminal"), vec![XTERM], false),
        (String::new(), vec![XTERM, ("COLORFGBG", "0;15")], false),
        (String::new(), vec![XTERM, ("NO_COLOR", "1")], false),
        (String::new(), vec![("TERM", "linux")], false),
        (String::new(), vec![], false),
    ] {
        assert_eq!(wardrobe(&config, &env).asks(), asks, "{config} {env:?}");
    }
}

#[test]
fn a_theme_follows_the_background_and_a_choice_stays_until_the_config_says_otherwise() {
    let mut wardrobe = wardrobe("", &[XTERM]);
    assert_eq!(*wardrobe.theme(), Theme::dark());
    wardrobe.heard(Background::Light);
    assert_eq!(*wardrobe.theme(), Theme::light());
    let choose = |wardrobe: &mut Wardrobe, name: &str| wardrobe.choose(name);
    assert_eq!(choose(&mut wardrobe, "mono"), Ok(()));
    assert_eq!(*wardrobe.theme(), Theme::mono());
    assert!(choose(&mut wardrobe, "pink").is_err());
    let same = wardrobe.themes.clone();
    wardrobe.reload(same);
    assert_eq!(*wardrobe.theme(), Theme::mono());
    let other = Looks::new(&settings("[ui]\ntheme = \"terminal\""), given(&[XTERM]));
    wardrobe.reload(other.expect("looks").themes);
    assert_eq!(
        Some(wardrobe.theme()),
        Theme::named("terminal", Background::Light).as_ref()
    );
    for name in Wardrobe::names() {
        assert_eq!(choose(&mut wardrobe, &name), Ok(()), "{name}");
    }
}

#[test]
fn without_colours_none_can_be_chosen() {
    let mut wardrobe = wardrobe("", &[XTERM, ("NO_COLOR", "1")]);
    assert_eq!(*wardrobe.theme(), Theme::mono());
    assert!(wardrobe.choose("dark").is_err());
    assert_eq!(wardrobe.choose("config"), Ok(()));
}

#[test]
fn nothing_moves_where_somebody_wants_that() {
    let moves = |config: &str, env: &[(&str, &str)]| {
        let looks = Looks::new(&settings(config), given(env)).expect("looks");
        looks.motion
    };
    assert!(moves("", &[]));
    assert!(!moves("[ui]\nmotion = false", &[]));
    assert!(!moves("", &[("NO_MOTION", "1")]));
    assert!(!moves("", &[("REDUCE_MOTION", "1")]));
    assert!(moves("", &[("NO_MOTION", "")]));
}

#[test]
fn everything_wrong_with_a_file_is_told_at_once_in_its_order_and_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    let text = "[ui]\ntheme = \"/there/is/none.toml\"\n[poll]\nx = 1\n\
                [keys]\npromot = \"W\"\nsort = \"j\"\n\
                [view.mine]\nfilter = \"stat:held\"\n\
                [journal]\nurl = \"mysql:x\"\n\
                [command.promote]\nargv = []\n";
    std::fs::write(&path, text).unwrap();
    let env: Env = [("HOME", "/home/ada"), ("PATH", "/usr/bin:/bin")]
        .into_iter()
        .collect();
    let wrong = Looks::read(&path, &env, given(&[])).expect_err("eight");
    let told: Vec<(usize, &str)> = wrong
        .iter()
        .map(|problem| (problem.line, problem.message.as_str()))
        .collect();
    let expected = [
        (2, "/there/is/none.toml"),
        (4, "unknown key `x`"),
        (6, "there is no command"),
        (7, "j is bound to both"),
        (9, "there is no field"),
        (11, "must start with `sqlite:`"),
        (12, "promote: a command of the board"),
        (13, "`argv` is empty"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((line, part), (at, message)) in expected.iter().zip(&told) {
        assert!(
            line == at && message.contains(part),
            "{line} {part}: {told:?}"
        );
    }
    assert!(
        wrong.iter().all(|problem| problem.hint.is_some()),
        "{wrong:?}"
    );
    let hint = |place: usize| wrong[place].hint.as_deref().unwrap();
    assert_eq!(hint(2), "did you mean `promote`?");
    assert_eq!(hint(4), "did you mean `state:`?");
}

#[test]
fn a_switch_by_key_stays_unless_the_config_changes_just_that() {
    let looks = |more: &str| Looks::new(&settings(more), given(&[])).expect("looks");
    let changed = |from: &str, to: &str| {
        let changes = config::changes::between(&settings(from), &settings(to));
        looks(to).preferences(&changes)
    };
    let other = changed("", "[keys]\nsort = \"S\"");
    assert_eq!((other.mouse, other.utc), (None, None));
    let switched = changed("", "[ui]\nmouse = false\nutc = false");
    assert_eq!((switched.mouse, switched.utc), (Some(false), Some(false)));
}
