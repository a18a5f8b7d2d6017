//! Whether a batch may be written, decided in one place for every engine.
//!
//! Pure. Batches are judged one after the other against the rows as stored, overlaid with what
//! the earlier batches of the same group will write.

use super::batch::{Act, Batch, Committed, Expect, Row, Value, show_key};
use super::journal::{Head, Record};
use super::redact::{digest, notice};
use super::{Key, StoreError, keys};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// The most octets one row may hold. Rows are meant to be small (a few hundred octets); what
/// grows belongs into rows of its own.
pub const MAX_ROW: usize = 64 * 1024;
/// The most octets one batch, and one group, may hold.
pub const MAX_GROUP: usize = 256 * 1024;

/// Gives a row as stored.
pub type Load<'a> = dyn FnMut(&[u8]) -> Result<Option<Row>, StoreError> + 'a;

/// Several batches that will be written together.
#[derive(Debug)]
pub struct Group {
    began: Head,
    head: Head,
    rows: BTreeMap<Key, Change>,
    octets: usize,
}

/// What becomes of a row.
#[derive(Debug, Clone)]
struct Change {
    stored: Option<Row>,
    now: Option<Row>,
    written: bool,
}

/// How many octets a batch will write, near enough to bound a group.
pub fn size(batch: &Batch) -> usize {
    let op = |op: &super::batch::Op| {
        op.key.len() + 16 + if let Act::Put(value) = &op.act { value.len() } else { 8 }
    };
    let inbox = batch.inbox.as_ref().map_or(0, |mark| mark.key.len() + mark.answer.len() + 16);
    let journal: usize = batch.journal.iter().map(|record| record.len() + 64).sum();
    let redact: usize = batch.redact.iter().map(|new| new.record.len() + 96).sum();
    inbox + journal + redact + batch.ops.iter().map(op).sum::<usize>()
}

impl Group {
    /// An empty group behind `head`.
    pub fn new(head: Head) -> Self {
        Self { began: head, head, rows: BTreeMap::new(), octets: 0 }
    }

    /// Judges one batch and, when it may be written, takes it into the group. `load` gives a row
    /// as stored before the group; its errors are handed on.
    pub fn judge(&mut self, batch: Batch, load: &mut Load<'_>) -> Result<Committed, StoreError> {
        check_shape(&batch)?;
        if let Some(mark) = &batch.inbox {
            let earlier = keys::inbox_earlier(&mark.key);
            for key in std::iter::once(&mark.key).chain(&earlier) {
                if let Some(first) = self.current(key, load)? {
                    return Ok(Committed::Repeat(first.octets()));
                }
            }
        }
        for op in &batch.ops {
            let row = self.current(&op.key, load)?;
            let holds = match op.expect {
                Expect::Any => true,
                Expect::Absent => row.is_none(),
                Expect::At(version) => row.is_some_and(|row| row.version == version),
            };
            if !holds {
                return Err(StoreError::Conflict(op.key.clone()));
            }
        }
        let sums = self.sums(&batch)?;
        let reworded = self.reworded(&batch, load)?;
        Ok(Committed::At(self.take(batch, sums, reworded)))
    }

    /// The rows of records that get other words: each as its notice in the same batch says, none that
    /// is a notice itself, none that was changed in between.
    fn reworded(&mut self, batch: &Batch, load: &mut Load<'_>) -> Result<Vec<(Key, Bytes)>, StoreError> {
        let wrong = |why: &str| StoreError::Malformed(format!("records are replaced: {why}"));
        let named: Vec<_> = batch.journal.iter().filter_map(|record| notice(record)).collect();
        let named: BTreeMap<_, _> = named.into_iter().flat_map(|notice| notice.rows).collect();
        let mut rows = Vec::with_capacity(batch.redact.len());
        for new in &batch.redact {
            let key = keys::journal(new.position, new.index);
            let Some(row) = self.current(&key, load)?.map(Row::octets) else {
                return Err(wrong("one of them is not there"));
            };
            let record = Record::parse(&key, &row)?;
            if record.record != new.was {
                return Err(StoreError::Conflict(key));
            }
            if notice(&record.record).is_some() {
                return Err(wrong("one of them says what was replaced before"));
            }
            if named.get(&record.number) != Some(&digest(&new.record)) {
                return Err(wrong("no notice says so"));
            }
            rows.push((key, record.reworded(&new.record)));
        }
        let distinct: BTreeSet<_> = rows.iter().map(|(key, _)| key).collect();
        if (distinct.len(), rows.len()) != (named.len(), named.len()) {
            return Err(wrong("a notice names others"));
        }
        Ok(rows)
    }

    /// The row as it will be after the batches judged so far.
    fn current(&mut self, key: &[u8], load: &mut Load<'_>) -> Result<Option<&Row>, StoreError> {
        if !self.rows.contains_key(key) {
            let stored = load(key)?;
            let change = Change { now: stored.clone(), stored, written: false };
            self.rows.insert(key.to_vec(), change);
        }
        Ok(self.rows.get(key).and_then(|change| change.now.as_ref()))
    }

    /// The sums after the batch, in the order of its additions.
    fn sums(&self, batch: &Batch) -> Result<Vec<i64>, StoreError> {
        let mut sums = Vec::new();
        for op in &batch.ops {
            let Act::Add { delta, floor } = op.act else { continue };
            let now = match self.rows.get(&op.key).and_then(|change| change.now.as_ref()) {
                None => 0,
                Some(Row { value: Value::Sum(sum), .. }) => *sum,
                Some(_) => return Err(malformed(&op.key, "holds octets, not a sum")),
            };
            let sum = now.checked_add(delta).ok_or_else(|| malformed(&op.key, "would overflow"))?;
            if floor.is_some_and(|floor| sum < floor) {
                return Err(StoreError::Floor(op.key.clone()));
            }
            sums.push(sum);
        }
        Ok(sums)
    }

    /// Takes an accepted batch into the group as the next commit.
    fn take(&mut self, batch: Batch, sums: Vec<i64>, reworded: Vec<(Key, Bytes)>) -> u64 {
        self.octets += size(&batch);
        let position = self.head.position + 1;
        self.head.position = position;
        let octets = |value| Some(Row { version: position, value: Value::Octets(value) });
        if let Some(mark) = batch.inbox {
            self.write(mark.key, octets(mark.answer));
        }
        let mut sums = sums.into_iter();
        for op in batch.ops {
            match op.act {
                Act::Keep => {}
                Act::Delete => self.write(op.key, None),
                Act::Put(value) => self.write(op.key, octets(value)),
                Act::Add { .. } => {
                    let sum = sums.next().unwrap_or_default();
                    self.write(op.key, Some(Row { version: position, value: Value::Sum(sum) }));
                }
            }
        }
        for (key, row) in reworded {
            self.write(key, octets(row));
        }
        for (index, record) in (0..).zip(batch.journal) {
            let row = self.head.append(position, index, &record, batch.salt);
            self.write(keys::journal(position, index), octets(row));
        }
        position
    }

    fn write(&mut self, key: Key, now: Option<Row>) {
        let change = self.rows.entry(key).or_insert(Change { stored: None, now: None, written: false });
        change.now = now;
        change.written = true;
    }

    /// Where the store stands once the group is written.
    pub const fn head(&self) -> Head {
        self.head
    }

    /// How many octets the group writes, near enough.
    pub const fn octets(&self) -> usize {
        self.octets
    }

    /// Every row the group writes, in key order: key, as stored, as it becomes. The head's own
    /// row comes with it. Empty when no batch was accepted.
    pub fn writes(&self) -> Vec<(Key, Option<Row>, Option<Row>)> {
        let mut writes: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, change)| change.written)
            .map(|(key, change)| (key.clone(), change.stored.clone(), change.now.clone()))
            .collect();
        if self.head != self.began {
            let was = (self.began != Head::START).then_some(self.began);
            writes.push((keys::head(), was.map(head_row), Some(head_row(self.head))));
        }
        writes
    }
}

fn head_row(head: Head) -> Row {
    Row { version: head.position, value: Value::Octets(head.to_octets().to_vec().into()) }
}

fn malformed(key: &[u8], why: &str) -> StoreError {
    StoreError::Malformed(format!("row {} {why}", show_key(key)))
}

/// What can be seen without looking at any row.
fn check_shape(batch: &Batch) -> Result<(), StoreError> {
    let mut seen = BTreeSet::new();
    let rows = batch.ops.iter().map(|op| (&op.key, if let Act::Put(v) = &op.act { v.len() } else { 0 }));
    let mark = batch.inbox.as_ref().map(|mark| (&mark.key, mark.answer.len()));
    for (key, octets) in rows.chain(mark) {
        if !seen.insert(key) {
            return Err(malformed(key, "is named twice"));
        }
        if key.is_empty() || key[0] == keys::JOURNAL || *key == keys::head() {
            return Err(malformed(key, "is written by the store alone"));
        }
        if octets > MAX_ROW {
            return Err(malformed(key, &format!("has {octets} octets; {MAX_ROW} fit")));
        }
    }
    let records = batch.journal.iter().chain(batch.redact.iter().map(|new| &new.record));
    if let Some(record) = records.into_iter().find(|record| record.len() > MAX_ROW) {
        let octets = record.len();
        return Err(StoreError::Malformed(format!("a record has {octets} octets; {MAX_ROW} fit")));
    }
    let octets = size(batch);
    if octets > MAX_GROUP {
        return Err(StoreError::Malformed(format!("it has {octets} octets; {MAX_GROUP} fit")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::batch::{InboxMark, Op};
    use crate::types::Timestamp;

    /// A group over no rows, and what it answers to each batch in turn.
    fn judged(batches: Vec<Batch>) -> (Group, Vec<Result<Committed, String>>) {
        let mut group = Group::new(Head::START);
        let answers = batches
            .into_iter()
            .map(|batch| group.judge(batch, &mut |_| Ok(None)).map_err(|e| e.to_string()))
            .collect();
        (group, answers)
    }

    fn batch(build: impl FnOnce(&mut Batch)) -> Batch {
        let mut batch = Batch::default();
        build(&mut batch);
        batch
    }

    fn marked(at: i64, answer: &'static str) -> Batch {
        let key = keys::inbox(Timestamp::from_millis(at), b"bind 7, message 3");
        Batch { inbox: Some(InboxMark { key, answer: answer.into() }), ..Batch::default() }
    }

    #[test]
    fn a_batch_sees_what_the_batches_before_it_in_the_group_will_write() {
        let key = keys::meta("x");
        let (group, answers) = judged(vec![
            batch(|b| b.put(key.clone(), Expect::Absent, "first")),
            batch(|b| b.put(key.clone(), Expect::Absent, "second")),
            batch(|b| b.put(key.clone(), Expect::At(1), "third")),
            batch(|b| b.delete(key.clone(), Expect::At(2))),
            batch(|b| b.put(key.clone(), Expect::At(2), "fourth")),
            batch(|b| b.put(key.clone(), Expect::Absent, "fifth")),
        ]);
        let conflict = Err("row Mx changed in between".to_owned());
        let at = |position| Ok(Committed::At(position));
        assert_eq!(answers, [at(1), conflict.clone(), at(2), at(3), conflict, at(4)]);
        let (written, before, now) = group.writes().swap_remove(0);
        assert_eq!((written, before), (key, None));
        assert_eq!(now, Some(Row { version: 4, value: Value::Octets("fifth".into()) }));
    }

    #[test]
    fn a_repeated_input_gets_the_first_answer_and_writes_nothing() {
        let span = i64::try_from(keys::INBOX_BUCKET.as_millis()).expect("days");
        let (group, answers) = judged(vec![
            marked(0, "first"),
            marked(1, "again"),
            marked(span, "in the next bucket"),
            marked(2 * span, "long after"),
        ]);
        let first = Ok(Committed::Repeat("first".into()));
        assert_eq!(answers, [Ok(Committed::At(1)), first.clone(), first, Ok(Committed::At(2))]);
        assert_eq!(group.head().position, 2);
    }

    #[test]
    fn a_sum_stays_at_or_above_its_floor_within_a_group_too() {
        let key = keys::balance("house");
        let (group, answers) = judged(vec![
            batch(|b| b.add(key.clone(), -1, Some(0))),
            batch(|b| b.add(key.clone(), 100, None)),
            batch(|b| b.add(key.clone(), -70, Some(0))),
            batch(|b| b.add(key.clone(), -70, Some(0))),
            batch(|b| b.add(key.clone(), -30, Some(0))),
        ]);
        let floor = Err("sum Bhouse would go below its floor".to_owned());
        let at = |position| Ok(Committed::At(position));
        assert_eq!(answers, [floor.clone(), at(1), at(2), floor, at(3)]);
        assert_eq!(group.writes()[0].2.as_ref().map(Row::sum), Some(0));
    }

    #[test]
    fn a_refused_batch_leaves_no_part_of_itself_behind() {
        let (a, b) = (keys::meta("a"), keys::balance("b"));
        let (group, answers) = judged(vec![batch(|x| {
            x.inbox = marked(0, "never").inbox;
            x.put(a.clone(), Expect::Any, "never");
            x.add(b.clone(), -1, Some(0));
            x.journal.push("never".into());
        })]);
        assert!(answers[0].is_err());
        assert_eq!(group.writes(), []);
        assert_eq!((group.head(), group.octets()), (Head::START, 0));
    }

    #[test]
    fn a_changed_row_is_named_before_a_sum_too_low() {
        let (_, answers) = judged(vec![batch(|x| {
            x.add(keys::balance("b"), -1, Some(0));
            x.ops.push(Op { key: keys::meta("a"), expect: Expect::At(1), act: Act::Keep });
        })]);
        assert_eq!(answers, [Err("row Ma changed in between".to_owned())]);
    }

    #[test]
    fn a_batch_that_could_never_be_right_is_refused_as_such() {
        let key = keys::meta("a");
        let large = vec![b'x'; MAX_ROW + 1];
        let wrong = vec![
            (batch(|b| (0..2).for_each(|_| b.put(key.clone(), Expect::Any, ""))), "named twice"),
            (batch(|b| b.put(keys::journal(1, 0), Expect::Any, "")), "store alone"),
            (batch(|b| b.delete(keys::head(), Expect::Any)), "store alone"),
            (batch(|b| b.put(vec![], Expect::Any, "")), "store alone"),
            (batch(|b| b.put(key.clone(), Expect::Any, large.clone())), "fit"),
            (batch(|b| b.journal.push(large.clone().into())), "fit"),
            (batch(|b| (0..5).for_each(|_| b.journal.push(vec![b'x'; MAX_ROW].into()))), "fit"),
        ];
        for (batch, why) in wrong {
            let (_, answers) = judged(vec![batch]);
            let answer = answers[0].as_ref().expect_err(why);
            assert!(answer.contains("cannot be written") && answer.contains(why), "{answer}");
        }
    }

    #[test]
    fn octets_are_no_sum_and_a_sum_does_not_wrap_round() {
        let (words, sum) = (keys::meta("words"), keys::balance("b"));
        let (_, answers) = judged(vec![
            batch(|b| b.put(words.clone(), Expect::Any, "one")),
            batch(|b| b.add(words.clone(), 1, None)),
            batch(|b| b.add(sum.clone(), i64::MAX, None)),
            batch(|b| b.add(sum.clone(), 1, None)),
        ]);
        assert!(answers[1].as_ref().expect_err("octets").contains("not a sum"));
        assert!(answers[3].as_ref().expect_err("too much").contains("overflow"));
    }

    #[test]
    fn a_row_that_is_only_checked_is_not_written() {
        let key = keys::meta("a");
        let keep = Op { key, expect: Expect::Absent, act: Act::Keep };
        let (group, answers) = judged(vec![Batch { ops: vec![keep], ..Batch::default() }]);
        assert_eq!(answers, [Ok(Committed::At(1))]);
        assert_eq!(group.writes().len(), 1, "the head alone");
    }

    #[test]
    fn a_row_that_cannot_be_loaded_is_an_error_of_the_batch_that_needs_it() {
        let mut group = Group::new(Head::START);
        let answer = group.judge(batch(|b| b.add(keys::balance("b"), 1, None)), &mut |_| {
            Err(StoreError::Stopped("the disk is gone".to_owned()))
        });
        assert!(matches!(answer, Err(StoreError::Stopped(_))));
        assert_eq!(group.head(), Head::START);
    }
}
