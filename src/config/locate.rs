//! Which config file is meant. Pure: the file system is asked through a function.

use std::path::{Path, PathBuf};

use super::Env;

/// The name of a config file in a checkout.
pub const IN_CHECKOUT: &str = ".gonogo.toml";

/// Where a config file was found, or that none was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Located {
    /// Named by `--config` or `$GONOGO_CONFIG`: it must exist.
    Named(PathBuf),
    /// Found in a usual place.
    Found(PathBuf),
    Nowhere,
}

impl Located {
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Named(path) | Self::Found(path) => Some(path),
            Self::Nowhere => None,
        }
    }
}

/// Looks for the config file: `--config`, else `$GONOGO_CONFIG`, else `.gonogo.toml` here or in a
/// folder above, else `gonogo/config.toml` in the config folder.
pub fn locate(
    option: Option<&Path>,
    env: &Env,
    here: &Path,
    exists: impl Fn(&Path) -> bool,
) -> Located {
    let named = option
        .map(Path::to_owned)
        .or_else(|| env.get("GONOGO_CONFIG").map(PathBuf::from));
    if let Some(path) = named {
        return Located::Named(here.join(path));
    }
    let above = here.ancestors().map(|folder| folder.join(IN_CHECKOUT));
    let at_home = env
        .config_home()
        .map(|folder| folder.join("gonogo").join("config.toml"));
    above
        .chain(at_home)
        .find(|path| exists(path))
        .map_or(Located::Nowhere, Located::Found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(option: Option<&str>, env: &[(&str, &str)], files: &[&str]) -> Located {
        let env = env.iter().copied().collect();
        let exists = |path: &Path| files.iter().any(|file| Path::new(file) == path);
        locate(
            option.map(Path::new),
            &env,
            Path::new("/src/app/deep"),
            exists,
        )
    }

    #[test]
    fn the_first_of_the_four_places_wins() {
        let all = [
            "/src/app/.gonogo.toml",
            "/src/.gonogo.toml",
            "/h/.config/gonogo/config.toml",
        ];
        let home = ("HOME", "/h");
        let named = ("GONOGO_CONFIG", "/e.toml");
        let found = |path: &str| Located::Found(PathBuf::from(path));
        assert_eq!(
            look(Some("c.toml"), &[home, named], &all),
            Located::Named(PathBuf::from("/src/app/deep/c.toml"))
        );
        assert_eq!(
            look(None, &[home, named], &all),
            Located::Named(PathBuf::from("/e.toml"))
        );
        assert_eq!(look(None, &[home], &all), found("/src/app/.gonogo.toml"));
        assert_eq!(look(None, &[home], &all[1..]), found("/src/.gonogo.toml"));
        assert_eq!(
            look(None, &[home], &all[2..]),
            found("/h/.config/gonogo/config.toml")
        );
        assert_eq!(look(None, &[], &all[2..]), Located::Nowhere);
    }

    #[test]
    fn the_config_folder_follows_xdg_if_it_is_absolute() {
        let files = ["/x/gonogo/config.toml", "/h/.config/gonogo/config.toml"];
        let xdg = |path| [("HOME", "/h"), ("XDG_CONFIG_HOME", path)];
        assert_eq!(
            look(None, &xdg("/x"), &files),
            Located::Found(PathBuf::from(files[0]))
        );
        assert_eq!(
            look(None, &xdg("x"), &files),
            Located::Found(PathBuf::from(files[1]))
        );
    }
}
