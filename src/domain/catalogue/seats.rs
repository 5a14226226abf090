//! Who sits in one lesson, in order of registration, and the whole list as a dialect writes it.

use std::ops::Range;

use crate::model::UserId;
use crate::model::lesson::{Member, Page};

#[derive(Default)]
pub struct Seats {
    people: Vec<(UserId, Member)>,
    /// All rows with commas between them, and where each ends; `None` since somebody came or went.
    written: Option<(Vec<u8>, Vec<usize>)>,
}

impl Seats {
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Somebody sits here from now on, or not.
    pub fn set(&mut self, user: UserId, member: Option<Member>) {
        self.written = None;
        let at = self.people.binary_search_by_key(&user, |(known, _)| *known);
        match (at, member) {
            (Ok(at), Some(member)) => self.people[at].1 = member,
            (Ok(at), None) => drop(self.people.remove(at)),
            (Err(at), Some(member)) => self.people.insert(at, (user, member)),
            (Err(_), None) => {}
        }
    }

    /// Somebody who sits here is another one from now on.
    pub fn change(&mut self, user: UserId, member: &Member) {
        if self.people.binary_search_by_key(&user, |(known, _)| *known).is_ok() {
            self.set(user, Some(member.clone()));
        }
    }

    /// The rows of one page.
    pub fn page(&mut self, page: Page, write: fn(&Member, &mut Vec<u8>)) -> &[u8] {
        let people = &self.people;
        let (rows, ends) = self.written.get_or_insert_with(|| {
            let (mut rows, mut ends) = (Vec::new(), Vec::with_capacity(people.len()));
            for (_, member) in people {
                if !ends.is_empty() {
                    rows.push(b',');
                }
                write(member, &mut rows);
                ends.push(rows.len());
            }
            (rows, ends)
        });
        let Range { start, end } = window(page, ends.len());
        if start == end {
            return &[];
        }
        // Behind the comma.
        let from = start.checked_sub(1).map_or(0, |before| ends[before] + 1);
        &rows[from..ends[end - 1]]
    }
}

/// The rows of a page of so many.
pub fn window(page: Page, rows: usize) -> Range<usize> {
    let start = usize::try_from(page.index).unwrap_or(usize::MAX).min(rows);
    let size = usize::try_from(page.size).unwrap_or(0);
    start..start.saturating_add(size).min(rows)
}
