//! What a simulated identity may play: pictures and tones that ffmpeg generates, and nothing else. A list of
//! what is allowed, for nobody can list every way in which ffmpeg opens a device or a file.

use super::{Board, Encoder, Input};
use crate::hw::error::HwError;

/// Options of an input that take a word and open nothing.
const WITH_WORD: [&str; 3] = ["-thread_queue_size", "-readrate", "-itsoffset"];

impl Board {
    /// # Errors
    /// Names the input or encoder that could open a real device, and the word by which it could.
    pub fn only_generates(&self) -> Result<(), HwError> {
        let refuse = |what: String, word: &str| {
            let why = format!(
                "{word:?}: the hardware is simulated (a board file, license.hardware_root or the board \
                 sim), so an input may only play what -f lavfi generates"
            );
            HwError::new("board", what, why)
        };
        for input in &self.input {
            let what = || format!("use input {}", input.name);
            opens(input).map_or(Ok(()), |word| Err(refuse(what(), word)))?;
        }
        // What the program carries was looked at when it was written.
        for encoder in self.encoder.iter().filter(|_| !self.built_in) {
            let what = || format!("use encoder {}", encoder.name);
            opens_more(encoder).map_or(Ok(()), |word| Err(refuse(what(), word)))?;
        }
        Ok(())
    }
}

/// The first word of an input by which it might open something.
fn opens(input: &Input) -> Option<&str> {
    let devices = [&input.picture, &input.sound].into_iter().flatten();
    if let Some(bus) = devices.flat_map(|place| &place.bus).next() {
        return Some(bus);
    }
    let mut words = input.args.iter().map(String::as_str);
    let mut generated = false;
    while let Some(word) = words.next() {
        match word {
            "-re" => {}
            "-f" => match words.next() {
                Some("lavfi") => generated = true,
                other => return Some(other.unwrap_or(word)),
            },
            "-i" => match words.next() {
                Some(graph) if generated && !reads_files(graph) => generated = false,
                other => return Some(other.unwrap_or(word)),
            },
            _ if WITH_WORD.contains(&word) => drop(words.next()),
            _ => return Some(word),
        }
    }
    let texts = [
        Some(&input.video),
        Some(&input.audio),
        input.filter.as_ref(),
        input.audio_filter.as_ref(),
    ];
    texts.into_iter().flatten().map(String::as_str).find(|text| reads_files(text))
}

/// The sources `movie` and `amovie` play files and devices.
fn reads_files(graph: &str) -> bool {
    graph.contains("movie") || graph.contains("/dev/")
}

/// A word after which ffmpeg would read or write more than the box asked for.
fn opens_more(encoder: &Encoder) -> Option<&str> {
    let mut words = encoder.args.iter().chain([&encoder.name, &encoder.format]).map(String::as_str);
    let opens = |word: &&str| {
        matches!(*word, "-i" | "-f")
            || word.starts_with("-/")
            || word.contains("filter")
            || reads_files(word)
    };
    words.find(opens)
}
