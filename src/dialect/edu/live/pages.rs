//! Pages of courses and members, put together from rows that were written when they last changed. They say the same as
//! `Rooms` and `MemberList` written anew.

use super::{row, seat};
use crate::dialect::Base;
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

pub fn rooms(app: &Appliance, base: &Base, total: i64, slips: &[&Slip]) -> Vec<u8> {
    let is_whole = slips.iter().all(|slip| slip.cuts[0] == 0);
    let way = if is_whole { String::new() } else { way(app, base) };
    let rows: usize = slips.iter().map(|slip| slip.text.len() + 1 + 2 * way.len()).sum();
    let mut json = Vec::with_capacity(rows + 48);
    json.extend_from_slice(format!(r#"{{"total":{total},"rooms":["#).as_bytes());
    join(slips, &way, &mut json);
    json.extend_from_slice(b"]}");
    json
}

fn join(slips: &[&Slip], way: &str, json: &mut Vec<u8>) {
    for (n, slip) in slips.iter().enumerate() {
        if n > 0 {
            json.push(b',');
        }
        let mut from = 0;
        for cut in slip.cuts.into_iter().filter(|cut| *cut > 0).map(|cut| cut as usize) {
            json.extend_from_slice(&slip.text[from..cut]);
            json.extend_from_slice(way.as_bytes());
            from = cut;
        }
        json.extend_from_slice(&slip.text[from..]);
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

pub fn members(total: usize, rows: &[u8]) -> Vec<u8> {
    let mut json = Vec::with_capacity(rows.len() + 48);
    json.extend_from_slice(format!(r#"{{"total":{total},"idlist":["#).as_bytes());
    json.extend_from_slice(rows);
    json.extend_from_slice(b"]}");
    json
}

#[cfg(test)]
mod tests;
