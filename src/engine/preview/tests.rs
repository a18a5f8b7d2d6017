//! Over the menus of the product.

use super::*;
