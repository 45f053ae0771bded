//! A place in memory, for tests: one that can be away, and whose objects can be changed behind everybody's back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::{BoxFuture, Error, LARGEST, Object, Place, Result, Write, name, too_large};

/// The place.
#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Bytes>,
    is_away: bool,
    operations: u64,
    ends_at: Option<u64>,
}

impl Memory {
    /// Cuts it off, or brings it back for good.
    pub fn set_away(&self, is_away: bool) {
        let mut state = self.state();
        (state.is_away, state.ends_at) = (is_away, None);
    }

    /// Lets so many more operations through and cuts it off then.
    pub fn away_after(&self, operations: u64) {
        let mut state = self.state();
        state.ends_at = Some(state.operations + operations);
    }

    /// How many operations it did.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// All its objects, to look at and to change.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        self.state().objects.clone()
    }

    /// Puts other objects in the place of all.
    pub fn set_objects(&self, objects: BTreeMap<String, Bytes>) {
        self.state().objects = objects;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self) -> Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        if state.ends_at.is_some_and(|end| state.operations >= end) {
            (state.is_away, state.ends_at) = (true, None);
        }
        if state.is_away {
            return Err(Error::Away("the place is away".to_owned()));
        }
        state.operations += 1;
        Ok(state)
    }
}

impl Place for Memory {
    fn medium(&self) -> String {
        "memory".to_owned()
    }

    fn identity(&self) -> String {
        format!("memory {self:p}")
    }

    fn check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { self.reach().map(drop) })
    }

    fn put<'a>(&'a self, name: &'a str, bytes: Bytes, how: Write) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            name::check(name)?;
            if bytes.len() > LARGEST {
                return Err(too_large(name, bytes.len() as u64));
            }
            let mut state = self.reach()?;
            if how == Write::Create && state.objects.contains_key(name) {
                return Err(Error::Exists);
            }
            state.objects.insert(name.to_owned(), bytes);
            Ok(())
        })
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>>> {
        Box::pin(async move {
            name::check(name)?;
            let found = self.reach()?.objects.get(name).cloned();
            match found {
                Some(bytes) if bytes.len() > LARGEST => Err(too_large(name, bytes.len() as u64)),
                other => Ok(other),
            }
        })
    }

    fn list<'a>(&'a self, beginning: &'a str) -> BoxFuture<'a, Result<Vec<Object>>> {
        Box::pin(async move {
            let state = self.reach()?;
            let named = state.objects.iter().filter(|(name, _)| name.starts_with(beginning));
            Ok(named.map(|(name, bytes)| Object { name: name.clone(), bytes: bytes.len() as u64 }).collect())
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            name::check(name)?;
            self.reach()?.objects.remove(name);
            Ok(())
        })
    }
}
