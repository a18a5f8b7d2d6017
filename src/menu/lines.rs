//! Lines of a text by their places.

/// Where the lines of a text end: for many places what [`Span::line`](crate::menu::tree::Span::line) counts for one.
#[derive(Debug, Clone, Default)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// The lines of this text.
    pub fn of(source: &str) -> Self {
        Self(source.bytes().enumerate().filter(|(_, octet)| *octet == b'\n').map(|(at, _)| at).collect())
    }

    /// The line that this octet stands on, counted from 1.
    pub fn line(&self, octet: usize) -> usize {
        self.0.partition_point(|end| *end < octet) + 1
    }

    /// The first octet of a line that is counted from 1.
    pub fn begin(&self, line: usize) -> usize {
        line.checked_sub(2).and_then(|before| self.0.get(before)).map_or(0, |end| end + 1)
    }
}
