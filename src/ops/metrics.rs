//! `/metrics` in OpenMetrics. Labels are the route tables' own names, so their number is bounded.

use std::fmt::Error;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::dialect::serve::{Command, Label};
use crate::dialect::{self, DIALECTS, Dialect};
use crate::domain::{Appliance, outbox};
use crate::model::Millis;

pub struct Metrics {
    registry: Registry,
    answers: Vec<Answers>,
    seconds: Histogram,
    lessons: Gauge,
    members: Gauge,
    recordings: Gauge,
    online: Gauge,
    sessions: Gauge,
    waiting: Gauge,
    transactions: Gauge,
    writes: Gauge,
    memory: Gauge,
    tasks: Gauge,
}

/// The answers of a dialect, in the order of its route table; then of what no row is.
struct Answers {
    dialect: &'static Dialect,
    rows: Vec<Outcomes>,
    options: Outcomes,
    unknown: Outcomes,
}

struct Outcomes {
    ok: Counter,
    refused: Counter,
}

impl Answers {
    fn of(dialect: &'static Dialect, family: &Family<Row, Counter>) -> Self {
        let counter = |command: Command, outcome| {
            let row = Row { dialect: dialect.name, command: command.name(), outcome };
            family.get_or_create(&row).clone()
        };
        let outcomes =
            |command| Outcomes { ok: counter(command, "ok"), refused: counter(command, "refused") };
        Self {
            dialect,
            rows: dialect.rows.iter().map(|row| outcomes(Command::Row(row))).collect(),
            options: outcomes(Command::Options),
            unknown: outcomes(Command::Unknown),
        }
    }

    fn outcomes(&self, command: Command) -> &Outcomes {
        let row = match command {
            Command::Options => return &self.options,
            Command::Unknown => None,
            Command::Row(row) => self.rows.get(place(self.dialect.rows, row)),
        };
        row.unwrap_or(&self.unknown)
    }
}

/// Where a row stands in its table; beyond its end for one of another table.
fn place(rows: &[dialect::Row], row: &dialect::Row) -> usize {
    let from = rows.as_ptr().addr();
    std::ptr::from_ref(row).addr().wrapping_sub(from) / size_of::<dialect::Row>()
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Row {
    dialect: &'static str,
    command: &'static str,
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("arctos");
        let family = Family::default();
        registry.register("answers", "Answered requests by command", family.clone());
        let answers = DIALECTS.iter().map(|dialect| Answers::of(dialect, &family)).collect();
        let bounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0];
        let seconds = Histogram::new(bounds);
        registry.register("answer_seconds", "Time from head to answer", seconds.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::<i64>::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Self {
            lessons: gauge("live_lessons", "Lessons that are running"),
            members: gauge("live_members", "Seats taken in running lessons"),
            recordings: gauge("open_recordings", "Recordings that are not finished"),
            online: gauge("online", "Connections that make people online (document 002)"),
            sessions: gauge("sessions", "Tokens that are alive"),
            waiting: gauge("outbox_waiting", "Calls to webhooks that wait"),
            transactions: gauge("store_transactions", "Transactions committed since the start"),
            writes: gauge("store_writes", "Writes committed since the start"),
            memory: gauge("resident_bytes", "Memory of this process"),
            tasks: gauge("tasks", "Tasks that live in the runtime"),
            registry,
            answers,
            seconds,
        }
    }
}

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, label: Label, took: Millis) {
        let here = |answers: &&Answers| std::ptr::eq(answers.dialect, label.dialect);
        if let Some(answers) = self.answers.iter().find(here) {
            let outcomes = answers.outcomes(label.command);
            if label.ok {
                outcomes.ok.inc()
            } else {
                outcomes.refused.inc()
            };
        }
        self.seconds.observe(took.to_std().as_secs_f64());
    }

    /// The text of `/metrics`, with what is true now.
    pub async fn text(&self, app: &Appliance) -> Result<String, Error> {
        let (lessons, members) = app.presence.counts();
        let (transactions, writes) = app.db.commits();
        self.lessons.set(signed(lessons as u64));
        self.members.set(signed(members as u64));
        self.recordings.set(signed(app.tapes.count() as u64));
        self.online.set(signed(app.online.count() as u64));
        self.sessions.set(signed(app.sessions.count() as u64));
        self.transactions.set(signed(transactions));
        self.writes.set(signed(writes));
        self.waiting.set(outbox::waiting(app).await.unwrap_or(-1));
        self.memory.set(resident());
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        self.tasks.set(signed(tasks as u64));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Resident memory of this process in bytes.
fn resident() -> i64 {
    let Ok(pid) = sysinfo::get_current_pid() else { return 0 };
    let mut system = sysinfo::System::new();
    let only = sysinfo::ProcessesToUpdate::Some(&[pid]);
    let what = sysinfo::ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(only, true, what);
    system.process(pid).map_or(0, |p| signed(p.memory()))
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
