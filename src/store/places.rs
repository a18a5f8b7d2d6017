//! What is known by its key as it was last, in so much room and no more. A key has one place, which it
//! may share with others: the latest of them has it.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};

type Place<K, V> = Mutex<Option<(K, V)>>;

/// So many places.
pub struct Places<K, V>(Box<[Place<K, V>]>);

impl<K, V> fmt::Debug for Places<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places").field(&self.0.len()).finish()
    }
}

impl<K, V> Places<K, V> {
    /// Room for so many, at least one.
    pub fn new(places: usize) -> Self {
        Self((0..places.max(1)).map(|_| Place::default()).collect())
    }

    /// The place of a key, whoever has it.
    pub fn of<Q: Hash + ?Sized>(&self, key: &Q) -> MutexGuard<'_, Option<(K, V)>>
    where
        K: Borrow<Q>,
    {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
        // Whichever half of the hash a small machine keeps is as good.
        let place = hash as usize % self.0.len();
        self.0[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
