//! Property tests of the fold.
