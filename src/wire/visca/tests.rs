use proptest::prelude::*;

use super::command::{address_set, clear_all};
use super::ip::{Control, Datagram, Payload};
use super::quirk::{QUIRKS, Quirk};
use super::*;
use crate::model::camera::{Answer, FocusMode, PresetDo, Version};

fn address() -> impl Strategy<Value = Address> {
    (1..=7u8).prop_map(|n| Address::new(n).unwrap())
}

fn command() -> impl Strategy<Value = Command> {
    let focus = prop_oneof![Just(FocusMode::Auto), Just(FocusMode::Manual), Just(FocusMode::Once)];
    let preset = prop_oneof![Just(PresetDo::Forget), Just(PresetDo::Store), Just(PresetDo::Recall)];
    prop_oneof![
        any::<bool>().prop_map(Command::Power),
        (-127..=127i8, -127..=127i8).prop_map(|(pan, tilt)| Command::Drive { pan, tilt }),
        (any::<i16>(), any::<i16>(), (0..0x80u8, 0..0x80u8))
            .prop_map(|(pan, tilt, speed)| { Command::Aim { pan: Pan::Four(pan), tilt, speed } }),
        (-0x8_0000..0x8_0000i32, any::<i16>(), 0..0x80u8).prop_map(|(pan, tilt, speed)| {
            Command::Aim { pan: Pan::Five(pan), tilt, speed: (speed, 0) }
        }),
        Just(Command::Home),
        Just(Command::Reset),
        (-8..=8i8).prop_map(Command::Zoom),
        any::<u16>().prop_map(Command::ZoomTo),
        (-8..=8i8).prop_map(Command::Focus),
        any::<u16>().prop_map(Command::FocusTo),
        focus.prop_map(Command::FocusMode),
        (preset, 0..0x80u8).prop_map(|(what, n)| Command::Preset(what, n)),
        (0..16u8).prop_map(Command::Cancel),
        Just(Command::Clear),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let inquiry = prop::sample::select(Inquiry::ALL.to_vec()).prop_map(Message::Inquiry);
    prop_oneof![command().prop_map(Message::Command), inquiry]
}

fn answer() -> impl Strategy<Value = (Inquiry, Answer)> {
    let version = any::<(u16, u16, u16, u8)>().prop_map(|(vendor, model, rom, sockets)| {
        (Inquiry::Version, Answer::Version(Version { vendor, model, rom, sockets }))
    });
    let place = (-0x8_0000..0x8_0000i32, any::<i16>())
        .prop_map(|(pan, tilt)| (Inquiry::Position, Answer::Position { pan, tilt }));
    prop_oneof![
        any::<bool>().prop_map(|on| (Inquiry::Power, Answer::Power(on))),
        any::<u16>().prop_map(|n| (Inquiry::Zoom, Answer::Zoom(n))),
        any::<u16>().prop_map(|n| (Inquiry::Focus, Answer::Focus(n))),
        place,
        version,
    ]
}

fn reply() -> impl Strategy<Value = Reply> {
    let refusal = any::<u8>().prop_filter("ends the packet", |code| *code != 0xFF);
    let said = prop_oneof![
        (0..16u8).prop_map(Said::Ack),
        (0..16u8).prop_map(Said::Done),
        prop::collection::vec(0..0xFFu8, 1..14).prop_map(Said::Answer),
        (0..16u8, refusal).prop_map(|(s, code)| Said::Refused(s, Refusal::from_code(code))),
        Just(Said::NetworkChange),
    ];
    prop_oneof![
        (address(), said).prop_map(|(from, said)| Reply::From(from, said)),
        (1..=8u8).prop_map(Reply::Addressed),
        Just(Reply::Cleared),
    ]
}

fn payload() -> impl Strategy<Value = Payload> {
    let frame = (address(), message()).prop_map(|(to, message)| message.encode(to)).boxed();
    prop_oneof![
        frame.clone().prop_map(Payload::Command),
        frame.clone().prop_map(Payload::Inquiry),
        frame.prop_map(Payload::Setting),
        reply().prop_map(|reply| Payload::Reply(reply.encode())),
        Just(Payload::Control(Control::Reset)),
        Just(Payload::Control(Control::WrongNumber)),
        Just(Payload::Control(Control::WrongMessage)),
        Just(Payload::ControlReply),
    ]
}

proptest! {
    #[test]
    fn a_message_is_read_as_it_was_written(to in address(), message in message()) {
        let frame = message.encode(to);
        prop_assert_eq!(Frame::new(frame.bytes()), Ok(frame));
        prop_assert_eq!(Message::decode(&frame), Ok((to, message)));
    }

    #[test]
    fn an_answer_is_read_as_it_was_written((inquiry, answer) in answer()) {
        prop_assert_eq!(inquiry.answer(&answer.encode()), Ok(answer));
    }

    #[test]
    fn a_reply_is_read_as_it_was_written(reply in reply()) {
        let frame = reply.encode();
        prop_assert_eq!(Frame::new(frame.bytes()), Ok(frame));
        prop_assert_eq!(Reply::decode(&frame), Ok(reply));
    }

    #[test]
    fn a_datagram_is_read_as_it_was_written(number: u32, payload in payload()) {
        let datagram = Datagram { number, payload };
        prop_assert_eq!(Datagram::decode(&datagram.encode()), Ok(datagram));
    }

    #[test]
    fn no_bytes_are_too_strange(bytes: Vec<u8>) {
        let _ = Datagram::decode(&bytes);
        if let Ok(frame) = Frame::new(&bytes) {
            let _ = (Message::decode(&frame), Reply::decode(&frame));
        }
        for inquiry in Inquiry::ALL {
            let _ = inquiry.answer(&bytes);
        }
        Framer::default().push(&bytes, |frame| Reply::decode(frame).ok());
    }

    /// However the line cuts it, whatever noise comes before, once a packet has ended the next is read.
    #[test]
    fn packets_are_found_among_noise(
        noise in prop::collection::vec(any::<u8>(), 0..40),
        replies in prop::collection::vec(reply(), 1..6),
        pieces in 1..9usize,
    ) {
        let mut stream = noise;
        stream.push(0xFF);
        let before = stream.len();
        stream.extend(replies.iter().flat_map(|reply| reply.encode().bytes().to_vec()));
        let mut framer = Framer::default();
        framer.push(&stream[..before], |frame| Reply::decode(frame).ok());
        let found: Vec<Reply> = stream[before..]
            .chunks(pieces)
            .flat_map(|piece| framer.push(piece, |frame| Reply::decode(frame).ok()))
            .collect();
        prop_assert_eq!(found, replies);
    }

    #[test]
    fn no_speed_is_beyond_what_a_model_takes(pan: i8, tilt: i8) {
        for quirk in QUIRKS {
            let (p, t) = quirk.drive(pan, tilt);
            prop_assert!(p.unsigned_abs() <= quirk.pan_max && t.unsigned_abs() <= quirk.tilt_max);
            prop_assert_eq!((p, t) == (0, 0), (pan, tilt) == (0, 0));
            prop_assert!(quirk.diagonal || p == 0 || t == 0);
            prop_assert!(Quirk::lens(pan).unsigned_abs() <= 8);
        }
    }
}

fn hex(frame: &Frame) -> String {
    frame.bytes().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

/// As Sony's lists write them.
#[test]
fn commands_are_those_of_the_lists() {
    let to = Address::new(1).unwrap();
    let aim = |pan, speed| Command::Aim { pan, tilt: -0x190, speed };
    let listed = [
        (Command::Power(true), "81 01 04 00 02 FF"),
        (Command::Power(false), "81 01 04 00 03 FF"),
        (Command::Drive { pan: -0x18, tilt: 0x14 }, "81 01 06 01 18 14 01 01 FF"),
        (Command::Drive { pan: 5, tilt: 0 }, "81 01 06 01 05 01 02 03 FF"),
        (Command::Drive { pan: 0, tilt: -7 }, "81 01 06 01 01 07 03 02 FF"),
        (Command::Drive { pan: 0, tilt: 0 }, "81 01 06 01 01 01 03 03 FF"),
        (aim(Pan::Four(0x8DB), (5, 6)), "81 01 06 02 05 06 00 08 0D 0B 0F 0E 07 00 FF"),
        (aim(Pan::Five(-0x8A58), (5, 0)), "81 01 06 02 05 00 0F 07 05 0A 08 0F 0E 07 00 FF"),
        (Command::Home, "81 01 06 04 FF"),
        (Command::Reset, "81 01 06 05 FF"),
        (Command::Zoom(0), "81 01 04 07 00 FF"),
        (Command::Zoom(8), "81 01 04 07 27 FF"),
        (Command::Zoom(-1), "81 01 04 07 30 FF"),
        (Command::ZoomTo(0x4000), "81 01 04 47 04 00 00 00 FF"),
        (Command::Focus(1), "81 01 04 08 20 FF"),
        (Command::Focus(-8), "81 01 04 08 37 FF"),
        (Command::FocusMode(FocusMode::Auto), "81 01 04 38 02 FF"),
        (Command::FocusMode(FocusMode::Manual), "81 01 04 38 03 FF"),
        (Command::FocusMode(FocusMode::Once), "81 01 04 18 01 FF"),
        (Command::Preset(PresetDo::Store, 3), "81 01 04 3F 01 03 FF"),
        (Command::Preset(PresetDo::Recall, 3), "81 01 04 3F 02 03 FF"),
        (Command::Cancel(2), "81 22 FF"),
        (Command::Clear, "81 01 00 01 FF"),
    ];
    for (command, text) in listed {
        assert_eq!(hex(&command.encode(to)), text);
    }
    let inquiries = Inquiry::ALL.map(|inquiry| hex(&inquiry.encode(to)));
    let listed =
        ["81 09 04 00 FF", "81 09 04 47 FF", "81 09 04 48 FF", "81 09 06 12 FF", "81 09 00 02 FF"];
    assert_eq!(inquiries, listed);
    assert_eq!(hex(&address_set()), "88 30 01 FF");
    assert_eq!(hex(&clear_all()), "88 01 00 01 FF");
}

#[test]
fn every_error_of_the_lists_has_its_name() {
    let named = |code| {
        let frame = Frame::new(&[0xA0, 0x61, code, 0xFF]).unwrap();
        match Reply::decode(&frame) {
            Ok(Reply::From(_, Said::Refused(1, why))) => why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(named(0x01), Refusal::Length);
    assert_eq!(named(0x02), Refusal::Syntax);
    assert_eq!(named(0x03), Refusal::BufferFull);
    assert_eq!(named(0x04), Refusal::Cancelled);
    assert_eq!(named(0x05), Refusal::NoSocket);
    assert_eq!(named(0x41), Refusal::NotExecutable);
    assert_eq!(named(0x07), Refusal::Other(0x07));
}

#[test]
fn half_a_packet_does_not_hide_the_whole_one_behind_it() {
    let mut framer = Framer::default();
    let found = framer.push(&[0x41, 0x90, 0x90, 0x41, 0xFF, 0x90, 0x50, 0xA0, 0x52, 0xFF], |f| {
        Reply::decode(f).ok()
    });
    let first = Reply::From(Address::new(1).unwrap(), Said::Ack(1));
    // An answer may hold any byte: what could be one is taken for one, and does not fit what was asked.
    let second = Reply::From(Address::new(1).unwrap(), Said::Answer(vec![0xA0, 0x52]));
    assert_eq!(found, [first, second]);
}

#[test]
fn a_model_is_known_by_its_name_and_by_what_it_says_of_itself() {
    assert_eq!(Quirk::named("evi-d70").map(|q| q.tilt_max), Some(0x17));
    assert_eq!(Quirk::of(0x0020, 0x040E).map(|q| q.model), Some("evi-d70"));
    assert_eq!(Quirk::of(1, 1), None);
    let names: std::collections::BTreeSet<_> = QUIRKS.iter().map(|q| q.model).collect();
    assert_eq!(names.len(), QUIRKS.len());
}
