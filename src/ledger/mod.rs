//! Double entry in whole cents: accounts, transfers, the table of all postings.
//!
//! Pure. May import `types`.
