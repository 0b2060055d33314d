//! Rust source as the checker reads it: code alone, without comments, texts and test modules.

/// A file's code, with everything else blanked; lines stay where they are.
pub struct Source {
    code: String,
}

impl Source {
    pub fn of(text: &str) -> Self {
        Self { code: blank(text) }
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    /// How many lines hold code; what explains it is free.
    pub fn lines(&self) -> usize {
        self.code
            .lines()
            .filter(|line| !line.trim().is_empty())
            .count()
    }

    /// Takes modules out that are only compiled for tests, and returns the names of those that are
    /// files of their own.
    pub fn without_tests(&self) -> (Self, Vec<String>) {
        const MARK: &str = "#[cfg(test)]";
        let mut code = String::new();
        let mut files = Vec::new();
        let mut rest = self.code.as_str();
        while let Some(at) = rest.find(MARK) {
            let (before, after) = rest.split_at(at);
            code.push_str(before);
            rest = &after[MARK.len()..];
            let mut item = rest.trim_start();
            while item.starts_with("#[") {
                item = item
                    .split_once(']')
                    .map_or("", |(_, after)| after)
                    .trim_start();
            }
            let item = visible(item);
            let end = match (item.find('{'), item.find(';')) {
                (Some(brace), semicolon) if semicolon.is_none_or(|at| brace < at) => {
                    brace + closing(&item[brace..])
                }
                (_, Some(semicolon)) => {
                    if let Some(name) = item[..semicolon].strip_prefix("mod ") {
                        files.push(name.trim().to_owned());
                    }
                    semicolon + 1
                }
                (_, None) => item.len(),
            };
            rest = &item[end..];
        }
        code.push_str(rest);
        (Self { code }, files)
    }

    /// The paths that start with `root::`, each as far as two names below it: `app`, `ui::theme`.
    pub fn paths(&self, root: &str) -> Vec<String> {
        let root = format!("{root}::");
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices(&root) {
            let before = self.code[..at].chars().next_back();
            if !before.is_some_and(|sign| sign.is_alphanumeric() || sign == '_' || sign == ':') {
                follow(&self.code[at + root.len()..], "", &mut found);
            }
        }
        found
    }
}

/// Follows a path, and every branch of a group, two names deep.
fn follow(text: &str, before: &str, found: &mut Vec<String>) {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let end = closing(text).saturating_sub(2);
        for branch in branches(&group[..end.min(group.len())]) {
            follow(branch, before, found);
        }
        return;
    }
    let end = text
        .find(|sign: char| !sign.is_alphanumeric() && sign != '_')
        .unwrap_or(text.len());
    let name = &text[..end];
    if name.is_empty() || name == "self" {
        if !before.is_empty() {
            found.push(before.to_owned());
        }
        return;
    }
    if !before.is_empty() {
        found.push(format!("{before}::{name}"));
        return;
    }
    match text[end..].strip_prefix("::") {
        Some(rest) => follow(rest, name, found),
        None => found.push(name.to_owned()),
    }
}

/// Splits the inside of a group at its own commas.
fn branches(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, sign) in group.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Where the brace that `text` starts with is closed: the place after it.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (at, sign) in text.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// An item without `pub` and `pub(…)`.
fn visible(item: &str) -> &str {
    let Some(rest) = item.strip_prefix("pub") else {
        return item;
    };
    match rest.strip_prefix('(') {
        Some(rest) => rest
            .split_once(')')
            .map_or("", |(_, after)| after)
            .trim_start(),
        None => rest.trim_start(),
    }
}

/// Replaces comments, texts and characters by blanks.
fn blank(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    let sign = |at: usize| signs.get(at).copied().unwrap_or('\0');
    while at < signs.len() {
        let end = match (sign(at), sign(at + 1)) {
            ('/', '/') => line_end(&signs, at),
            ('/', '*') => comment_end(&signs, at),
            ('"', _) => text_end(&signs, at + 1),
            ('r', '"' | '#') if !is_word(&signs, at) => raw_end(&signs, at + 1).unwrap_or(at),
            ('\'', '\\') => (at + 3..signs.len())
                .find(|&end| sign(end) == '\'')
                .map_or(signs.len(), |end| end + 1),
            ('\'', _) if sign(at + 2) == '\'' => at + 3,
            _ => at,
        };
        if end == at {
            code.push(sign(at));
            at += 1;
        } else {
            code.extend(
                signs[at..end]
                    .iter()
                    .map(|&sign| if sign == '\n' { '\n' } else { ' ' }),
            );
            at = end;
        }
    }
    code
}

/// Says whether the sign at `at` only goes on with a word, as the `r` of `str` does.
fn is_word(signs: &[char], at: usize) -> bool {
    let before = at
        .checked_sub(1)
        .and_then(|before| signs.get(before))
        .copied()
        .unwrap_or(' ');
    let again = at
        .checked_sub(2)
        .and_then(|before| signs.get(before))
        .copied()
        .unwrap_or(' ');
    (before.is_alphanumeric() || before == '_')
        && !(before == 'b' && !again.is_alphanumeric() && again != '_')
}

fn line_end(signs: &[char], at: usize) -> usize {
    (at..signs.len())
        .find(|&end| signs[end] == '\n')
        .unwrap_or(signs.len())
}

fn comment_end(signs: &[char], at: usize) -> usize {
    let (mut depth, mut end) = (0, at);
    while end < signs.len() {
        match (signs[end], signs.get(end + 1)) {
            ('/', Some('*')) => (depth, end) = (depth + 1, end + 2),
            ('*', Some('/')) => (depth, end) = (depth - 1, end + 2),
            _ => end += 1,
        }
        if depth == 0 {
            break;
        }
    }
    end.min(signs.len())
}

fn text_end(signs: &[char], mut at: usize) -> usize {
    while at < signs.len() {
        match signs[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    signs.len()
}

/// The end of a raw text whose `r` stands before `at`; `None` for a raw name such as `r#type`.
fn raw_end(signs: &[char], at: usize) -> Option<usize> {
    let marks = signs[at..].iter().take_while(|&&sign| sign == '#').count();
    if signs.get(at + marks) != Some(&'"') {
        return None;
    }
    let mut end = at + marks + 1;
    while end < signs.len() {
        let closes =
            signs[end] == '"' && (1..=marks).all(|more| signs.get(end + more) == Some(&'#'));
        end += 1;
        if closes {
            return Some(end + marks);
        }
    }
    Some(signs.len())
}
