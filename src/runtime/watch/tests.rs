use std::fs::File;
use std::time::Duration;

use tokio::sync::mpsc;

use super::*;
use crate::config::changes::{self, Part};
use crate::runtime::seconds::Seconds;

const SERVICE: &str = "[service.web]\nrepo = \"acme/web\"\npath = [\"production\"]\n";

/// Writes a file so that its time differs from what it was, however fast the test is.
fn write(path: &Path, text: &str, seconds: u64) {
    std::fs::write(path, text).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + seconds);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[tokio::test]
async fn a_changed_file_is_read_anew_and_one_with_errors_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let theme = folder.path().join("mine.toml");
    write(&path, SERVICE, 0);
    let dark = crate::ui::Theme::text("dark", crate::ui::theme::Background::Dark).unwrap();
    write(&theme, dark, 0);
    let env: Env = [("HOME", "/home/ada")].into_iter().collect();
    let given = Given::new(None, false, &env);
    let settings = Arc::new(config::read(&path, &env).unwrap());
    let (sender, mut reloads) = mpsc::channel(1);
    let seconds = Seconds::default();
    let every = seconds.pace(1);
    let watching = config_file(Arc::clone(&settings), env, given, every, sender);
    let passing = async move {
        loop {
            seconds.pass();
            tokio::task::yield_now().await;
        }
    };
    let told = async move {
        let keys = "[keys]\nsort = \"S\"\n[ui]\ntheme = \"mine.toml\"\n";
        write(&path, &format!("{SERVICE}{keys}"), 1);
        let first = reloads.recv().await.unwrap().unwrap();
        let changes = changes::between(&settings, &first.settings);
        assert_eq!(changes.now, [Part::Keys, Part::Theme]);
        write(&path, &format!("{SERVICE}[keys]\nsort = \"j\"\n"), 2);
        let why = reloads.recv().await.unwrap().unwrap_err();
        assert!(
            why.starts_with("j is bound") && why.ends_with("(config.toml:5:1)"),
            "{why}"
        );
        write(&path, "[service", 3);
        let why = reloads.recv().await.unwrap().unwrap_err();
        assert!(why.contains("(config.toml:1:"), "{why}");
        // The theme file alone.
        write(&path, &format!("{SERVICE}{keys}"), 4);
        let before = reloads.recv().await.unwrap().unwrap();
        write(&theme, &dark.replace("fg = \"green\"", "fg = \"blue\""), 5);
        let after = reloads.recv().await.unwrap().unwrap();
        assert_eq!(before.settings, after.settings);
        assert_ne!(before.looks.themes, after.looks.themes);
    };
    tokio::select! {
        // The first look comes before the first change.
        biased;
        () = watching => panic!("nobody watches any more"),
        never = passing => never,
        () = told => {}
    }
}
