//! umlaut runs unmodified Linux programs on a Linux kernel that lives in the program's own address space.
//!
//! This crate is the command line, the supervisor and the embedding API: it puts the kernel's pieces together ([`sandbox`]),
//! starts the first guest and reaps what ends ([`supervisor`]). The kernel itself is in the crates below.
#![deny(unsafe_code)]

pub mod cli;
#[allow(unsafe_code)]
pub mod doctor;
pub mod sandbox;
#[allow(unsafe_code)]
pub mod supervisor;
