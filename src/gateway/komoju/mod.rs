//! KOMOJU: hosted sessions.
