//! Escape sequences: of a terminal's whole language only colours are understood, the rest is
//! dropped, and what is left of control and invisible characters becomes visible.

use super::{Ink, LONGEST_LINE, is_unsafe};

const TAB: usize = 8;

/// Reads a line into pieces of one ink.
pub(super) fn spans(text: &str) -> Vec<(Ink, String)> {
    let mut pen = Pen::default();
    let mut rest = text.chars();
    while let Some(sign) = rest.next() {
        match sign {
            '\u{1b}' => escape(&mut pen, &mut rest),
            '\u{9b}' => control(&mut pen, &mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => string(&mut rest),
            '\t' => pen.tab(),
            sign if is_unsafe(sign) => pen.put('\u{fffd}'),
            sign => pen.put(sign),
        }
        if pen.written >= LONGEST_LINE {
            break;
        }
    }
    pen.spans
}

/// What has been written so far, and in what.
#[derive(Default)]
struct Pen {
    spans: Vec<(Ink, String)>,
    written: usize,
    bold: bool,
    dim: bool,
    colour: Option<Ink>,
}

impl Pen {
    fn ink(&self) -> Ink {
        match (self.colour, self.bold, self.dim) {
            (Some(ink), ..) => ink,
            (None, true, _) => Ink::Bold,
            (None, false, true) => Ink::Dim,
            (None, false, false) => Ink::Plain,
        }
    }

    fn put(&mut self, sign: char) {
        let ink = self.ink();
        self.written += 1;
        match self.spans.last_mut() {
            Some((of, text)) if *of == ink => text.push(sign),
            Some(_) | None => self.spans.push((ink, sign.to_string())),
        }
    }

    fn tab(&mut self) {
        for _ in 0..TAB - self.written % TAB {
            self.put(' ');
        }
    }

    /// Takes the numbers of one "select graphic rendition".
    fn select(&mut self, numbers: &str) {
        let mut numbers = numbers.split([';', ':']).map(|number| {
            if number.is_empty() {
                Some(0)
            } else {
                number.parse::<u16>().ok()
            }
        });
        while let Some(number) = numbers.next() {
            match number {
                Some(0) => (self.bold, self.dim, self.colour) = (false, false, None),
                Some(1) => self.bold = true,
                Some(2) => self.dim = true,
                Some(22) => (self.bold, self.dim) = (false, false),
                Some(39) => self.colour = None,
                Some(code @ 30..=37) => self.colour = of_sixteen(code - 30),
                Some(code @ 90..=97) => self.colour = of_sixteen(code - 82),
                Some(38) => match numbers.next().flatten() {
                    Some(5) => {
                        if let Some(code) = numbers.next().flatten() {
                            self.colour = of_palette(code);
                        }
                    }
                    Some(2) => {
                        let mut part = || numbers.next().flatten().unwrap_or(0);
                        self.colour = nearest(part(), part(), part());
                    }
                    Some(_) | None => {}
                },
                // A background is not shown: the theme's own must stay readable under any ink.
                Some(48) => match numbers.next().flatten() {
                    Some(5) => {
                        numbers.next();
                    }
                    Some(2) => {
                        numbers.nth(2);
                    }
                    Some(_) | None => {}
                },
                Some(_) | None => {}
            }
        }
    }
}

/// The sequence after an escape.
fn escape(pen: &mut Pen, rest: &mut std::str::Chars<'_>) {
    match rest.next() {
        Some('[') => control(pen, rest),
        Some(']' | 'P' | 'X' | '^' | '_') => string(rest),
        // Which character set follows.
        Some('(' | ')' | '*' | '+' | '#' | '%' | ' ') => {
            rest.next();
        }
        Some(_) | None => {}
    }
}

/// A control sequence: parameters, intermediates, and the letter that says what it does.
fn control(pen: &mut Pen, rest: &mut std::str::Chars<'_>) {
    let mut numbers = String::new();
    for sign in rest.by_ref() {
        match sign {
            '\u{20}'..='\u{3f}' if numbers.len() < 64 => numbers.push(sign),
            '\u{20}'..='\u{3f}' => {}
            'm' => return pen.select(&numbers),
            _ => return,
        }
    }
}

/// A string for the terminal (a title, a link, the clipboard): dropped with what it says.
fn string(rest: &mut std::str::Chars<'_>) {
    while let Some(sign) = rest.next() {
        match sign {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                // The other half of its end.
                rest.next();
                return;
            }
            _ => {}
        }
    }
}

/// One of the sixteen colours; white and black are the theme's own.
fn of_sixteen(code: u16) -> Option<Ink> {
    match code {
        1 | 9 => Some(Ink::Red),
        2 | 10 => Some(Ink::Green),
        3 | 11 => Some(Ink::Yellow),
        4 | 5 | 12 | 13 => Some(Ink::Blue),
        6 | 14 => Some(Ink::Cyan),
        8 => Some(Ink::Dim),
        _ => None,
    }
}

/// One of 256: the sixteen, a cube of six a side, and greys.
fn of_palette(code: u16) -> Option<Ink> {
    match code {
        0..=15 => of_sixteen(code),
        16..=231 => {
            let cube = code - 16;
            let part = |number: u16| number * 51;
            nearest(part(cube / 36), part(cube / 6 % 6), part(cube % 6))
        }
        232..=243 => Some(Ink::Dim),
        _ => None,
    }
}

/// The ink that is nearest to a colour: by which of its parts stand out.
fn nearest(red: u16, green: u16, blue: u16) -> Option<Ink> {
    let most = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    if most - least.min(most) < 40 {
        return (most < 140).then_some(Ink::Dim);
    }
    let high = |part: u16| u32::from(part) * 4 >= u32::from(most) * 3;
    match (high(red), high(green), high(blue)) {
        (true, false, false) => Some(Ink::Red),
        (false, true, false) => Some(Ink::Green),
        (true, true, _) => Some(Ink::Yellow),
        (false, true, true) => Some(Ink::Cyan),
        (_, false, true) => Some(Ink::Blue),
        (false, false, false) => None,
    }
}
