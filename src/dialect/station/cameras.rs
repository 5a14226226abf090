//! cameras: PTZ heads, how they stand and what they are to do.

pub(super) use super::people::Which;
use crate::dialect::Input;
pub(super) use crate::dialect::fields::Nothing;
use crate::dialect::fields::{Digits, Flag, Int, Text};
use crate::domain::{camera, classroom};
use crate::model::Fault;
use crate::model::camera::{Answer, FocusMode, PresetDo, Wish};
use crate::model::user::Actor;
use crate::{domain, input, output};

output! {
    /// A camera. What is not known is absent.
    pub struct Camera {
        /// Its place in the configuration, from 1.
        pub id: i64,
        /// What it is called.
        pub name: String,
        /// Where it hangs.
        pub classroom: String,
        /// As the configuration says.
        pub model: String,
        /// It is yours now, to be steered: you are of the staff, or your lesson runs where it hangs.
        pub yours: bool,
        /// It answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub answers: Option<bool>,
        /// It is switched on, not standing by.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub power: Option<bool>,
        /// Why its line is closed; empty while it is open.
        pub trouble: String,
        /// Where it looks, in its own steps, right of the middle is positive; of one camera, not in lists.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub pan: Option<i64>,
        /// The same, up is positive.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tilt: Option<i64>,
        /// The same, 0 is wide.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub zoom: Option<i64>,
        /// The same, higher is nearer.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub focus: Option<i64>,
    }
}

output! {
    /// The PTZ cameras.
    pub struct Page {
        /// As they are configured.
        pub cameras: Vec<Camera>,
    }
}

input! {
    /// What a camera is to do; several things are done in this order. Power and presets are asked for alone.
    pub struct Errand {
        /// The camera.
        pub id: Digits<1, { i64::MAX }>,
        /// true switches it on, false lets it stand by.
        pub power: Option<Flag>,
        /// auto, manual, or once: now, and then it stays.
        pub focus: Option<Text<1, 8>>,
        /// The middle; without pan and tilt.
        pub home: Option<Flag>,
        /// Where to look, in its own steps; with tilt.
        pub pan: Option<Int<-524_288, 524_287>>,
        /// The same; with pan.
        pub tilt: Option<Int<-32_768, 32_767>>,
        /// How fast to get there, in per cent; 100 when absent.
        pub speed: Option<Int<1, 100>>,
        /// How near to get, in its own steps.
        pub zoom: Option<Int<0, 65_535>>,
        /// Number of a preset, from 0.
        pub preset: Option<Int<0, 254>>,
        /// With preset: recall, store or forget; recall when absent.
        pub r#do: Option<Text<1, 8>>,
    }
}

input! {
    /// A motion in per cent of the fastest.
    pub struct Motion {
        /// The camera.
        pub id: Digits<1, { i64::MAX }>,
        /// To the right; left is negative. Without tilt it moves level.
        pub pan: Option<Int<-100, 100>>,
        /// Up; down is negative.
        pub tilt: Option<Int<-100, 100>>,
        /// In; out is negative.
        pub zoom: Option<Int<-100, 100>>,
        /// To the far; near is negative. For a camera with manual focus.
        pub focus: Option<Int<-100, 100>>,
    }
}

pub async fn list(input: Input<Nothing>) -> Result<Page, Fault> {
    let Input { app, actor, .. } = input;
    let numbered = (1..).zip(&app.cameras);
    Ok(Page { cameras: numbered.map(|(id, camera)| shown(&app, id, camera, &actor)).collect() })
}

pub async fn one(input: Input<Which>) -> Result<Camera, Fault> {
    let Input { app, actor, value, .. } = input;
    let id = value.id.0;
    let answers = camera::look(&app, id).await?;
    let mut shown = shown(&app, id, camera::one(&app, id)?, &actor);
    for answer in answers {
        match answer {
            Answer::Position { pan, tilt } => {
                (shown.pan, shown.tilt) = (Some(pan.into()), Some(tilt.into()));
            }
            Answer::Zoom(place) => shown.zoom = Some(place.into()),
            Answer::Focus(place) => shown.focus = Some(place.into()),
            Answer::Power(_) | Answer::Version(_) => {}
        }
    }
    Ok(shown)
}

pub async fn bid(input: Input<Errand>) -> Result<Nothing, Fault> {
    let Input { app, actor, value, .. } = input;
    let id = value.id.0;
    camera::steer(&app, id, &actor, &errand(value)?).await?;
    Ok(Nothing)
}

pub async fn drive(input: Input<Motion>) -> Result<Nothing, Fault> {
    let Input { app, actor, value, .. } = input;
    let Motion { id, pan, tilt, zoom, focus } = value;
    let mut wishes = Vec::new();
    if pan.is_some() || tilt.is_some() {
        let (pan, tilt) = (pan.map_or(0, |p| p.0), tilt.map_or(0, |t| t.0));
        wishes.push(Wish::Drive { pan: small(pan), tilt: small(tilt) });
    }
    wishes.extend(zoom.map(|percent| Wish::Zoom(small(percent.0))));
    wishes.extend(focus.map(|percent| Wish::Focus(small(percent.0))));
    camera::steer(&app, id.0, &actor, &wishes).await?;
    Ok(Nothing)
}

pub async fn stop(input: Input<Which>) -> Result<Nothing, Fault> {
    let Input { app, actor, value, .. } = input;
    camera::steer(&app, value.id.0, &actor, &[Wish::Stop]).await?;
    Ok(Nothing)
}

fn errand(value: Errand) -> Result<Vec<Wish>, Fault> {
    let mut wishes = Vec::new();
    wishes.extend(value.power.map(|Flag(on)| Wish::Power(on)));
    if let Some(Text(word)) = &value.focus {
        wishes.push(Wish::FocusMode(match word.as_str() {
            "auto" => FocusMode::Auto,
            "manual" => FocusMode::Manual,
            "once" => FocusMode::Once,
            _ => return Err(Fault::invalid("focus", "must be auto, manual or once")),
        }));
    }
    wishes.extend(value.home.filter(|home| home.0).map(|_| Wish::Home));
    match (value.pan, value.tilt) {
        (Some(_), Some(_)) if wishes.contains(&Wish::Home) => {
            return Err(Fault::invalid("home", "is another place than pan and tilt"));
        }
        (Some(Int(pan)), Some(Int(tilt))) => wishes.push(Wish::Aim {
            pan: small(pan),
            tilt: small(tilt),
            percent: value.speed.map_or(100, |speed| small(speed.0)),
        }),
        (None, None) => {}
        (Some(_), None) => return Err(Fault::invalid("tilt", "is missing beside pan")),
        (None, Some(_)) => return Err(Fault::invalid("pan", "is missing beside tilt")),
    }
    wishes.extend(value.zoom.map(|place| Wish::ZoomTo(small(place.0))));
    let what = match value.r#do.as_ref().map_or("recall", |Text(word)| word) {
        "recall" => PresetDo::Recall,
        "store" => PresetDo::Store,
        "forget" => PresetDo::Forget,
        _ => return Err(Fault::invalid("do", "must be recall, store or forget")),
    };
    wishes.extend(value.preset.map(|Int(preset)| Wish::Preset(what, small(preset))));
    // A camera that wakes up does not move yet, and one on its way is at no place to be stored.
    for (field, is_asked) in [("power", value.power.is_some()), ("preset", value.preset.is_some())]
    {
        if is_asked && wishes.len() > 1 {
            return Err(Fault::invalid(field, "is asked for alone"));
        }
    }
    Ok(wishes)
}

/// What a field's limits have made small enough.
fn small<T: TryFrom<i64> + Default>(number: i64) -> T {
    T::try_from(number).unwrap_or_default()
}

fn shown(app: &domain::Appliance, id: i64, camera: &camera::Camera, actor: &Actor) -> Camera {
    let status = camera.status.borrow().clone();
    Camera {
        id,
        name: camera.name.clone(),
        classroom: camera.classroom.clone(),
        model: camera.model.to_owned(),
        yours: classroom::is_in_charge(app, &camera.classroom, actor),
        answers: status.answers,
        power: status.power,
        trouble: status.line,
        pan: None,
        tilt: None,
        zoom: None,
        focus: None,
    }
}
