//! What runners write between the lines of a job: where a step begins, and that it failed.

/// A line that means something to whoever looks for the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A step begins.
    Step(String),
    Error,
}

/// GitLab's mark of a section.
pub(super) struct Section<'a> {
    pub begins: bool,
    name: &'a str,
}

/// The longest name of a step that is kept.
const LONGEST: usize = 120;

/// Reads the mark of a line, without its time; most lines have none.
pub fn mark(text: &str) -> Option<Mark> {
    let text = plain(text);
    if let Some(rest) = text.strip_prefix("##[") {
        if rest.starts_with("error]") {
            return Some(Mark::Error);
        }
        return rest.strip_prefix("group]Run ").map(step);
    }
    if text.starts_with("::error") || text.starts_with("ERROR: Job failed") {
        return Some(Mark::Error);
    }
    if text.starts_with("Post job cleanup.") {
        return Some(step("Post job cleanup"));
    }
    if let Some(rest) = text.strip_prefix("⭐ Run ") {
        return Some(step(rest.trim_start_matches("Main ")));
    }
    if text.trim_start().starts_with("❌") && text.contains("Failure - ") {
        return Some(Mark::Error);
    }
    let (section, _) = section(text)?;
    section.begins.then(|| step(section.name))
}

fn step(name: &str) -> Mark {
    let name: String = name.chars().take(LONGEST).collect();
    Mark::Step(crate::domain::text::clean(&name))
}

/// `section_start:1752761849:step_script\r` and what stands behind it.
pub(super) fn section(text: &str) -> Option<(Section<'_>, &str)> {
    let (begins, rest) = match text.strip_prefix("section_start:") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("section_end:")?),
    };
    let (header, rest) = rest.split_once('\r').unwrap_or((rest, ""));
    let (at, name) = header.split_once(':')?;
    if !at.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let name = name.split('[').next().unwrap_or(name);
    Some((Section { begins, name }, rest))
}

/// A line without the colour that it begins with.
fn plain(text: &str) -> &str {
    let mut text = text;
    while let Some(rest) = text.strip_prefix("\u{1b}[") {
        let end = rest.find(|sign: char| sign.is_ascii_alphabetic());
        match end.and_then(|end| rest.get(end + 1..)) {
            Some(after) => text = after,
            None => return text,
        }
    }
    text
}
