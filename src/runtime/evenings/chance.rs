//! Chance: everything that an evening leaves open is drawn here, from its seed alone.

use jiff::SignedDuration;

#[derive(Clone, Debug)]
pub struct Chance(fastrand::Rng);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Says yes `percent` times in a hundred.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.0.u32(..100) < percent
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end.max(1))
    }

    pub fn seconds(&mut self, from: i64, to: i64) -> SignedDuration {
        SignedDuration::from_secs(self.0.i64(from..=to))
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// Picks a place by its weight; the weights must not all be zero.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut drawn = self.0.u32(..weights.iter().sum::<u32>().max(1));
        for (place, weight) in weights.iter().enumerate() {
            if drawn < *weight {
                return place;
            }
            drawn -= weight;
        }
        0
    }

    pub fn seed(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// A commit.
    pub fn sha(&mut self) -> String {
        format!(
            "{:016x}{:016x}{:08x}",
            self.seed(),
            self.seed(),
            self.0.u32(..)
        )
    }
}
