//! An asciinema recording, version 2: a header line, then one line an output event.
//! <https://docs.asciinema.org/manual/asciicast/v2/>

use std::fmt::Write as _;
use std::time::Duration;

pub fn write(size: (u16, u16), told: &[(Duration, Vec<u8>)]) -> String {
    let header = serde_json::json!({
        "version": 2,
        "width": size.0,
        "height": size.1,
        "title": "gonogo demo",
        "env": {"TERM": "xterm-256color"},
    });
    let mut lines = format!("{header}\n");
    // A character may be cut between two reads: its first bytes wait for the rest.
    let mut pending = Vec::new();
    for (at, bytes) in told {
        pending.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&pending) {
            Ok(text) => text.len(),
            Err(cut) => cut.valid_up_to(),
        };
        let rest = pending.split_off(whole);
        let text = String::from_utf8_lossy(&pending).into_owned();
        pending = rest;
        let event = serde_json::json!([(at.as_secs_f64() * 1e3).round() / 1e3, "o", text]);
        let _ = writeln!(lines, "{event}");
    }
    lines
}
