//! What the box does when nobody wants anything of it: it gives back the memory that it does not use.

use crate::domain::Appliance;
use crate::hw::memory::{self, Code, Due, Rest};
use crate::model::Millis;

pub struct Memory {
    rest: Rest,
    code: Option<Code>,
}

impl Memory {
    pub fn begin(now: Millis) -> Self {
        Self { rest: Rest::begin(memory::used(), now), code: None }
    }

    /// To be asked after whatever else is done now and then: that touches memory, too. True when it is to be asked again
    /// soon: threads that give back their part of the heap touch code meanwhile.
    pub fn look(&mut self, app: &Appliance, now: Millis) -> bool {
        let due = self.rest.look(memory::used(), now);
        let is_all = due == Some(Due::CodeAndHeap);
        if is_all {
            memory::ask_heap();
            app.db.rest(memory::heap_here);
            wake_workers();
        }
        if due.is_some() {
            self.give_back_code();
        }
        is_all
    }

    fn give_back_code(&mut self) {
        match &self.code {
            Some(code) => code.give_back(),
            None => match Code::find() {
                Ok(code) => self.code.insert(code).give_back(),
                Err(e) => tracing::debug!(error = %e, "the program keeps its pages"),
            },
        }
    }
}

/// Each thread of the runtime gives back its own before it sleeps again. One that sleeps is woken by what it could do.
fn wake_workers() {
    let workers = tokio::runtime::Handle::current().metrics().num_workers();
    for _ in 0..workers {
        tokio::spawn(tokio::task::yield_now());
    }
}
