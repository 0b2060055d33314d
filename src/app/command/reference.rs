//! The key reference: the table of commands as a page of Markdown, with the keys as they are bound.
//! `docs/keys.md` is this with the default keys, and a test holds it to that.

use std::fmt::Write as _;

use super::{Context, Danger, Group, SPECS, Spec};
use crate::app::keymap::{Keymap, Strokes};

const HEAD: &str = "\
# Keys

Written by `gonogo config keys --markdown` from the table of commands that the board itself uses.
Every command can also be chosen by its name after `:`. Bind keys anew in `[keys]` of the config:

```toml
[keys]
promote = \"W\"               # a change stays on a SHIFT letter
first = [\"g g\", \"home\"]     # several keys, and keys one after the other
timeline = false            # no key

[keys.board]
copy = \"e\"                  # on the board only
```

No lowercase key and no ctrl chord changes anything. What is marked *asks* opens a dialog that rests
on Cancel.
";

/// The whole page.
pub fn markdown(keymap: &Keymap) -> String {
    let mut page = HEAD.to_owned();
    for group in Group::ALL {
        let _ = write!(
            page,
            "\n## {}\n\n| keys | command | what it does | where |\n|---|---|---|---|\n",
            group.name()
        );
        for spec in SPECS.iter().filter(|spec| spec.group == group) {
            let keys = quoted(keymap.keys(spec.command));
            let asks = if spec.danger == Danger::Asks {
                ", *asks*"
            } else {
                ""
            };
            let _ = writeln!(
                page,
                "| {keys} | `{}` | {}{asks} | {} |",
                spec.name,
                spec.help,
                places(spec)
            );
            for (context, keys) in keymap.apart(spec.command) {
                let keys = quoted(keys);
                let _ = writeln!(
                    page,
                    "| {keys} | `{}` | the same | {} |",
                    spec.name,
                    context.word()
                );
            }
        }
    }
    page
}

/// Where a command means something.
pub fn places(spec: &Spec) -> String {
    if spec.contexts.len() == Context::ALL.len() {
        return "everywhere".to_owned();
    }
    let words: Vec<&str> = spec.contexts.iter().map(|context| context.word()).collect();
    words.join(", ")
}

fn quoted(keys: &[Strokes]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_docs_is_what_the_table_says() {
        let page = include_str!("../../../docs/keys.md");
        assert!(
            page == markdown(&Keymap::default()),
            "docs/keys.md is old: gonogo config keys --markdown > docs/keys.md"
        );
    }

    #[test]
    fn no_key_breaks_the_table() {
        let page = markdown(&Keymap::default());
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        for row in rows {
            assert_eq!(row.matches('|').count(), 5, "{row}");
        }
    }
}
