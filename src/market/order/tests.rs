//! An order from the shop to the shelf, and every way it may go wrong.
