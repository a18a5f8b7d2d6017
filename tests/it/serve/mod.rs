//! `sokoni serve` as a program of its own, seen from outside.

mod aggregator;
mod ends;
mod telling;
