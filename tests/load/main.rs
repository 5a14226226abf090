//! Load: how much of the machine each kind of request costs, beside bare hyper answering as many bytes.
//! `cargo bench --locked --bench load -- [ROW…] [--rounds N] [--seconds S] [--markdown FILE]`; `--list` names the rows.
//! The box and the floor run on core 1, this driver on core 0; they take turns.
// It measures real time, and reads the arguments of its own process.
#![allow(clippy::disallowed_methods)]

// The driver of the browser tests.
#[path = "../it/browser.rs"]
mod browser;
mod chat;
mod client;
mod closed;
mod counters;
mod eye;
mod floor;
mod follower;
mod open;
mod people;
mod process;
mod report;
mod rows;
mod scene;
mod seed;
mod slow_disk;
mod talk;
mod viewer;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// What went wrong, for whoever reads the terminal.
pub type Done<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures the box beside bare hyper.
#[derive(Parser)]
#[command(name = "load")]
pub struct Plan {
    /// Rows to measure; all when none is named.
    rows: Vec<String>,
    /// Turns of floor and box.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    /// Length of a turn.
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    seconds: f64,
    /// Accounts in the store.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1_000..=200_000))]
    users: u32,
    /// Lessons in the store.
    #[arg(long = "rooms", default_value_t = 50, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    lessons: u32,
    /// Writes the table here as well.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Folder for the boxes' data; it should lie on a disk like the box's.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    folder: PathBuf,
    /// Measures this box instead of the one built with the driver.
    #[arg(long)]
    program: Option<PathBuf>,
    /// One short turn of each, on any core: shows that the driver works, not how fast the box is.
    #[arg(long)]
    smoke: bool,
    /// Names the rows.
    #[arg(long)]
    list: bool,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Plan {
    fn turn(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
    (0.1..=60.0).contains(&seconds).then_some(seconds).ok_or("is not from 0.1 to 60".to_owned())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.as_slice() {
        [flag, length, addr] if flag == floor::FLAG => floor::main(length, addr),
        _ => measure(Plan::parse()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("load: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(mut plan: Plan) -> Done<()> {
    if plan.list {
        rows::ALL.iter().for_each(|row| println!("{:16} {}", row.name, row.what));
        return Ok(());
    }
    if plan.smoke {
        (plan.rounds, plan.seconds) = (1, 0.3);
    }
    let unknown = plan.rows.iter().find(|name| rows::ALL.iter().all(|row| row.name != **name));
    if let Some(name) = unknown {
        return Err(format!("there is no row {name}; --list names them").into());
    }
    if !plan.smoke {
        process::pin(process::OWN_CORE)?;
    }
    process::raise_descriptors()?;
    plan.program.take().into_iter().for_each(process::measure);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::task::LocalSet::new().run_until(run(&plan)))
}

async fn run(plan: &Plan) -> Done<()> {
    let seed = seed::Seed::make(plan).await?;
    let mut lines = Vec::new();
    for row in rows::ALL {
        if plan.rows.is_empty() || plan.rows.iter().any(|name| name == row.name) {
            eprintln!("== {}: {} (load average {})", row.name, row.what, counters::load_average());
            let found = (row.run)(plan, &seed).await.map_err(|e| format!("{}: {e}", row.name))?;
            found.iter().for_each(|line| eprintln!("   {line}"));
            lines.extend(found);
        }
    }
    let table = report::table(plan, &seed, &lines);
    println!("{table}");
    if let Some(file) = &plan.markdown {
        std::fs::write(file, table)?;
    }
    Ok(())
}
