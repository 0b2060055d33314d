//! The nouns of a release and the rules between them.
//!
//! Pure values and functions: no I/O, no clock, no terminal. Every instant is an argument, every
//! rule can be tested at any moment. It names no other layer of the crate.
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | service | what is released: one repository (or a part of one) with a path of environments |
//! | environment | where a revision runs: `dev`, `staging`, `production` |
//! | revision | a full commit SHA, shown with its version (tag) or short SHA |
//! | path | the ordered environments of a service |
//! | cell | one service in one environment |
//! | candidate | the revision that would be promoted into a cell |
//! | gate | a condition that a promotion must meet; it has a verdict |
//! | hold | an operator's stop on a scope, with owner and reason |
//! | brake | what makes a hold the forge's own stop: a status, a label, a freeze, a no |
//! | attestation | somebody's word that a task of a checklist is done, bound to the scope it was done for |
//! | round | samples of a running service, all taken at one time |
//! | sign-off | a role's go or no-go, bound to the scope it saw |
//! | window, freeze | when promotions are allowed, and when not |
//! | override | one person's word that a promotion may pass a gate that is not open, once |
//! | promotion | bringing a candidate into a cell, from intent to outcome |
//! | notice | what somebody is told of a journal entry, once |
//! | intent | the durable record of a promotion before anything is sent |
//! | act | one write on a forge |
//! | ledger | what the journal's entries add up to |
//! | release | a named set of services that ship together, in waves |
//! | hand-over | what the next operator must know, given by one person and accepted by another |
//! | agenda | what a release would move now, hashed; votes on it bind to the hash |
//! | scope | the commits and pull requests between two revisions |
//! | risk | how much is at stake in a scope, in points that say what they are for |
//! | trace | why a revision is where it is: tickets, people, promotion |
//! | fact | the last good answer of a forge, its age, and the fault since |

pub mod act;
pub mod attestation;
pub mod board;
pub mod brake;
pub mod by_hand;
pub mod capability;
pub mod cell;
pub mod custom;
pub mod denial;
pub mod deployment;
pub mod entry;
pub mod facts;
pub mod fault;
pub mod few;
pub mod figure;
pub mod foresight;
pub mod forge_kind;
pub mod gate;
pub mod handover;
pub mod history;
pub mod hold;
pub mod ids;
pub mod lane;
mod lean;
pub mod ledger;
pub mod log;
pub mod notice;
pub mod observed;
pub mod origin;
pub mod override_;
pub mod phase;
pub mod pipeline;
pub mod policy;
pub mod promotion;
pub mod pull_request;
pub mod release;
pub mod revision;
pub mod risk;
pub mod rollback;
pub mod sampling;
pub mod scope;
pub mod seen;
pub mod signoff;
pub mod spelling;
pub mod text;
pub mod trace;
pub mod verification;
pub mod version;
pub mod window;
