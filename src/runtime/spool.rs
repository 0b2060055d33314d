//! A log on its way from the forge to the screen: bytes in a private file that no folder names, and an
//! index of where lines begin. Parts are read when they are seen; the whole is never in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

use crate::domain::log::{Failure, LONGEST_LINE, Line, Mark, SUMMARY, mark};

/// Every so many lines, where one begins is remembered.
const STRIDE: u64 = 64;
/// What is kept of one log, in bytes.
pub const MOST: u64 = 64 * 1024 * 1024;
/// How far into a line marks are looked for.
const MARKED: usize = 256;

/// One log, as far as it was read.
#[derive(Debug)]
pub struct Spool {
    file: File,
    bytes: u64,
    /// Whole lines; one that has just begun comes on top.
    lines: u64,
    /// Where line `n * STRIDE` begins.
    index: Vec<u64>,
    /// How long the last line is by now, and how it begins.
    open: usize,
    begun: Vec<u8>,
    cut: bool,
    most: u64,
    step: Option<(String, u64)>,
    failure: Option<Failure>,
}

impl Spool {
    /// Makes an empty one.
    ///
    /// # Errors
    ///
    /// If there is no folder for temporary files that can be written to.
    pub fn new() -> io::Result<Self> {
        Self::bounded(MOST)
    }

    fn bounded(most: u64) -> io::Result<Self> {
        Ok(Self {
            file: tempfile::tempfile()?,
            bytes: 0,
            lines: 0,
            index: vec![0],
            open: 0,
            begun: Vec::new(),
            cut: false,
            most,
            step: None,
            failure: None,
        })
    }

    /// How many bytes are there: where to read on.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many lines are there, the last of them perhaps unfinished.
    pub fn lines(&self) -> u64 {
        self.lines + u64::from(self.open > 0)
    }

    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The last failure that the log tells of.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Adds bytes at the end; says whether there is room for more.
    ///
    /// # Errors
    ///
    /// If the disk is full.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let room = usize::try_from(self.most.saturating_sub(self.bytes)).unwrap_or(usize::MAX);
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.file.seek(SeekFrom::Start(self.bytes))?;
        self.file.write_all(taken)?;
        self.cut |= taken.len() < bytes.len();
        let pieces = Pieces {
            rest: taken,
            open: self.open,
        };
        for piece in pieces {
            let begun = MARKED.saturating_sub(self.begun.len());
            self.begun.extend(piece.bytes.iter().take(begun));
            self.open += piece.bytes.len();
            self.bytes += piece.bytes.len() as u64;
            if piece.ends {
                self.line_ends();
            }
        }
        Ok(!self.cut)
    }

    fn line_ends(&mut self) {
        let text = String::from_utf8_lossy(&self.begun);
        let text = text.trim_start_matches('\u{feff}').trim_end_matches('\n');
        // The time before it is of no interest here.
        let rest = match text.split_once(' ') {
            Some((first, rest)) if first.len() >= 20 && first.ends_with('Z') => rest,
            Some(_) | None => text,
        };
        let rest = match rest.as_bytes() {
            [_, _, b'O' | b'E', b' ' | b'+', ..] => rest.get(4..).unwrap_or(rest),
            _ => rest,
        };
        match mark(rest) {
            Some(Mark::Step(name)) => self.step = Some((name, self.lines)),
            Some(Mark::Error) => {
                let first = self.step.as_ref().map_or(0, |(_, line)| *line);
                self.failure = Some(Failure {
                    step: self.step.as_ref().map(|(name, _)| name.clone()),
                    from: first.max((self.lines + 1).saturating_sub(SUMMARY)),
                    to: self.lines,
                });
            }
            None => {}
        }
        self.begun.clear();
        self.open = 0;
        self.lines += 1;
        if self.lines.is_multiple_of(STRIDE) {
            self.index.push(self.bytes);
        }
    }

    /// Reads some lines.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn read(&mut self, from: u64, count: u64) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let until = from.saturating_add(count).min(self.lines());
        self.each(from, until, |_, raw| {
            lines.push(Line::read(&String::from_utf8_lossy(raw)));
            true
        })?;
        Ok(lines)
    }

    /// Looks for words, from a line on and round the end. Small letters find capitals too.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn find(&mut self, words: &str, from: u64, forward: bool) -> io::Result<Option<u64>> {
        let exact = words.chars().any(char::is_uppercase);
        let wanted = if exact {
            words.to_owned()
        } else {
            words.to_lowercase()
        };
        let has = |raw: &[u8]| {
            let text = String::from_utf8_lossy(raw);
            // Only what has escapes in it reads differently from what it is.
            let text = if raw.contains(&0x1b) {
                Line::read(&text).text()
            } else {
                text.into_owned()
            };
            if exact {
                text.contains(&wanted)
            } else {
                text.to_lowercase().contains(&wanted)
            }
        };
        let all = self.lines();
        let from = from.min(all);
        let mut found = None;
        if forward {
            for (first, last) in [(from, all), (0, from)] {
                self.each(first, last, |line, raw| {
                    found = has(raw).then_some(line);
                    found.is_none()
                })?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            return Ok(None);
        }
        // Backwards, block by block from the end of what is before.
        for (first, last) in [(0, from), (from, all)] {
            let mut end = last;
            while end > first {
                let start = end.saturating_sub(STRIDE * 16).max(first);
                self.each(start, end, |line, raw| {
                    if has(raw) {
                        found = Some(line);
                    }
                    true
                })?;
                if found.is_some() {
                    return Ok(found);
                }
                end = start;
            }
        }
        Ok(None)
    }

    /// Shows the lines from one to before another, as long as `more` says so.
    fn each(
        &mut self,
        from: u64,
        until: u64,
        mut more: impl FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<()> {
        if from >= until {
            return Ok(());
        }
        let slot = usize::try_from(from / STRIDE).unwrap_or(usize::MAX);
        let Some(start) = self.index.get(slot) else {
            return Ok(());
        };
        self.file.seek(SeekFrom::Start(*start))?;
        let mut reader = BufReader::with_capacity(64 * 1024, &self.file).take(self.bytes - start);
        let mut raw = Vec::new();
        for line in (from / STRIDE * STRIDE)..until {
            raw.clear();
            let longest = LONGEST_LINE as u64;
            (&mut reader).take(longest).read_until(b'\n', &mut raw)?;
            if raw.is_empty() {
                return Ok(());
            }
            if raw.last() == Some(&b'\n') {
                raw.pop();
            }
            if line >= from && !more(line, &raw) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Bytes taken apart into lines: each ends at a line break, or where it is too long.
struct Pieces<'a> {
    rest: &'a [u8],
    /// How much of the first line came before.
    open: usize,
}

struct Piece<'a> {
    bytes: &'a [u8],
    ends: bool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let room = LONGEST_LINE - self.open.min(LONGEST_LINE - 1);
        let seen = self.rest.get(..room.min(self.rest.len()))?;
        let end = seen.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let took = end.unwrap_or(seen.len());
        let ends = end.is_some() || took == room;
        let (bytes, rest) = self.rest.split_at(took);
        self.rest = rest;
        self.open = if ends { 0 } else { self.open + took };
        Some(Piece { bytes, ends })
    }
}

#[cfg(test)]
mod tests;
