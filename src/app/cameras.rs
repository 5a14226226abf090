//! `[[camera]]` of the configuration turned into cameras of the domain and the lines on which they hang.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use tokio::sync::watch;

use super::StartError;
use crate::config::{CameraEntry, Config};
use crate::domain::camera::{Camera, Desk, Lead, lead};
use crate::domain::policy::Classroom;
use crate::hw::board::{Board, Serial, SerialRole};
use crate::hw::identity;
use crate::hw::inputs::sysfs;
use crate::hw::ptz::{Line, Place, Seat};
use crate::model::camera::Status;
use crate::wire::visca::{Address, ip, quirk::QUIRKS, quirk::Quirk};

/// More than a box has classrooms.
const CAMERAS_MAX: usize = 32;
const BAUDS: [u32; 4] = [9600, 19_200, 38_400, 115_200];

/// A line while its cameras are gathered.
struct Gathered {
    place: Place,
    seats: Vec<Seat>,
    lead: Lead,
    desk: Desk,
}

/// # Errors
/// A sentence that names the camera.
pub fn cameras(
    config: &Config,
    board: &Board,
    classrooms: &[Classroom],
) -> Result<(Vec<Camera>, Vec<Line>), StartError> {
    if config.cameras.len() > CAMERAS_MAX {
        return Err(StartError::Config(format!("[[camera]]: more than {CAMERAS_MAX}")));
    }
    let root = Path::new(&config.hardware_root);
    let (mut cameras, mut lines) = (Vec::new(), Vec::new());
    for entry in &config.cameras {
        let made = camera(entry, board, root, classrooms, &mut lines);
        let wrong = |why| StartError::Config(format!("[[camera]] {}: {why}", entry.name));
        cameras.push(made.map_err(wrong)?);
    }
    let line = |made: Gathered| Line::new(made.place, made.seats, made.desk);
    Ok((cameras, lines.into_iter().map(line).collect()))
}

fn camera(
    entry: &CameraEntry,
    board: &Board,
    root: &Path,
    classrooms: &[Classroom],
    lines: &mut Vec<Gathered>,
) -> Result<Camera, String> {
    let classroom = classrooms.iter().find(|c| c.name == entry.classroom);
    let classroom = classroom.or(classrooms.first().filter(|_| entry.classroom.is_empty()));
    let classroom =
        classroom.ok_or_else(|| format!("there is no classroom {}", entry.classroom))?;
    let quirk = match entry.model.as_str() {
        "" => Quirk::USUAL,
        model => Quirk::named(model).ok_or_else(|| {
            let known: Vec<&str> = QUIRKS.iter().map(|quirk| quirk.model).collect();
            format!("model {model} is none of {}", known.join(", "))
        })?,
    };
    for preset in [entry.start, entry.idle].into_iter().flatten() {
        if preset >= quirk.presets {
            return Err(format!("preset {preset}: the model has {} from 0", quirk.presets));
        }
    }
    let address = Address::new(entry.address.unwrap_or(1)).ok_or("address must be from 1 to 7")?;
    let place = place(entry, board, root)?;
    let line = gathered(lines, place, address)?;
    let (status, shown) = watch::channel(Status::default());
    line.seats.push(Seat { name: entry.name.clone(), address, quirk, status });
    Ok(Camera {
        name: entry.name.clone(),
        classroom: classroom.name.clone(),
        model: quirk.model,
        start: entry.start,
        idle: entry.idle,
        address,
        lead: line.lead.clone(),
        status: shown,
    })
}

/// The line at this place, on which nobody has this address yet.
fn gathered(
    lines: &mut Vec<Gathered>,
    place: Place,
    address: Address,
) -> Result<&mut Gathered, String> {
    let at = match lines.iter().position(|line| line.place.may_be(&place)) {
        Some(at) if lines[at].place != place => {
            return Err(format!(
                "its line may be that of {}: write both alike, baud too, or as two places",
                lines[at].seats[0].name
            ));
        }
        Some(at) => at,
        None => {
            let (lead, desk) = lead();
            lines.push(Gathered { place, seats: Vec::new(), lead, desk });
            lines.len() - 1
        }
    };
    let line = &mut lines[at];
    match line.seats.iter().find(|seat| seat.address == address) {
        Some(other) => Err(format!("{} has its place and address", other.name)),
        None => Ok(line),
    }
}

fn place(entry: &CameraEntry, board: &Board, root: &Path) -> Result<Place, String> {
    if !entry.udp.is_empty() {
        if !entry.line.is_empty() || entry.baud.is_some() || entry.address.is_some() {
            return Err("udp: such a camera has no line, baud or address".into());
        }
        let bare = || entry.udp.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, ip::PORT));
        let address = entry.udp.parse().or_else(|_| bare());
        return address.map(Place::Udp).map_err(|_| format!("udp: {} is no address", entry.udp));
    }
    // A made-up machine opens no device of the real one.
    if identity::is_simulated(board, root) && root == Path::new("/") {
        return Err(format!("the board {} is simulated and opens no serial port", board.name));
    }
    let port = match entry.line.as_str() {
        "" => board.serial.iter().find(|port| port.role == SerialRole::Ptz).cloned(),
        path if sysfs::is_path(path) => {
            Some(Serial { role: SerialRole::Ptz, bus: vec![path.to_owned()] })
        }
        other => return Err(format!("line: {other} is no bus path (usb-…, platform:…, PCI:…)")),
    };
    let port = port.ok_or_else(|| {
        format!(
            "line: the board {} names no port for camera heads, so name its bus path",
            board.name
        )
    })?;
    let baud = entry.baud.unwrap_or(9600);
    if !BAUDS.contains(&baud) {
        return Err("baud must be 9600, 19200, 38400 or 115200".into());
    }
    Ok(Place::Serial { port, baud })
}
