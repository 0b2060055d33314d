//! gonogo
