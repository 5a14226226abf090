//! Finds ffmpeg and the encoder that really works on this machine, and says why it is that one.
//! Knows nothing of lessons: `doctor` and the recorder ask it alike.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;
use tracing::warn;

use crate::hw::board::{Board, Encoder};
use crate::hw::error::HwError;

/// `-version` and `-encoders` answer in 50 ms; a slow SD card makes it a second, an emulated processor seven.
const ASK_TIMEOUT: Duration = Duration::from_secs(60);
/// A hardware encoder without its hardware may hang instead of failing.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Looks once; a success is kept until it proves useless, a failure is tried again at the next question.
#[derive(Debug)]
pub struct Finder {
    configured: Option<PathBuf>,
    search: OsString,
    board: Board,
    found: Mutex<Option<Arc<Found>>>,
}

/// What will encode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub ffmpeg: PathBuf,
    /// `5.1.6-0+deb12u1`.
    pub version: String,
    pub encoder: Encoder,
    /// One sentence for each encoder that was considered, in the board's order.
    pub why: Vec<String>,
}

impl Finder {
    /// `configured` wins over `search`, which has the form of `PATH`.
    pub fn new(configured: Option<PathBuf>, search: OsString, board: Board) -> Self {
        Self { configured, search, board, found: Mutex::default() }
    }

    /// # Errors
    /// When there is no ffmpeg, or none of the board's encoders works with it.
    pub async fn find(&self) -> Result<Arc<Found>, HwError> {
        let mut known = self.found.lock().await;
        if let Some(found) = &*known {
            return Ok(found.clone());
        }
        let found = self.look(&self.board.encoder, Vec::new()).await?;
        Ok(known.insert(Arc::new(found)).clone())
    }

    /// The next of the board's encoders that works, for what is wrong with `old`. Until it is taken, nothing changes.
    pub async fn after(&self, old: &Found, wrong: &str) -> Option<Arc<Found>> {
        let at = self.board.encoder.iter().position(|encoder| *encoder == old.encoder)?;
        let rest = self.board.encoder.get(at + 1..).filter(|rest| !rest.is_empty())?;
        let mut why = old.why.clone();
        why.pop();
        why.push(format!("{}: {wrong}", old.encoder.name));
        self.look(rest, why).await.ok().map(Arc::new)
    }

    /// From now on this one encodes, until the program ends or another is taken.
    pub async fn take(&self, found: Arc<Found>) {
        let (mut known, next) = (self.found.lock().await, &found.encoder.name);
        if let Some(old) = known.replace(found.clone()).filter(|old| old.encoder != found.encoder) {
            warn!(
                old = old.encoder.name,
                next,
                why = found.why.join("; "),
                "another encoder is taken"
            );
        }
    }

    /// The first of `encoders` that works; `why` is known of those before it.
    async fn look(&self, encoders: &[Encoder], mut why: Vec<String>) -> Result<Found, HwError> {
        let ffmpeg = self.program()?;
        let version = ask(&ffmpeg, &["-hide_banner", "-version"], ASK_TIMEOUT).await?;
        let version = version.split_whitespace().nth(2).unwrap_or("unknown").to_owned();
        let list = ask(&ffmpeg, &["-hide_banner", "-encoders"], ASK_TIMEOUT).await?;
        for encoder in encoders {
            let name = &encoder.name;
            if !list.lines().any(|line| line.split_whitespace().nth(1) == Some(name)) {
                why.push(format!("{name}: this ffmpeg was built without it"));
                continue;
            }
            match trial(&ffmpeg, encoder).await {
                Ok(()) => {
                    why.push(format!("{name}: encodes here"));
                    let encoder = encoder.clone();
                    return Ok(Found { ffmpeg, version, encoder, why });
                }
                Err(error) => why.push(format!("{name}: {}", error.source)),
            }
        }
        Err(HwError::new("encoder", "choose one", why.join("; ")))
    }

    fn program(&self) -> Result<PathBuf, HwError> {
        if let Some(path) = &self.configured {
            let missing =
                || HwError::new("ffmpeg", format!("find {}", path.display()), "no such file");
            return if path.is_file() { Ok(path.clone()) } else { Err(missing()) };
        }
        std::env::split_paths(&self.search)
            .map(|folder| folder.join("ffmpeg"))
            .find(|path| path.is_file())
            .ok_or_else(|| HwError::new("ffmpeg", "find it", "not on PATH (apt install ffmpeg)"))
    }
}

/// The same clock, and the same word about rate and where colour is taken, whatever the picture was before it was encoded:
/// the film's init part tells of them, and it may not differ between a camera and the slate in its place.
pub fn alike(rate: u32) -> [String; 4] {
    let told =
        format!("h264_metadata=chroma_sample_loc_type=0:tick_rate={}", rate.saturating_mul(2));
    ["-video_track_timescale".into(), "90000".into(), "-bsf:v".into(), told]
}

/// Encodes a fifth of a second of nothing: a listed encoder may lack its hardware.
async fn trial(ffmpeg: &Path, encoder: &Encoder) -> Result<(), HwError> {
    let Encoder { name, format, args } = encoder;
    let source = "color=size=320x180:rate=15:duration=0.2";
    let mut all =
        vec!["-hide_banner", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", source];
    all.extend(["-pix_fmt", format, "-c:v", name, "-b:v", "500k", "-bf", "0"]);
    all.extend(args.iter().map(String::as_str));
    let alike = alike(15);
    all.extend(alike.iter().map(String::as_str));
    // Where the film goes, so that nothing of it is refused later.
    all.extend(["-f", "mp4", "-movflags", "+empty_moov", "-y", "/dev/null"]);
    ask(ffmpeg, &all, TRIAL_TIMEOUT).await.map(drop)
}

async fn ask(ffmpeg: &Path, args: &[&str], limit: Duration) -> Result<String, HwError> {
    run(ffmpeg, args, limit).await.map(|said| said.out)
}

/// What a run of ffmpeg wrote to its two outputs.
pub struct Said {
    pub out: String,
    pub log: String,
}

/// Runs ffmpeg to its end.
///
/// # Errors
/// With its last words when it failed, or took longer than `limit` and was killed.
pub async fn run(ffmpeg: &Path, args: &[&str], limit: Duration) -> Result<Said, HwError> {
    let doing =
        || format!("run {} {}", ffmpeg.display(), args.first().copied().unwrap_or_default());
    let mut command = Command::new(ffmpeg);
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(limit, command.output())
        .await
        .map_err(|_| HwError::new("ffmpeg", doing(), format!("no answer within {limit:?}")))?
        .map_err(|e| HwError::new("ffmpeg", doing(), e))?;
    let [out, log] =
        [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    if !output.status.success() {
        let last = log.lines().map(str::trim).rfind(|line| !line.is_empty());
        return Err(HwError::new("ffmpeg", doing(), last.unwrap_or("failed without a word")));
    }
    Ok(Said { out, log })
}

#[cfg(test)]
mod tests;
