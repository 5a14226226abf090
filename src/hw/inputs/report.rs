//! What `inputs` and `doctor` tell: each input with what stands for it, what was chosen and why, and what is plugged in
//! beside.

use serde::{Deserialize, Serialize};

use super::alsa::Card;
use super::choice;
use super::v4l2::Camera;
use super::{Inputs, Source, Wish};
use crate::model::camera::Status;
use crate::wire::visca::quirk::Quirk;

#[derive(Deserialize, Serialize)]
pub struct Report {
    pub board: String,
    pub inputs: Vec<State>,
    /// Plugged in, and named by no input.
    pub other_cameras: Vec<Camera>,
    pub other_cards: Vec<Card>,
    /// What the service knows of PTZ heads.
    #[serde(default)]
    pub heads: Vec<Head>,
}

/// A PTZ head.
#[derive(Deserialize, Serialize)]
pub struct Head {
    pub name: String,
    /// It would do what it is told now.
    pub ok: bool,
    pub detail: String,
}

#[derive(Deserialize, Serialize)]
pub struct State {
    pub name: String,
    pub about: String,
    /// It would be recorded now.
    pub ok: bool,
    /// Its classroom is switched off.
    #[serde(default)]
    pub off: bool,
    pub camera: Option<Camera>,
    pub card: Option<Card>,
    pub chosen: Option<Chosen>,
    pub why: Vec<String>,
}

#[derive(Deserialize, Serialize)]
pub struct Chosen {
    /// `copy` when the camera's H.264 is passed through.
    pub encoder: String,
    pub width: u32,
    pub height: u32,
    pub rate: u32,
    pub kbit: u32,
    /// What ffmpeg is told of its input.
    pub args: Vec<String>,
}

impl Inputs {
    /// Looks, chooses for every input and says why. `is_off`: it is switched off.
    pub async fn report(&self, is_off: impl Fn(&str) -> bool) -> Report {
        let devices = self.look().await;
        let dealt =
            choice::deal(&self.board.input, &devices.cameras, &devices.cards, ("", &[None, None]));
        let mut inputs = Vec::new();
        for one in &dealt {
            let off = is_off(&one.input.name);
            let wish = Wish { is_off: off, ..Wish::default() };
            let (chosen, why) = match self.source(one, &wish).await {
                // A slate is no choice, and the first reason is why it is there.
                Ok(source) if source.faults.picture.is_some() => {
                    (None, source.why.into_iter().take(1).collect())
                }
                Ok(source) => (Some(Chosen::of(&source)), source.why),
                Err(e) => (None, vec![e.source]),
            };
            inputs.push(State {
                name: one.input.name.clone(),
                about: one.input.about.clone(),
                ok: chosen.is_some(),
                off,
                camera: one.camera.cloned(),
                card: one.card.cloned(),
                chosen,
                why,
            });
        }
        let camera = |c: &&Camera| !dealt.iter().any(|d| d.camera == Some(*c));
        let card = |c: &&Card| !dealt.iter().any(|d| d.card == Some(*c));
        Report {
            board: self.board.name.clone(),
            inputs,
            other_cameras: devices.cameras.iter().filter(camera).cloned().collect(),
            other_cards: devices.cards.iter().filter(card).cloned().collect(),
            heads: Vec::new(),
        }
    }
}

impl Head {
    /// As it stands now, of the model that the configuration names.
    pub fn of(name: &str, model: &str, status: &Status) -> Self {
        let (ok, mut detail) = match (status.line.as_str(), status.answers) {
            ("", Some(true)) if status.power == Some(false) => (true, "stands by".to_owned()),
            ("", Some(true)) => (true, "answers".to_owned()),
            ("", Some(false)) => (false, "does not answer".to_owned()),
            ("", None) => (false, "was not asked yet".to_owned()),
            (why, _) => (false, format!("its line is closed: {why}")),
        };
        let said = status.version.and_then(|version| Quirk::of(version.vendor, version.model));
        if let Some(said) = said {
            detail += &format!(", calls itself {}", said.model);
            // An unnamed model is treated as what it calls itself.
            if said.model != model && model != Quirk::USUAL.model {
                detail += &format!(", is configured as {model}");
            }
        }
        Self { name: name.to_owned(), ok, detail }
    }

    pub fn unasked(name: &str) -> Self {
        let detail = "not asked: the service does not run".to_owned();
        Self { name: name.to_owned(), ok: false, detail }
    }
}

impl Chosen {
    fn of(source: &Source) -> Self {
        let encoder = source.encoder.as_ref().map_or("copy", |encoder| &encoder.name);
        Self {
            encoder: encoder.to_owned(),
            width: source.picture.width,
            height: source.picture.height,
            rate: source.picture.rate,
            kbit: source.picture.kbit,
            args: source.args.clone(),
        }
    }
}

impl Report {
    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = format!("board {}\n", self.board);
        for input in &self.inputs {
            let mark = match input {
                State { off: true, .. } => "off",
                State { ok: true, .. } => "ok ",
                _ => "BAD",
            };
            text += &format!("{mark}  {}: {}\n", input.name, input.about);
            if let Some(camera) = &input.camera {
                text += &format!("      camera  {}\n", line(camera));
            }
            if let Some(card) = &input.card {
                text +=
                    &format!("      sound   {} ({}), card {}\n", card.bus, card.id, card.number);
            }
            if let Some(Chosen { encoder, width, height, rate, kbit, .. }) = &input.chosen {
                text += &format!(
                    "      chosen  {encoder}, {width}x{height}, {rate} a second, {kbit} kbit/s\n"
                );
            }
            for why in &input.why {
                text += &format!("      -       {why}\n");
            }
        }
        for Head { name, ok, detail } in &self.heads {
            let mark = if *ok { "ok " } else { "BAD" };
            text += &format!("{mark}  PTZ camera {name}: {detail}\n");
        }
        for camera in &self.other_cameras {
            text += &format!("--   {}\n", line(camera));
        }
        for card in &self.other_cards {
            text += &format!("--   {} ({}), sound card {}\n", card.bus, card.id, card.number);
        }
        text
    }
}

fn line(camera: &Camera) -> String {
    let Camera { bus, node, name, driver, formats, signal, trouble, index, .. } = camera;
    let formats: Vec<&str> = formats.iter().map(|format| format.fourcc.as_str()).collect();
    let known = match trouble {
        Some(trouble) => trouble.clone(),
        None => format!("{}, {}", formats.join(" "), signal.words()),
    };
    format!("{bus} device {index}: {name} ({driver}), now /dev/{node}: {known}")
}
