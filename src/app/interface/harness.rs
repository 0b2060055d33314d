//! For tests: a small board with everything an interface needs, and keys pressed on it.
