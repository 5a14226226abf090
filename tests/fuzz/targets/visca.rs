//! What comes from a camera, or from whoever is plugged in instead of one.

use arctos_box::model::Millis;
use arctos_box::model::camera::{Inquiry, PresetDo, Spot, Wish};
use arctos_box::wire::visca::bus::{Bus, Link};
use arctos_box::wire::visca::ip::Datagram;
use arctos_box::wire::visca::quirk::Quirk;
use arctos_box::wire::visca::{Address, Frame, Framer, Message, Reply};

/// The bytes as packets, and as a story of a line: a byte says what happens (a wish, time, bytes that come).
pub fn visca(bytes: &[u8]) {
    if let Ok(datagram) = Datagram::decode(bytes) {
        assert_eq!(datagram.encode(), bytes);
    }
    for frame in Framer::default().push(bytes, |frame| Some(*frame)) {
        packet(&frame);
    }
    for inquiry in Inquiry::ALL {
        if let Ok(answer) = inquiry.answer(bytes) {
            assert_eq!(inquiry.answer(&answer.encode()), Ok(answer));
        }
    }
    story(Link::Serial, bytes);
    story(Link::Ip, bytes);
}

fn packet(frame: &Frame) {
    assert_eq!(Frame::new(frame.bytes()), Ok(*frame));
    if let Ok((to, message)) = Message::decode(frame) {
        assert_eq!(Message::decode(&message.encode(to)), Ok((to, message)));
    }
    if let Ok(reply) = Reply::decode(frame) {
        assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
    }
}

fn story(link: Link, all: &[u8]) {
    let mut bytes = all;
    let cameras: Vec<_> = [1, 2].map(|n| (Address::new(n).unwrap(), Quirk::USUAL)).to_vec();
    let mut bus = Bus::new(link, &cameras, Millis(2000));
    let (mut now, mut sent) = (Millis(0), 0);
    bus.opened(now);
    while let Some((what, rest)) = bytes.split_first() {
        bytes = rest;
        let to = cameras[usize::from(what & 1)].0;
        let wish = match what >> 4 {
            0 => Some(Wish::Drive { pan: 9, tilt: -9 }),
            1 => Some(Wish::Zoom(50)),
            2 => Some(Wish::Stop),
            3 => Some(Wish::Preset(PresetDo::Recall, what & 7)),
            4 => Some(Wish::Ask(Inquiry::Position)),
            5 => Some(Wish::Place(Some(Spot { preset: 1, wakes: what & 2 == 0 }))),
            _ => None,
        };
        match wish {
            Some(wish) => drop(bus.ask(1, to, wish, now)),
            None if *what < 0x80 => now = now + Millis(i64::from(*what) << (what & 7)),
            None => {
                let (come, rest) = bytes.split_at(bytes.len().min(usize::from(what & 0x3F)));
                bytes = rest;
                bus.received(come, now);
            }
        }
        assert!(bus.step(now) > now, "it waits for something");
        while bus.to_send().is_some() {
            sent += 1;
        }
        while bus.event().is_some() {}
    }
    assert!(sent <= 64 + 16 * all.len(), "it floods the line");
}
