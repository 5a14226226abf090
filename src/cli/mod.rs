//! The command line: what a technician and a script may rely on. Exit codes are sysexits: 64 usage,
//! 70 our fault, 78 configuration.

mod demo;
mod license;
mod outbox;
mod staff;
mod table;
mod teacher;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hyper::Method;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{self, Running, StartError, World, cameras, parts};
use crate::config::{self, Config, Sources};
use crate::dialect::{DIALECTS, describe, openapi};
use crate::domain::Space;
use crate::http::url::percent;
use crate::hw::inputs::Head;
use crate::hw::recorder::Setup;
use crate::hw::{memory, turns};
use crate::model::{Clock, Entropy};
use crate::ops::folder::{Folder, FolderError};
use crate::ops::{backup, doctor, log, notify, secrets, socket};
use crate::store::Db;

const USAGE: u8 = 64;
const SOFTWARE: u8 = 70;
const CONFIG: u8 = 78;
/// What threads that still read or write get at the very end.
const STRAGGLERS: std::time::Duration = std::time::Duration::from_millis(500);

/// The classroom box: serves the lesson, records it, plays it back. No internet.
#[derive(Parser)]
#[command(name = "arctos-box", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Common {
    /// Configuration file (TOML); `arctos-box config` prints one.
    #[arg(long, global = true, env = "ARCTOS_BOX_CONFIG")]
    config: Option<PathBuf>,
    /// Folder of everything that changes.
    #[arg(long, global = true)]
    data: Option<String>,
    /// Board: a name or a file.
    #[arg(long, global = true)]
    board: Option<String>,
    /// Address of plain HTTP; port 0 takes a free one.
    #[arg(long, global = true)]
    http: Option<String>,
    /// Address of HTTPS.
    #[arg(long, global = true)]
    https: Option<String>,
    /// Sets any configuration key.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the service (the default).
    Serve,
    /// Plays a whole lesson on a simulated camera and shows its replay.
    Demo {
        /// Ends after the replay was fetched and decoded.
        #[arg(long)]
        exit: bool,
    },
    /// Shows the server-to-server secrets of this box.
    Secrets {
        #[arg(long)]
        json: bool,
    },
    /// Looks at machine, encoder, disk and service, and says what to do.
    Doctor {
        #[arg(long)]
        json: bool,
    },
    /// Shows what is plugged in, what would be recorded of it, and why.
    Inputs {
        #[arg(long)]
        json: bool,
    },
    /// Prints a configuration file with every key, or checks one.
    Config {
        /// Prints the sample (the default).
        #[arg(long)]
        print: bool,
        /// Checks the configuration that would be used.
        #[arg(long, conflicts_with = "print")]
        check: bool,
        /// The file to check, as with --config.
        #[arg(conflicts_with = "print")]
        file: Option<PathBuf>,
    },
    /// Describes the API, from the tables the server runs on.
    Api {
        /// One family, e.g. edu.
        dialect: Option<String>,
        /// As OpenAPI.
        #[arg(long)]
        openapi: bool,
    },
    /// Lists calls to webhooks, or sends one again.
    Outbox {
        /// Number of the call to send again.
        #[arg(long)]
        replay: Option<i64>,
        /// Lists as JSON.
        #[arg(long, conflicts_with = "replay")]
        json: bool,
    },
    /// Shows the one-time code with which the first administrator is made.
    Setup {
        /// Prints a new password for this administrator, who has lost theirs.
        #[arg(long, value_name = "HANDLE")]
        again: Option<String>,
    },
    /// Shows who did what, in the order in which it was written down.
    Audit {
        /// So many lines.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        lines: u32,
        /// Only what this user did, or what was done to them.
        #[arg(long)]
        who: Option<String>,
        /// As JSON, the newest first.
        #[arg(long)]
        json: bool,
    },
    /// Asks for, looks at, installs and (the vendor) signs licences.
    License {
        #[command(subcommand)]
        command: license::License,
    },
    /// Writes a backup: store, keys, licence, uploaded files (not recordings).
    Backup {
        /// The backup's file, which must not exist yet.
        file: PathBuf,
    },
    /// Puts a backup back. Refused while the service runs.
    Restore {
        /// A file that `backup` wrote.
        file: PathBuf,
    },
}

/// What the environment gives; read here and nowhere else.
struct Environment {
    variables: Vec<(String, String)>,
    search_path: std::ffi::OsString,
    state_directory: Option<String>,
    notify_socket: Option<String>,
}

impl Environment {
    #[allow(clippy::disallowed_methods)] // the one place that reads it
    fn read() -> Self {
        Self {
            variables: std::env::vars().filter(|(k, _)| k.starts_with("ARCTOS_BOX_")).collect(),
            search_path: std::env::var_os("PATH").unwrap_or_default(),
            state_directory: std::env::var("STATE_DIRECTORY").ok(),
            notify_socket: std::env::var("NOTIFY_SOCKET").ok(),
        }
    }
}

/// A sentence for standard error and the exit code that goes with it.
struct Failed(u8, String);

impl From<StartError> for Failed {
    fn from(e: StartError) -> Self {
        match e {
            StartError::Config(why) => Self(CONFIG, why),
            StartError::Taken(why) | StartError::Software(why) => Self(SOFTWARE, why),
        }
    }
}

fn failed(code: u8) -> impl Fn(String) -> Failed {
    move |why| Failed(code, why)
}

/// `shrink_heap` gives back what the calling thread's part of the heap does not use.
pub fn main(shrink_heap: fn()) -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(e) => {
            let help = !e.use_stderr();
            let _ = e.print();
            return if help { ExitCode::SUCCESS } else { ExitCode::from(USAGE) };
        }
    };
    memory::heap_by(shrink_heap);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_park(|| {
            turns::suit_here();
            memory::heap_here();
        })
        .build();
    let done = match runtime {
        Ok(runtime) => {
            // On a worker: the first thread never sleeps as one, and would keep what the start needed of the heap.
            let done = runtime.block_on(runtime.spawn(Box::pin(run(arguments))));
            let done = done.unwrap_or_else(|e| Err(Failed(SOFTWARE, e.to_string())));
            // Everything worth waiting for has been waited for: a long read must not hold up the end.
            runtime.shutdown_timeout(STRAGGLERS);
            done
        }
        Err(e) => Err(Failed(SOFTWARE, format!("the runtime cannot start: {e}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(code, why)) => {
            // Where nobody reads it, the code tells it all the same.
            let _ = writeln!(std::io::stderr(), "arctos-box: {why}");
            ExitCode::from(code)
        }
    }
}

async fn run(mut arguments: Arguments) -> Result<(), Failed> {
    let environment = Environment::read();
    let mut command = arguments.command.unwrap_or(Command::Serve);
    match &mut command {
        Command::Config { file: file @ Some(_), .. } => arguments.common.config = file.take(),
        // Needs no good configuration, so it also helps to write one.
        Command::Config { check: false, .. } => {
            print(&config::sample())?;
            return configure(&arguments.common, &environment).map(drop);
        }
        Command::Api { dialect, openapi } => return api(dialect.as_deref(), *openapi),
        _ => {}
    }
    let config = configure(&arguments.common, &environment)?;
    let data = config::data_folder(&config, environment.state_directory.as_deref());
    match command {
        Command::Serve => serve(config, data, environment).await,
        Command::Demo { exit } => demo::run(config, environment.search_path, exit).await,
        Command::Secrets { json } => show_secrets(&data, json).await,
        Command::Doctor { json } => examine(&config, &data, &environment, json).await,
        Command::Inputs { json } => {
            // Before there is a box it tells of the machine; a folder that was named is a box, or a slip.
            if arguments.common.data.is_some() {
                needs_box(&data)?;
            }
            show_inputs(&config, &data, &environment, json).await
        }
        Command::Config { .. } => {
            if let (.., Some(why)) = recorder_setup(&config, &data, &environment)? {
                return Err(Failed(CONFIG, why));
            }
            print("the configuration is good\n")
        }
        Command::Api { .. } => Ok(()),
        Command::Outbox { replay, json } => outbox::run(&data, replay, json).await,
        Command::Setup { again: None } => staff::show_code(&data).await,
        Command::Setup { again: Some(handle) } => staff::new_password(&data, &handle).await,
        Command::Audit { lines, who, json } => {
            staff::audit(&data, lines, who.as_deref(), json).await
        }
        Command::License { command } => license::run(command, &config, &data).await,
        Command::Backup { file } => back_up(&data, &file).await,
        Command::Restore { file } => {
            backup::look(&file).map_err(failed(SOFTWARE))?;
            let folder = own(&data)?;
            let done = backup::restore(&file, &folder.path).map_err(failed(SOFTWARE))?;
            print(&done.to_string())
        }
    }
}

fn configure(common: &Common, environment: &Environment) -> Result<Config, Failed> {
    let mut set = Vec::new();
    let flags = [
        ("data", &common.data),
        ("board", &common.board),
        ("http.listen", &common.http),
        ("http.tls_listen", &common.https),
    ];
    for (key, value) in flags {
        set.extend(value.iter().map(|value| format!("{key}={value}")));
    }
    set.extend(common.set.iter().cloned());
    let sources =
        Sources { file: common.config.as_deref(), environment: environment.variables.clone(), set };
    config::load(&sources).map_err(failed(CONFIG))
}

async fn serve(config: Config, data: PathBuf, environment: Environment) -> Result<(), Failed> {
    log::start(&config.log_format.0, &config.log_level.0);
    let stopping = stop_signal()?;
    let world = World {
        data,
        search_path: environment.search_path,
        clock: Clock::system(),
        entropy: Entropy::system(),
    };
    let running = Box::pin(app::start(&config, world)).await?;
    announce(&running)?;
    let codes = on_terminal().then(|| tokio::spawn(staff::show_codes(running.site.app.clone())));
    notify::tell(environment.notify_socket.as_deref(), "READY=1");
    stopping.await;
    codes.inspect(|codes| codes.abort());
    notify::tell(environment.notify_socket.as_deref(), "STOPPING=1");
    running.stop().await;
    Ok(())
}

/// `listening KIND ADDR`, one a line: what scripts read.
fn announce(running: &Running) -> Result<(), Failed> {
    let lines = running.listening.iter().map(|(kind, addr)| format!("listening {kind} {addr}\n"));
    print(&lines.collect::<String>())
}

/// Resolves when somebody asks the program to end.
fn stop_signal() -> Result<impl Future<Output = ()>, Failed> {
    let hear = |kind| signal(kind).map_err(|e| Failed(SOFTWARE, format!("signals: {e}")));
    let mut terminate = hear(SignalKind::terminate())?;
    let mut interrupt = hear(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn own(data: &Path) -> Result<Folder, Failed> {
    Folder::own(data).map_err(|e| match e {
        FolderError::Taken => Failed(SOFTWARE, format!("{}: {e}; stop it first", data.display())),
        FolderError::Io(e) => Failed(SOFTWARE, format!("{}: {e}", data.display())),
    })
}

/// Looking at a folder must not turn it into a box: that is left to `serve`, `demo` and `restore`.
fn needs_box(data: &Path) -> Result<(), Failed> {
    let at = data.display();
    if backup::interrupted(data) {
        return Err(Failed(SOFTWARE, format!("{at}: a restore was interrupted; run it again")));
    }
    match data.join("keys/secrets.toml").try_exists() {
        Ok(true) => Ok(()),
        Ok(false) => {
            let why = "give its folder with --data, or make it one: start the service there once (`arctos-box serve`)";
            Err(Failed(CONFIG, format!("there is no box in {at}; {why}")))
        }
        Err(e) => Err(unreadable(data, &e)),
    }
}

async fn service_is_up(data: &Path, sock: &Path) -> Result<bool, Failed> {
    socket::is_up(sock).await.map_err(|e| unreadable(data, &e))
}

/// Asks the service that must be running on `data`.
async fn ask(data: &Path, method: Method, path: &str) -> Result<String, Failed> {
    needs_box(data)?;
    let sock = Folder::socket(data);
    if !service_is_up(data, &sock).await? {
        let why = format!("the service is not running on {}; start it", data.display());
        return Err(Failed(SOFTWARE, why));
    }
    socket::ask(&sock, method, path).await.map_err(failed(SOFTWARE))
}

fn unreadable(data: &Path, e: &std::io::Error) -> Failed {
    Failed(SOFTWARE, doctor::unreadable(data, e))
}

/// What `serve` works out of the configuration before it listens, with all its complaints; the last one does not keep it from
/// starting.
fn recorder_setup(
    config: &Config,
    data: &Path,
    environment: &Environment,
) -> Result<(Setup, Space, Option<String>), Failed> {
    let setup = parts::recorder(config, &environment.search_path)?;
    let policy = parts::policy(config, &setup.inputs.board, String::new())?;
    cameras::cameras(config, &setup.inputs.board, &policy.classrooms)?;
    let space = parts::space(&setup, &policy, data);
    let (_, more) = parts::watched(config, &policy.classrooms);
    Ok((setup, space, more))
}

async fn show_secrets(data: &Path, json: bool) -> Result<(), Failed> {
    needs_box(data)?;
    let sock = Folder::socket(data);
    let text = if service_is_up(data, &sock).await? {
        socket::ask(&sock, Method::GET, "/secrets").await.map_err(failed(SOFTWARE))?
    } else {
        let folder = own(data)?;
        let (kept, _) =
            secrets::load_or_make(&folder.path, &Entropy::system()).map_err(failed(SOFTWARE))?;
        secrets::json(&kept)
    };
    if json {
        return print(&(text + "\n"));
    }
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| Failed(SOFTWARE, e.to_string()))?;
    let mut lines = String::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            serde_json::Value::Object(inner) => {
                for (part, value) in inner {
                    lines += &format!("{name}.{part} {}\n", value.as_str().unwrap_or(""));
                }
            }
            value => lines += &format!("{name} {}\n", value.as_str().unwrap_or("")),
        }
    }
    print(&lines)
}

async fn examine(
    config: &Config,
    data: &Path,
    environment: &Environment,
    json: bool,
) -> Result<(), Failed> {
    let there = needs_box(data);
    let mut code = SOFTWARE;
    let refused = |Failed(its, why)| {
        code = its;
        why
    };
    let report = doctor::examine(doctor::Asked {
        setup: recorder_setup(config, data, environment).map_err(refused),
        own_ffmpeg: !config.ffmpeg.is_empty(),
        licence: license::stands(config, data).await,
        there: there.as_ref().copied().map_err(|Failed(_, why)| why.clone()),
        data,
    })
    .await;
    if json {
        let text = serde_json::to_string_pretty(&report);
        print(&(text.map_err(|e| Failed(SOFTWARE, e.to_string()))? + "\n"))?;
    } else {
        print(&doctor::text(&report))?;
    }
    there?;
    if report.well { Ok(()) } else { Err(Failed(code, "something is wrong, see above".into())) }
}

/// The service's own look, which knows what it tried; without a service, one of our own.
async fn show_inputs(
    config: &Config,
    data: &Path,
    environment: &Environment,
    json: bool,
) -> Result<(), Failed> {
    let sock = Folder::socket(data);
    let report = if service_is_up(data, &sock).await? {
        socket::inputs(&sock).await.map_err(failed(SOFTWARE))?
    } else {
        let mut report =
            recorder_setup(config, data, environment)?.0.inputs.report(|_| false).await;
        report.heads = config.cameras.iter().map(|camera| Head::unasked(&camera.name)).collect();
        report
    };
    if json {
        let text = serde_json::to_string_pretty(&report);
        return print(&(text.map_err(|e| Failed(SOFTWARE, e.to_string()))? + "\n"));
    }
    print(&report.text())
}

async fn back_up(data: &Path, file: &Path) -> Result<(), Failed> {
    let file = std::path::absolute(file).map_err(|e| Failed(USAGE, e.to_string()))?;
    needs_box(data)?;
    let sock = Folder::socket(data);
    let bytes = if service_is_up(data, &sock).await? {
        let name = percent::encode_component(&file.to_string_lossy());
        let asked = socket::ask(&sock, Method::POST, &format!("/backup?file={name}")).await;
        asked.map_err(failed(SOFTWARE))?
    } else {
        let folder = own(data)?;
        let db = Db::open(&folder.path).map_err(|e| Failed(SOFTWARE, e.to_string()))?;
        let written = backup::write(&db, &folder.path, &file).await;
        db.close().await;
        written.map_err(|e| Failed(SOFTWARE, socket::explain(&e)))?.to_string()
    };
    print(&format!("{bytes} bytes written to {}\n", file.display()))
}

fn api(dialect: Option<&str>, as_openapi: bool) -> Result<(), Failed> {
    if as_openapi {
        return print(&(openapi::document(DIALECTS) + "\n"));
    }
    let Some(name) = dialect else {
        return print(&DIALECTS.iter().map(|d| describe::text(d)).collect::<Vec<_>>().join("\n"));
    };
    match DIALECTS.iter().find(|d| d.name == name) {
        Some(dialect) => print(&describe::text(dialect)),
        None => {
            let names: Vec<&str> = DIALECTS.iter().map(|d| d.name).collect();
            Err(Failed(USAGE, format!("there is no API {name}; there are: {}", names.join(", "))))
        }
    }
}

/// To standard output; a reader that went away (`| head`) is no failure.
fn print(text: &str) -> Result<(), Failed> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failed(SOFTWARE, format!("standard output: {e}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether progress may be drawn over itself.
fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}
