//! Batches: many services in one query, smaller ones when the forge chokes, larger when it is fast.
//!
//! What is asked of a service does not live here.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::forge::error::Error;

/// Answers faster than this let a batch grow.
const FAST: Duration = Duration::from_secs(3);
/// How much trouble in a row, with nothing good between, ends a sweep. A timeout counts thrice.
const PATIENCE: u32 = 12;

/// The size of the batches of one kind of query, learnt from its answers.
#[derive(Debug)]
pub struct Size {
    now: AtomicUsize,
    most: usize,
}

/// What became of one service in a batch that was answered.
#[derive(Debug)]
pub enum Part<T> {
    Done(Result<T, Error>),
    /// The forge would not compute this one in so large a batch.
    TooHeavy(Error),
}

impl Size {
    pub fn new(first: usize, most: usize) -> Self {
        Self {
            now: AtomicUsize::new(first),
            most,
        }
    }

    pub fn now(&self) -> usize {
        self.now.load(Ordering::Relaxed).max(1)
    }

    fn shrink(&self, failed: usize) {
        self.now.fetch_min((failed / 2).max(1), Ordering::Relaxed);
    }

    fn grow(&self, succeeded: usize) {
        if succeeded >= self.now() {
            let grown = (succeeded + succeeded / 2 + 1).min(self.most);
            self.now.fetch_max(grown, Ordering::Relaxed);
        }
    }
}

/// Asks about services `0..count` in batches, and returns an answer for each.
///
/// 1. A batch that the forge chokes on comes back as two halves.
/// 2. One service that is too much alone is faulted alone.
/// 3. Trouble that is the whole forge's ends the sweep: the rest would only meet it again.
pub async fn sweep<T, F, Asked>(
    size: &Size,
    count: usize,
    concurrency: usize,
    ask: F,
) -> Vec<Result<T, Error>>
where
    F: Fn(Vec<usize>) -> Asked,
    Asked: Future<Output = Result<Vec<Part<T>>, Error>>,
{
    let mut waiting: VecDeque<(usize, usize)> =
        (0..count).map(|index| (index, usize::MAX)).collect();
    let mut answers: Vec<Option<Result<T, Error>>> = (0..count).map(|_| None).collect();
    let mut running = FuturesUnordered::new();
    let mut trouble = 0;
    let mut end: Option<Error> = None;
    loop {
        while end.is_none() && running.len() < concurrency.max(1) {
            let batch = take(&mut waiting, size.now());
            if batch.is_empty() {
                break;
            }
            let asked = ask(batch.clone());
            running.push(async move {
                let start = Instant::now();
                let answer = asked.await;
                (batch, answer, start.elapsed())
            });
        }
        let Some((batch, answer, took)) = running.next().await else {
            break;
        };
        let mut heavy: Vec<(usize, Error)> = Vec::new();
        match answer {
            Ok(parts) => {
                for (&index, part) in batch.iter().zip(parts) {
                    match part {
                        Part::Done(answer) => put(&mut answers, index, answer),
                        Part::TooHeavy(error) => heavy.push((index, error)),
                    }
                }
                if heavy.len() < batch.len() {
                    trouble = 0;
                }
                if heavy.is_empty() && took < FAST {
                    size.grow(batch.len());
                }
            }
            Err(error) if error.is_overload() => {
                trouble += if matches!(error, Error::Timeout(_)) {
                    3
                } else {
                    1
                };
                if trouble >= PATIENCE {
                    end = Some(error.clone());
                }
                heavy.extend(batch.iter().map(|&index| (index, error.clone())));
            }
            Err(error) => {
                for &index in &batch {
                    put(&mut answers, index, Err(error.clone()));
                }
                if error.kind().is_of_forge() {
                    end = Some(error);
                }
            }
        }
        if !heavy.is_empty() {
            size.shrink(batch.len());
        }
        for (index, error) in heavy.into_iter().rev() {
            if batch.len() == 1 || end.is_some() {
                put(&mut answers, index, Err(error));
            } else {
                waiting.push_front((index, batch.len() / 2));
            }
        }
    }
    drop(running);
    let end = end.unwrap_or_else(|| Error::Unreadable("no answer about this service".to_owned()));
    answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|| Err(end.clone())))
        .collect()
}

fn put<T>(answers: &mut [Option<Result<T, Error>>], index: usize, answer: Result<T, Error>) {
    if let Some(place) = answers.get_mut(index) {
        *place = Some(answer);
    }
}

/// Takes the next batch: at most `size`, and never more than one in it has failed in before.
fn take(waiting: &mut VecDeque<(usize, usize)>, size: usize) -> Vec<usize> {
    let mut batch = Vec::new();
    let mut most = size;
    while let Some(&(index, cap)) = waiting.front() {
        most = most.min(cap.max(1));
        if batch.len() >= most {
            break;
        }
        waiting.pop_front();
        batch.push(index);
    }
    batch
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn overload() -> Error {
        Error::Html
    }

    #[tokio::test]
    async fn a_batch_that_chokes_is_halved_until_one_service_stands_alone() {
        let asked = RefCell::new(Vec::new());
        let size = Size::new(8, 16);
        let answers = sweep(&size, 20, 1, |batch: Vec<usize>| {
            asked.borrow_mut().push(batch.len());
            async move {
                if batch.contains(&3) {
                    return Err(overload());
                }
                Ok(batch.iter().map(|&i| Part::Done(Ok(i))).collect())
            }
        })
        .await;
        for (index, answer) in answers.iter().enumerate() {
            match answer {
                Ok(value) => assert_eq!(*value, index),
                Err(_) => assert_eq!(index, 3),
            }
        }
        assert!(answers[3].is_err());
        assert_eq!(asked.borrow()[..4], [8, 4, 2, 2]);
    }

    #[tokio::test]
    async fn fast_answers_let_batches_grow_up_to_their_most() {
        let asked = RefCell::new(Vec::new());
        let size = Size::new(50, 100);
        sweep(&size, 1000, 1, |batch: Vec<usize>| {
            asked.borrow_mut().push(batch.len());
            async move { Ok(batch.iter().map(|_| Part::Done(Ok(()))).collect()) }
        })
        .await;
        assert_eq!(asked.borrow()[..4], [50, 76, 100, 100]);
    }

    #[tokio::test]
    async fn a_forge_that_is_down_is_asked_a_few_times_and_not_for_each_service() {
        for (error, most) in [
            (Error::Connect("refused".to_owned()), 4),
            (overload(), 16),
            (Error::Timeout(Duration::from_secs(15)), 8),
        ] {
            let asked = RefCell::new(0);
            let size = Size::new(20, 20);
            let answers: Vec<Result<(), Error>> = sweep(&size, 1000, 4, |_| {
                *asked.borrow_mut() += 1;
                let error = error.clone();
                async move { Err(error) }
            })
            .await;
            assert!(answers.iter().all(Result::is_err));
            assert!(*asked.borrow() <= most, "{error}: {}", asked.borrow());
        }
    }

    #[tokio::test]
    async fn only_the_services_that_are_too_heavy_are_asked_again() {
        let asked = RefCell::new(Vec::new());
        let size = Size::new(4, 4);
        let answers = sweep(&size, 4, 1, |batch: Vec<usize>| {
            asked.borrow_mut().push(batch.clone());
            let alone = batch.len() == 1;
            async move {
                Ok(batch
                    .iter()
                    .map(|&i| match i {
                        2 if !alone => Part::TooHeavy(Error::Unreadable("limits".to_owned())),
                        _ => Part::Done(Ok(i)),
                    })
                    .collect())
            }
        })
        .await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(*asked.borrow(), vec![vec![0, 1, 2, 3], vec![2]]);
    }
}
