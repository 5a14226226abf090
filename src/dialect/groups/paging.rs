//! Pages as Django REST counts them: from 1, twenty rows each, with the addresses of their neighbours.

use crate::dialect::Caller;
use crate::dialect::fields::Digits;
use crate::domain::Appliance;
use crate::model::lesson::Page;
use crate::model::{Fault, Thing};

const SIZE: i64 = 20;

/// `?page=N`; the first one when absent.
pub type Number = Option<Digits<1, { i64::MAX }>>;

/// One page that is asked for.
#[derive(Clone, Copy)]
pub struct Asked(i64);

impl From<Number> for Asked {
    fn from(number: Number) -> Self {
        Self(number.map_or(1, |n| n.0))
    }
}

impl Asked {
    pub fn is_first(self) -> bool {
        self.0 == 1
    }

    pub fn rows(self) -> Page {
        Page { index: (self.0 - 1).saturating_mul(SIZE), size: SIZE }
    }

    /// The addresses of the page after and of the one before, of `total` rows.
    ///
    /// # Errors
    /// `Missing(Page)` when there is no such page; the first one is always there.
    pub fn neighbours(
        self,
        app: &Appliance,
        caller: &Caller,
        path: &str,
        total: i64,
    ) -> Result<(Option<String>, Option<String>), Fault> {
        let page = self.rows();
        if self.0 > 1 && page.index >= total {
            return Err(Fault::Missing(Thing::Page));
        }
        let at = |number: i64| match number {
            1 => caller.base.absolute(app, path),
            n => caller.base.absolute(app, &format!("{path}?page={n}")),
        };
        let next = page.index.saturating_add(SIZE) < total;
        Ok((next.then(|| at(self.0 + 1)), (self.0 > 1).then(|| at(self.0 - 1))))
    }
}
