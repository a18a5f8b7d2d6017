//! A row as the disk holds it: version, kind, value.

use super::batch::{Row, Value};
use bytes::Bytes;

const OCTETS: u8 = 0;
const SUM: u8 = 1;
/// The version (eight octets, big-endian) and the kind.
const VALUE_AT: usize = 9;

/// The octets of a row.
pub(super) fn encode(row: &Row) -> Vec<u8> {
    let octets = if let Value::Octets(value) = &row.value { value.len() } else { 8 };
    let mut out = Vec::with_capacity(VALUE_AT + octets);
    out.extend_from_slice(&row.version.to_be_bytes());
    match &row.value {
        Value::Octets(value) => {
            out.push(OCTETS);
            out.extend_from_slice(value);
        }
        Value::Sum(sum) => {
            out.push(SUM);
            out.extend_from_slice(&sum.to_be_bytes());
        }
    }
    out
}

/// The row that was spelled so; `Err` says what is wrong.
pub(super) fn decode(octets: &[u8]) -> Result<Row, String> {
    let Some((head, value)) = octets.split_at_checked(VALUE_AT) else {
        return Err(format!("it has {} octets, fewer than any row", octets.len()));
    };
    let mut version = [0; 8];
    version.copy_from_slice(&head[..8]);
    let value = match head[8] {
        OCTETS => Value::Octets(Bytes::copy_from_slice(value)),
        SUM => {
            let sum = value.try_into().map_err(|_| "a sum has eight octets".to_owned())?;
            Value::Sum(i64::from_be_bytes(sum))
        }
        kind => return Err(format!("kind {kind} is not known; a newer version may have written it")),
    };
    Ok(Row { version: u64::from_be_bytes(version), value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_row_is_read_back_as_it_was_written(
            version in any::<u64>(), octets in any::<Vec<u8>>(), sum in any::<i64>(),
        ) {
            for value in [Value::Octets(octets.clone().into()), Value::Sum(sum)] {
                let row = Row { version, value };
                prop_assert_eq!(decode(&encode(&row)), Ok(row));
            }
        }
    }

    #[test]
    fn a_short_row_and_an_unknown_kind_are_refused() {
        assert!(decode(&[0; 8]).is_err());
        assert!(decode(&[0, 0, 0, 0, 0, 0, 0, 1, 9]).expect_err("kind 9").contains("newer"));
        assert!(decode(&[0, 0, 0, 0, 0, 0, 0, 1, SUM, 0]).is_err());
    }
}
