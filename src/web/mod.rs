//! HTTP: the shop, the desk and the phones page.
//!
//! May import `types` and `engine`.
