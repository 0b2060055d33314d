//! `gonogo audit`: whether the journal is as it was written, and its entries for somebody else to
//! check. What a chain is lives in `journal/chain.rs`; `gonogo log` prints without checking.

use clap::{Args, Subcommand};
use serde_json::json;

use super::journal::{entry_json, journal_path, sentence, unreachable};
use super::output;
use super::{Exit, Failure, Global};
use crate::app::status::SCHEMA;
use crate::config::Env;
use crate::domain::entry::Entry;
use crate::domain::ids::Seq;
use crate::domain::text::counted;
use crate::runtime::connect::{self, Chain, Reader};

/// How many entries are read at a time.
const PAGE: i64 = 2_000;

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check every entry of the journal against its hash and the entry before it.
    #[command(after_help = EXIT_CODES)]
    Verify(VerifyArgs),
    /// Check it, then print every entry with the text that its hash is made of, an object a line.
    #[command(after_help = EXIT_CODES)]
    Export,
}

const EXIT_CODES: &str = "\
Exit codes: 0 the journal is as it was written · 1 it is not: the first bad entry is named
            2 usage or config · 5 the journal cannot be read";

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// An entry's number and hash, noted down earlier in another place: it must still be there.
    #[arg(long, value_name = "SEQ:HASH", value_parser = noted)]
    noted: Option<Noted>,
}

/// An entry that somebody has noted down.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Noted {
    seq: Seq,
    hash: String,
}

fn noted(text: &str) -> Result<Noted, String> {
    let (seq, hash) = text
        .split_once(':')
        .ok_or("write the number and the hash as `gonogo audit verify` prints them, 120:9f3c…")?;
    let seq: i64 = seq.parse().map_err(|_| format!("{seq:?} is no number"))?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|sign| sign.is_ascii_hexdigit());
    if seq < 1 || !is_hash {
        return Err("an entry is from 1 on, and a hash has 64 digits of 0-9 and a-f".to_owned());
    }
    Ok(Noted {
        seq: Seq(seq),
        hash: hash.to_lowercase(),
    })
}

/// What was found.
enum Found {
    Whole {
        entries: u64,
        last: Option<Box<Entry>>,
    },
    Broken {
        seq: Seq,
        what: String,
    },
}

pub(super) async fn run(
    global: &Global,
    env: &Env,
    command: AuditCommand,
) -> Result<Exit, Failure> {
    let path = journal_path(global, env)?;
    let journal = connect::reader(&path).await.map_err(unreachable)?;
    let wanted = match &command {
        AuditCommand::Verify(args) => args.noted.as_ref(),
        AuditCommand::Export => None,
    };
    let shown = path.display();
    let (entries, last) = match look(&journal, wanted).await? {
        Found::Whole { entries, last } => (entries, last),
        Found::Broken { seq, what } => {
            let stands = standing(&journal, seq).await;
            if global.json {
                output::json_line(&json!({
                    "schema": SCHEMA, "journal": path, "whole": false,
                    "broken": {"seq": seq, "why": what, "stands": stands.as_ref().map(entry_json)},
                }));
            } else {
                // An export that is none leaves the file that it goes into empty.
                let tell = match command {
                    AuditCommand::Verify(_) => output::line,
                    AuditCommand::Export => output::note,
                };
                tell(&format!(
                    "the journal {shown} is broken at entry {seq}: {what}"
                ));
                if let Some(entry) = &stands {
                    tell(&format!("there stands now:{}", sentence(entry)));
                }
                output::note(
                    "  hint: keep the file as it is, and restore the journal from a backup; \
                     `gonogo log` prints what is there",
                );
            }
            return Ok(Exit::Error);
        }
    };
    if let AuditCommand::Export = command {
        export(&journal).await?;
        return Ok(Exit::Done);
    }
    if global.json {
        let last = last
            .as_ref()
            .map(|entry| json!({"seq": entry.seq, "at": entry.draft.at, "hash": entry.hash}));
        output::json_line(&json!({
            "schema": SCHEMA, "journal": path, "whole": true, "entries": entries, "last": last,
        }));
    } else {
        let count = counted(entries, "entry", "entries");
        output::line(&format!("the journal {shown} is whole: {count}"));
        if let Some(entry) = &last {
            output::line(&format!("the last is {}:{}", entry.seq, entry.hash));
        }
    }
    Ok(Exit::Done)
}

/// Checks the whole chain, and whether what was noted down is in it.
async fn look(journal: &Reader, noted: Option<&Noted>) -> Result<Found, Failure> {
    let entries = match journal.verify().await.map_err(unreachable)? {
        Chain::Whole(entries) => entries,
        Chain::Broken { seq, what } => return Ok(Found::Broken { seq, what }),
    };
    if let Some(Noted { seq, hash }) = noted {
        // Whoever rewrites the whole file can make a whole chain, but not this hash.
        let what = match standing(journal, *seq).await {
            Some(entry) if entry.hash.as_str() == hash => None,
            Some(entry) => Some(format!("it has the hash {}, not {hash}", entry.hash)),
            None => {
                let count = counted(entries, "entry", "entries");
                Some(format!("it is missing, there are {count}"))
            }
        };
        if let Some(what) = what {
            return Ok(Found::Broken { seq: *seq, what });
        }
    }
    let last = i64::try_from(entries).unwrap_or(i64::MAX);
    Ok(Found::Whole {
        entries,
        last: standing(journal, Seq(last)).await.map(Box::new),
    })
}

/// What stands at a place, if it can be read.
async fn standing(journal: &Reader, seq: Seq) -> Option<Entry> {
    let page = journal.since(Seq(seq.0 - 1), 1).await.ok()?;
    page.into_iter().find(|entry| entry.seq == seq)
}

/// Prints every entry as `log --json` does, with the stored text of its event.
async fn export(journal: &Reader) -> Result<(), Failure> {
    let mut since = Seq(0);
    loop {
        let page = journal.stored(since, PAGE).await.map_err(unreachable)?;
        let Some((end, _)) = page.last() else {
            return Ok(());
        };
        since = end.seq;
        for (entry, texts) in &page {
            let mut object = entry_json(entry);
            object["at"] = json!(texts.at);
            object["body"] = json!(texts.body);
            output::json_line(&object);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_a_number_and_a_hash() {
        let hash = "9F".repeat(32);
        let read = noted(&format!("120:{hash}"));
        let expected = Noted {
            seq: Seq(120),
            hash: hash.to_lowercase(),
        };
        assert_eq!(read, Ok(expected));
        for bad in ["120", "x:9f", "0:9f", "120:9f"] {
            assert!(noted(bad).is_err(), "{bad}");
        }
    }
}
