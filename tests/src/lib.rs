//! Guest test support.
