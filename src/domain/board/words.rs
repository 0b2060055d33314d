//! What a revision that only its SHA is kept of, and a cover that names one, are called on the board.
//! What a whole revision is called is in `board.rs`.

use super::{Board, Row};
use crate::domain::hold::Cover;
use crate::domain::ids::Sha;

impl Board {
    /// A cover in words, with its revision named as its service's row names it.
    pub fn cover(&self, cover: &Cover) -> String {
        let row = cover.service.as_ref().and_then(|name| self.row(name));
        let name = row.zip(cover.revision.as_ref());
        match name.and_then(|(row, sha)| row.name_of(sha)) {
            Some(name) => {
                let rest = Cover {
                    revision: None,
                    ..cover.clone()
                };
                format!("{rest} revision {name}")
            }
            None => cover.to_string(),
        }
    }
}

impl Row {
    /// What a revision is called here, if more is known of it than its SHA.
    fn name_of(&self, sha: &Sha) -> Option<&str> {
        let ends = self.cells.iter().flat_map(|cell| {
            let ends = [cell.live.as_ref(), cell.candidate.as_ref()];
            ends.into_iter().flatten()
        });
        let mut here = ends.filter(|revision| revision.sha == *sha);
        let known = here.next().map(|revision| self.label(revision));
        known.or_else(|| self.facts.value()?.version_of(sha))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Basis;
    use super::*;
    use crate::domain::gate::fixture::{HEAD, LIVE, World, now, sha};

    #[test]
    fn a_cover_names_a_revision_as_the_board_does() {
        let world = World::new(Vec::new());
        let basis = Basis {
            policy: &world.policy,
            ledger: world.ledger.as_ref(),
            actor: world.actor.as_ref(),
            now: now(),
        };
        let mut board = Board::new(basis, Board::default());
        let name = board.rows[0].service.name.clone();
        let facts = world.facts.value().cloned().unwrap();
        board.merge(&name, Ok(facts), now(), basis);
        let cover = |revision| {
            board.cover(&Cover {
                service: Some(name.clone()),
                environment: None,
                revision,
            })
        };
        assert_eq!(cover(Some(sha(LIVE))), format!("{name} revision 2.40.3"));
        assert_eq!(cover(Some(sha(HEAD))), format!("{name} revision ccccccc"));
        assert_eq!(cover(None), name.to_string());
        let alone = Cover {
            revision: Some(sha(LIVE)),
            ..Cover::default()
        };
        assert_eq!(board.cover(&alone), "revision aaaaaaa", "of no service");
    }
}
