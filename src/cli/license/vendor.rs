//! The vendor's side of `license`: a key pair, and signed licences. It needs no box and no data folder; the
//! private key never comes near one.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::read;
use crate::cli::{CONFIG, Failed, SOFTWARE, USAGE, print};
use crate::hw::identity;
use crate::model::licence::{Licence, Marks};
use crate::model::{Clock, Date, Entropy, Millis};
use crate::wire::licence::armour::{self, Label};
use crate::wire::licence::key::{PrivateKey, unhex};
use crate::wire::licence::paper::Request;

#[derive(clap::Args)]
pub struct Issue {
    /// The private key's file.
    #[arg(long)]
    key: PathBuf,
    #[arg(long)]
    customer: String,
    /// Lessons at once.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rooms: u32,
    /// Its first day, e.g. 2027-02-01. Default: today.
    #[arg(long, value_parser = day)]
    from: Option<Date>,
    /// Days that it is good for.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// The first day on which it has expired.
    #[arg(long, value_parser = day, conflicts_with = "days")]
    expires: Option<Date>,
    /// It does not expire.
    #[arg(long, conflicts_with_all = ["days", "expires"])]
    forever: bool,
    /// Days after the expiry in which everything still works.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(0..=3650))]
    grace: u32,
    /// Its id. Default: a random one.
    #[arg(long)]
    id: Option<String>,
    #[arg(long = "feature")]
    features: Vec<String>,
    /// The box's request; `-` is standard input.
    #[arg(default_value = "-")]
    request: PathBuf,
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "write a day as YYYY-MM-DD".into())
}

/// Makes a key pair; the private half goes into a new file that only its owner may read.
pub fn keygen(file: &Path) -> Result<(), Failed> {
    let seed: [u8; 32] = Entropy::system().bytes();
    let key = PrivateKey::new(&seed);
    let seed = crate::model::hex(&seed);
    let text = format!(
        "# Private key {} for Arctos licences (Ed25519). Who has it can license boxes: keep it off them.\n\
         {seed}\n",
        key.public.id
    );
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let done = made.and_then(|mut f| f.write_all(text.as_bytes()).and_then(|()| f.sync_all()));
    done.map_err(|e| Failed(SOFTWARE, format!("{}: {e}", file.display())))?;
    print(&format!("{}  # {}\n", key.public.text(), key.public.id))
}

/// Signs a licence for the box of a request; the text goes to standard output.
pub fn issue(order: &Issue) -> Result<(), Failed> {
    let key = private_key(&order.key)?;
    let text = read(&order.request)?;
    let request = armour::open(Label::Request, &text).ok().and_then(|bytes| Request::read(&bytes));
    let at = order.request.display();
    let request = request.ok_or_else(|| Failed(SOFTWARE, format!("{at}: this is no request")))?;
    let now = Clock::system().now();
    let not_before = order.from.map_or_else(|| Date::of(now).begins(), Date::begins);
    let expires = match (order.days, order.expires) {
        (Some(days), _) => Some(not_before + Millis::days(i64::from(days))),
        (None, Some(date)) => Some(date.begins()),
        (None, None) if order.forever => None,
        (None, None) => {
            return Err(Failed(USAGE, "say --days, --expires or --forever".into()));
        }
    };
    let marks = marks(&request);
    let minimum = marks.minimum().ok_or_else(|| {
        let why = "the request shows nothing that is this box's alone: no serial number of its \
                   processor or board could be read there; make it as root";
        Failed(CONFIG, why.into())
    })?;
    let licence = Licence {
        id: order.id.clone().unwrap_or_else(|| format!("L-{}", Entropy::system().hex::<6>())),
        customer: order.customer.clone(),
        rooms: order.rooms,
        issued: now,
        not_before,
        expires,
        grace_days: order.grace,
        marks: marks.found,
        minimum,
        features: order.features.clone(),
        key: String::new(),
    };
    let sealed = crate::wire::licence::issue(&licence, &key);
    print(&armour::text(Label::Licence, &sealed))
}

/// What a request says.
pub fn describe(request: &Request) -> String {
    let marks = marks(request);
    let mut text = format!("request   {} on the board {}\n", request.name, request.board);
    for mark in &marks.found {
        let (word, weight) = (mark.kind.word(), marks.weight(mark.kind));
        text += &format!("mark      {word:<6} {weight:>3}  {}\n", mark.hash);
    }
    text + &match marks.minimum() {
        Some(minimum) => format!("score     a licence for it will need {minimum}\n"),
        None => "score     too little to be licensed: nothing is this box's alone\n".into(),
    }
}

/// The request's marks with the weights of its board.
fn marks(request: &Request) -> Marks {
    Marks { found: request.marks.clone(), weights: identity::weights(&request.board) }
}

fn private_key(file: &Path) -> Result<PrivateKey, Failed> {
    let wrong = |why: String| Failed(SOFTWARE, format!("{}: {why}", file.display()));
    let text = fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let seed = line.and_then(unhex::<32>);
    seed.map(|seed| PrivateKey::new(&seed)).ok_or_else(|| wrong("this is no private key".into()))
}
