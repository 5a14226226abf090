//! Pages of courses and members, put together from rows that were written when they last changed. They say the same as
//! `Rooms` and `MemberList` written anew.

use super::{row, seat};
use crate::dialect::{Base, Json};
use crate::domain::Appliance;
use crate::domain::catalogue::Slip;
use crate::model::lesson::{Member, Room};

/// The members whose addresses may be the box's own, in the order of the row. No text can look like one: its
/// quotes are escaped.
const ADDRESSES: [&[u8]; 2] = [br#","cover":""#, br#","playback_idx_url":""#];

/// A course's row.
pub fn room(room: &Room) -> Slip {
    let own = [&room.cover, &room.index_url].map(|url| url.starts_with('/'));
    let text = serde_json::to_vec(&row(room.clone())).expect("text and numbers become JSON");
    let after = |name: &[u8]| {
        let at = text.windows(name.len()).position(|part| part == name)?;
        u32::try_from(at + name.len()).ok()
    };
    let mut cuts = [0, 1].map(|n| after(ADDRESSES[n]).filter(|_| own[n]).unwrap_or(0));
    if cuts[0] == 0 {
        cuts.swap(0, 1);
    }
    Slip { text: text.into(), cuts }
}

pub fn rooms(app: &Appliance, base: &Base, total: i64, slips: &[&Slip]) -> Json {
    let is_whole = slips.iter().all(|slip| slip.cuts[0] == 0);
    let way = if is_whole { String::new() } else { way(app, base) };
    let rows: usize = slips.iter().map(|slip| slip.text.len() + 1 + 2 * way.len()).sum();
    let mut json = Json::with_room_for(rows + 48);
    json.push(format!(r#"{{"total":{total},"rooms":["#).as_bytes());
    join(slips, &way, &mut json);
    json.push(b"]}");
    json
}

fn join(slips: &[&Slip], way: &str, json: &mut Json) {
    for (n, slip) in slips.iter().enumerate() {
        if n > 0 {
            json.push(b",");
        }
        let mut from = 0;
        for cut in slip.cuts.into_iter().filter(|cut| *cut > 0).map(|cut| cut as usize) {
            json.push(&slip.text[from..cut]);
            json.push(way.as_bytes());
            from = cut;
        }
        json.push(&slip.text[from..]);
    }
}

/// What stands before an address of the box's own for this client, as JSON has it.
fn way(app: &Appliance, base: &Base) -> String {
    let root = base.absolute(app, "/");
    let quoted = serde_json::to_string(root.strip_suffix('/').unwrap_or(&root));
    let quoted = quoted.expect("text always becomes JSON");
    quoted[1..quoted.len() - 1].to_owned()
}

/// A member's row.
pub fn member(member: &Member, rows: &mut Vec<u8>) {
    serde_json::to_writer(rows, &seat(member.clone())).expect("text and numbers become JSON");
}

pub fn members(total: usize, rows: &[u8]) -> Json {
    let mut json = Json::with_room_for(rows.len() + 48);
    json.push(format!(r#"{{"total":{total},"idlist":["#).as_bytes());
    json.push(rows);
    json.push(b"]}");
    json
}

#[cfg(test)]
mod tests;
