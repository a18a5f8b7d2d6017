//! The business: artisans, listings, orders, payouts. Every module decides and evolves, and does nothing else.
//!
//! Pure. May import `types`.
