//! One run of the encoder: its arguments, its process group, its last words.
//! What it writes is somebody else's affair.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, setpriority_pgrp};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::domain::devices::Open;
use crate::hw::error::HwError;
use crate::hw::inputs::{Lent, Names, Source};
use crate::hw::recorder::Picture;
use crate::hw::turns::Beside;

/// AAC, of which 96 kbit/s is plenty for a voice.
pub const SOUND_KBIT: u64 = 96;
/// Between the end of its output and its exit.
const EXIT_LIMIT: Duration = Duration::from_millis(500);
/// Enough to see what a driver complained of.
const WORDS: usize = 12;
const WORD_BYTES: u64 = 400;
/// An answer takes microseconds and does not wait for a picture to be encoded; log-ins (`domain::password`) wait for both.
const NICE: i32 = 5;

/// Each picture is told of in front of the encoder, twice a second a small copy of it is looked at, and each tenth of a
/// second of the sound (`wire::gauge`). What ffmpeg itself counts (`-progress`) is pictures before the encoder in 5.1 and
/// packets behind it in 7.0.
const PICTURE_GAUGE: &str = "settb=AVTB,setpts=PTS+2e12,metadata=add:key=in:value=1,\
    metadata=print:key=in:file=pipe\\\\:0:direct=1,\
    fps=2,scale=160:90:flags=fast_bilinear,signalstats,\
    metadata=mode=print:file=pipe\\\\:0:direct=1,nullsink";
pub(in crate::hw) const SOUND_GAUGE: &str = "asetnsamples=n=4800,\
    astats=metadata=1:reset=1:measure_perchannel=none:\
    measure_overall=Peak_level+RMS_level+Flat_factor,\
    ametadata=mode=print:file=pipe\\\\:0:direct=1";

/// A running encoder. Dropped, it is killed.
#[derive(Debug)]
pub struct Encoder {
    child: Child,
    group: Option<Pid>,
    pub pipe: ChildStdout,
    /// Its word that a device has ended: it would go on with the other one, or wait.
    pub lost: watch::Receiver<Option<String>>,
    words: Arc<Mutex<VecDeque<String>>>,
    listener: JoinHandle<()>,
    /// The mark that what it reads is open: kept until it is gone, however long its driver holds it.
    pub reads: Option<Arc<Open>>,
    /// Devices that nobody else reads until it is gone, either.
    pub lent: Option<Lent>,
    _beside: Beside,
}

impl Encoder {
    /// Starts ffmpeg as the leader of its own process group. `elapsed_s` is burnt in by inputs that show it; into
    /// `gauges` goes what it says of picture and sound.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(source: &Source, elapsed_s: i64, gauges: OwnedFd) -> Result<Self, HwError> {
        // The one descriptor that ffmpeg does not use otherwise (-nostdin).
        let args = arguments(source, elapsed_s);
        Self::run(&source.ffmpeg, args, Stdio::from(gauges), source.names())
    }

    /// Starts ffmpeg with any arguments; among them may be devices of these names.
    ///
    /// # Errors
    /// The same.
    pub fn run(
        ffmpeg: &Path,
        args: Vec<String>,
        stdin: Stdio,
        names: Names,
    ) -> Result<Self, HwError> {
        let wrong = |e: &dyn std::fmt::Display| {
            HwError::new("encoder", format!("start {}", ffmpeg.display()), e)
        };
        let mut command = Command::new(ffmpeg);
        command.args(args).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.process_group(0).kill_on_drop(true).spawn().map_err(|e| wrong(&e))?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        group.into_iter().for_each(step_back);
        let (Some(pipe), Some(log)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(wrong(&"it has no pipes"));
        };
        let words = Arc::new(Mutex::new(VecDeque::new()));
        let (says, lost) = watch::channel(None);
        let listener = tokio::spawn(listen(log, words.clone(), names, says));
        Ok(Self {
            child,
            group,
            pipe,
            lost,
            words,
            listener,
            reads: None,
            lent: None,
            _beside: Beside::encoder(),
        })
    }

    /// Asks for a clean end; what it still holds comes through the pipe.
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills the group if it does not end by itself; gives its last words.
    pub async fn end(mut self) -> String {
        let status = match tokio::time::timeout(EXIT_LIMIT, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => self.kill().await,
        };
        self.words(status).await
    }

    /// Kills the whole group at once; gives its last words.
    pub async fn end_now(mut self) -> String {
        let status = self.kill().await;
        self.words(status).await
    }

    async fn kill(&mut self) -> std::io::Result<std::process::ExitStatus> {
        self.signal(Signal::KILL);
        // A process in an uninterruptible driver call cannot even be killed; it is left to init then.
        let dead = tokio::time::timeout(EXIT_LIMIT, self.child.wait()).await;
        dead.unwrap_or_else(|_| Err(std::io::Error::other("it does not die")))
    }

    fn signal(&self, signal: Signal) {
        // The leader has not been waited for, so its number still means this group.
        if let Some(group) = self.group {
            let _ = kill_process_group(group, signal);
        }
    }

    async fn words(mut self, status: std::io::Result<std::process::ExitStatus>) -> String {
        let _ = tokio::time::timeout(EXIT_LIMIT, &mut self.listener).await;
        self.listener.abort();
        let said = match status {
            Ok(status) => status.to_string(),
            Err(error) => {
                let (mut child, held) = (self.child, (self.reads, self.lent));
                tokio::spawn(async move {
                    let _ = child.wait().await;
                    drop(held);
                });
                error.to_string()
            }
        };
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.iter().fold(said, |all, line| all + "; " + line)
    }
}

/// Lowers the group's priority below that of who answers.
fn step_back(group: Pid) {
    if let Err(e) = setpriority_pgrp(Some(group), NICE) {
        tracing::debug!(error = %e, "the encoder keeps its priority");
    }
}

/// Keeps the last lines of the log, each cut to a bearable length, and says when one of them is that a device has ended.
async fn listen(
    log: impl AsyncRead + Unpin,
    words: Arc<Mutex<VecDeque<String>>>,
    names: Names,
    says: watch::Sender<Option<String>>,
) {
    let mut log = BufReader::new(log);
    loop {
        let mut line = Vec::new();
        // A longer line simply counts as several.
        match (&mut log).take(WORD_BYTES).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        tracing::debug!(line, "ffmpeg");
        let is_end = names.ended(&line).contains(&true);
        let end = is_end.then(|| line.clone());
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() == WORDS {
            words.pop_front();
        }
        words.push_back(line);
        drop(words);
        if end.is_some() {
            says.send_replace(end);
        }
    }
}

/// The longest fragment at so many pictures a second: the first whole number of pictures that fills a fifth of a
/// second, and a tenth more, for no camera's clock is exact.
pub fn part_us(rate: u32) -> u64 {
    let rate = u64::from(rate.max(1));
    rate.div_ceil(5) * 1_100_000 / rate
}

/// A key frame each second, no B-frames, no look-ahead, fragments of a fifth of a second, and the same init part
/// from run to run (bitexact), so that a new run goes on in the same file.
fn arguments(source: &Source, elapsed_s: i64) -> Vec<String> {
    let Picture { width, height, rate, kbit } = source.picture;
    let fill = |text: &str| {
        text.replace("{width}", &width.to_string())
            .replace("{height}", &height.to_string())
            .replace("{rate}", &rate.to_string())
            .replace("{elapsed}", &elapsed_s.to_string())
    };
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<String>>();
    let mut all = words("-hide_banner -nostdin -nostats -loglevel warning -fflags nobuffer");
    all.extend(source.args.iter().map(|arg| fill(arg)));
    all.extend(graphs(source, fill));
    match &source.encoder {
        Some(encoder) => {
            all.extend(["-c:v".into(), encoder.name.clone(), "-pix_fmt".into()]);
            all.push(encoder.format.clone());
            all.extend(encoder.args.iter().map(|arg| fill(arg)));
            // A picture is recorded once, at its own time: none is doubled where the driver left one out.
            all.extend(words(&format!(
                "-fps_mode vfr -b:v {kbit}k -maxrate {kbit}k -bufsize {kbit}k -bf 0 -g {rate} \
                 -force_key_frames expr:gte(t,n_forced)"
            )));
        }
        None => all.extend(words("-c:v copy")),
    }
    all.extend(source.output.iter().map(|arg| fill(arg)));
    if !source.audio.is_empty() {
        all.extend(words(&format!(
            "-c:a aac -b:a {SOUND_KBIT}k -ar 48000 -ac 2 -flags:a +bitexact"
        )));
    }
    // Sound that stays away may not hold the picture back for longer than max_interleave_delta.
    all.extend(words(
        "-map_metadata -1 -fflags +bitexact -flags:v +bitexact \
         -max_interleave_delta 300000 -flush_packets 1 -f mp4 \
         -movflags +empty_moov+default_base_moof+frag_keyframe+skip_trailer \
         -frag_duration 200000 -use_editlist 0 pipe:1",
    ));
    all
}

/// What is done to picture and sound, and what is looked at of them. Two graphs: one that waited for a microphone before
/// its first picture would wait for ever. A picture that the device has encoded is not looked at.
fn graphs(source: &Source, fill: impl Fn(&str) -> String) -> Vec<String> {
    let graph = |(label, split): (&str, &str), stream: &str, filters: &str, gauge: &str| {
        let filters = if filters.is_empty() { String::new() } else { fill(filters) + "," };
        let graph = format!("[{stream}]{filters}{split}[{label}][g];[g]{gauge}");
        ["-filter_complex".into(), graph, "-map".into(), format!("[{label}]")]
    };
    let mut all = match &source.encoder {
        Some(_) => {
            graph(("v", "split"), &source.video, &source.filters.join(","), PICTURE_GAUGE).to_vec()
        }
        None => vec!["-map".into(), source.video.clone()],
    };
    if !source.audio.is_empty() {
        let filter = source.audio_filter.as_deref().unwrap_or_default();
        all.extend(graph(
            ("a", "asplit"),
            &source.audio,
            filter,
            &format!("{SOUND_GAUGE},anullsink"),
        ));
    }
    all
}
