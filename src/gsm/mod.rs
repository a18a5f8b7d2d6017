//! What fits on the air: the GSM 03.38 alphabet, septets, the parts of a long SMS.
//!
//! Pure. May import `types`.
