//! Which gateways reach a phone, in which order: operators by the beginnings of their numbers, and
//! single numbers that moved to another operator and kept their digits.
//!
//! Pure: [`Table::choose`] is a function of the table, the number and which gateways are up. The
//! files a table is read from are described at [`Sources`].

mod read;

use super::Msisdn;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use read::{RoutingError, Sources};

/// A gateway by its name in the configuration.
pub type Gateway = Arc<str>;

/// An operator and the ways to its subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Operator {
    name: String,
    /// The best first.
    gateways: Vec<Gateway>,
}

/// The routing table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    operators: Vec<Operator>,
    /// Beginnings of numbers in international digits, with the index of their operator.
    prefixes: BTreeMap<String, usize>,
    /// Numbers that were ported, in ascending order, with the index of their operator.
    ported: Vec<(u64, usize)>,
    /// For numbers of no operator.
    others: Vec<Gateway>,
}

impl Table {
    /// The table of a service without one: every number by the gateways in their order.
    pub const fn everywhere(gateways: Vec<Gateway>) -> Self {
        Self { operators: Vec::new(), prefixes: BTreeMap::new(), ported: Vec::new(), others: gateways }
    }

    fn operator_of(&self, msisdn: Msisdn) -> Option<&Operator> {
        let digits = msisdn.to_string();
        let ported = self.ported.binary_search_by_key(&msisdn.number(), |(number, _)| *number);
        let index = match ported {
            Ok(at) => self.ported.get(at).map(|(_, index)| *index),
            Err(_) => (1..=digits.len()).rev().find_map(|end| self.prefixes.get(&digits[..end]).copied()),
        };
        index.and_then(|index| self.operators.get(index))
    }

    /// The operator a number belongs to: the one it was ported to, or else that of the longest
    /// beginning that fits.
    pub fn operator(&self, msisdn: Msisdn) -> Option<&str> {
        self.operator_of(msisdn).map(|operator| operator.name.as_str())
    }

    /// Every gateway a number may be reached by, up or not, the best first.
    pub fn gateways(&self, msisdn: Msisdn) -> &[Gateway] {
        self.operator_of(msisdn).map_or(&self.others, |operator| &operator.gateways)
    }

    /// The gateways to try now, the best first: those of the number's operator that are up.
    pub fn choose(&self, msisdn: Msisdn, is_up: impl Fn(&Gateway) -> bool) -> Vec<Gateway> {
        self.gateways(msisdn).iter().filter(|gateway| is_up(gateway)).cloned().collect()
    }

    /// Operators, beginnings of numbers, and ported numbers: for one line of the log.
    pub fn sizes(&self) -> (usize, usize, usize) {
        (self.operators.len(), self.prefixes.len(), self.ported.len())
    }
}

#[cfg(test)]
mod tests;
