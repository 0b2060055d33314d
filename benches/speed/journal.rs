//! The journal: an intent made durable beside a bare fdatasync, and a long journal opened again.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use criterion::{BatchSize, Criterion};
use gonogo::domain::act::{Act, Handle};
use gonogo::domain::entry::{Draft, Event, Precondition};
use gonogo::domain::hold::{Cover, Hold, HoldKind, Then};
use gonogo::domain::ids::{Digest, RunId, Seq};
use gonogo::domain::ledger::Ledger;
use gonogo::domain::notice::Tell;
use gonogo::domain::promotion::{Intent, Purpose, Step};
use gonogo::domain::revision::Revision;
use gonogo::journal::Journal;
use gonogo::journal::sqlite::{Options, Sqlite};
use tokio::runtime::Runtime;

use crate::scene::{evening, name};

/// How long the journal is that is opened again.
const ENTRIES: usize = 100_000;

pub fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("journal");
    // Where the build lies is a disk; the folder for temporary files may be memory.
    let disk = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut bare = File::create(disk.path().join("bare")).unwrap();
    group.bench_function("bare-fdatasync-of-4096-bytes", |bencher| {
        bencher.iter(|| {
            bare.write_all(&[7; 4096]).unwrap();
            bare.sync_data().unwrap();
        });
    });
    let journal = runtime.block_on(open(&disk.path().join("append.db")));
    let (mut seen, mut count) = (Seq(0), 0);
    group.bench_function("append-intent", |bencher| {
        bencher.iter_batched(
            || {
                count += 1;
                intended(count)
            },
            |draft| {
                seen = runtime
                    .block_on(journal.append(draft, Precondition::Unchanged { seen }))
                    .unwrap()
                    .seq;
            },
            BatchSize::PerIteration,
        );
    });
    drop(journal);

    // Filling it is not measured, so it may happen in memory.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
    .unwrap();
    let path = std::cell::OnceCell::new();
    group.sample_size(10);
    group.bench_function("open-and-fold-100000-entries", |bencher| {
        let path: &PathBuf = path.get_or_init(|| {
            let path = folder.path().join("long.db");
            runtime.block_on(fill(&path));
            path
        });
        bencher.iter(|| runtime.block_on(recover(path)));
    });
    group.finish();
}

async fn open(path: &Path) -> Sqlite {
    let options = Options {
        instance: "bench".into(),
        actor: "alice".into(),
        at: evening(),
    };
    Sqlite::open(path, options).await.unwrap().journal
}

/// Opens and folds, as a start does.
async fn recover(path: &Path) -> Ledger {
    let journal = open(path).await;
    let mut ledger = Ledger::default();
    loop {
        let entries = journal.since(ledger.head, 5_000).await.unwrap();
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            ledger.apply(entry);
        }
    }
    assert!(ledger.head.0 >= i64::try_from(ENTRIES).unwrap() - 7);
    ledger
}

/// Fills a journal with promotions that went well, and holds that were lifted.
async fn fill(path: &Path) {
    let journal = open(path).await;
    let mut seen = Seq(0);
    for at in 0..ENTRIES / 7 {
        let digest = Digest::from("seen");
        seen = journal
            .append(intended(at), Precondition::Unchanged { seen })
            .await
            .unwrap()
            .seq;
        let handle = Handle {
            run: Some(RunId(at as u64)),
            ..Handle::default()
        };
        let steps = [
            (
                Step::Sending {
                    owner: "bench".into(),
                },
                Precondition::Permit {
                    digest,
                    seen,
                    agreed: false,
                },
            ),
            (
                Step::Accepted {
                    handle: handle.clone(),
                },
                Precondition::Follows,
            ),
            (Step::Running { handle }, Precondition::Follows),
            (Step::Succeeded, Precondition::Follows),
        ];
        for (step, precondition) in steps {
            let event = Event::Stepped {
                id: format!("intent-{at}").into(),
                purpose: Purpose::Promotion,
                step,
            };
            journal
                .append(draft(at, event), precondition)
                .await
                .unwrap();
        }
        let cover = Cover {
            service: Some(name(at % 1_000)),
            environment: Some("production".into()),
            revision: None,
        };
        let hold = Hold {
            id: format!("hold-{at}").into(),
            cover: cover.clone(),
            kind: HoldKind::Forward,
            reason: "smoke is red".to_owned(),
            owner: "carol".into(),
            since: evening(),
            until: None,
            then: Then::End,
            incident: false,
        };
        let lifted = Event::HoldLifted {
            id: hold.id.clone(),
            cover,
        };
        journal
            .append(
                draft(
                    at,
                    Event::HoldPlaced {
                        hold,
                        tell: Tell::Rules,
                    },
                ),
                Precondition::None,
            )
            .await
            .unwrap();
        seen = journal
            .append(draft(at, lifted), Precondition::None)
            .await
            .unwrap()
            .seq;
    }
}

fn intended(at: usize) -> Draft {
    let intent = Intent {
        id: format!("intent-{at}").into(),
        purpose: Purpose::Promotion,
        service: name(at),
        environment: "production".into(),
        from: Some(Revision::new(format!("{at:040x}"))),
        to: Revision::new(format!("{:040x}", at + 1)),
        act: Act::Cancel {
            run: RunId(at as u64),
        },
        reason: "release 2026.47".to_owned(),
        digest: "seen".into(),
        replaces: None,
        release: None,
        overrides: Vec::new(),
        rollback: false,
        verify: false,
    };
    draft(at, Event::Intended { intent })
}

fn draft(at: usize, event: Event) -> Draft {
    Draft {
        at: evening(),
        actor: "alice".into(),
        service: Some(name(at)),
        environment: Some("production".into()),
        revision: None,
        reason: Some("release 2026.47".to_owned()),
        policy: "policy".into(),
        event,
    }
}
