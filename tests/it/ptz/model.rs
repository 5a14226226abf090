//! The conversation without a line: the box's side and the simulated cameras, in time that the test makes.

use arctos_box::model::Millis;
use arctos_box::model::camera::{Failure, FocusMode, Inquiry, PresetDo, Spot, Wish};
use arctos_box::wire::visca::bus::{Bus, Event, Link};
use arctos_box::wire::visca::quirk::Quirk;
use arctos_box::wire::visca::{Address, Command, Message};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::sim::{CYCLE, Garble, Sim};

const DEAD_MAN: Millis = Millis(2000);
const STOP: Command = Command::Drive { pan: 0, tilt: 0 };
const RIGHT: Wish = Wish::Drive { pan: 50, tilt: 0 };
const HOME: Message = Message::Command(Command::Home);

fn place(preset: u8, wakes: bool) -> Wish {
    Wish::Place(Some(Spot { preset, wakes }))
}

struct Line {
    bus: Bus,
    sim: Sim,
    now: Millis,
    events: Vec<(Millis, Event)>,
    tickets: u64,
}

fn address(n: usize) -> Address {
    Address::new(u8::try_from(n).unwrap() + 1).unwrap()
}

impl Line {
    /// Open for a while, so that everybody is known.
    fn of(link: Link, count: usize) -> Self {
        let mut line = Self::closed(link, count);
        line.bus.opened(line.now);
        line.run(Millis(1000));
        line
    }

    fn closed(link: Link, count: usize) -> Self {
        let quirks: Vec<_> = (0..count).map(|n| (address(n), Quirk::USUAL)).collect();
        let bus = Bus::new(link, &quirks, DEAD_MAN);
        Self { bus, sim: Sim::new(link, count), now: Millis(0), events: Vec::new(), tickets: 0 }
    }

    fn run(&mut self, span: Millis) {
        let end = self.now + span;
        let mut turns = 0;
        loop {
            turns += 1;
            assert!(turns < 100_000, "it goes round and round");
            let next = self.bus.step(self.now);
            while let Some(bytes) = self.bus.to_send() {
                self.sim.hear(&bytes, self.now);
            }
            while let Some(event) = self.bus.event() {
                self.events.push((self.now, event));
            }
            assert!(next > self.now, "{next:?} is not later than {:?}", self.now);
            let next = self.sim.next().map_or(next, |due| due.min(next)).max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            for bytes in self.sim.say_by(self.now) {
                self.bus.received(&bytes, self.now);
            }
        }
    }

    fn ask(&mut self, camera: usize, wish: Wish) -> u64 {
        self.tickets += 1;
        if let Err(why) = self.bus.ask(self.tickets, address(camera), wish, self.now) {
            self.events.push((self.now, Event::Failed(self.tickets, why)));
        }
        self.tickets
    }

    /// What came of it, and when.
    fn outcome(&self, ticket: u64) -> Vec<(Millis, Result<(), Failure>)> {
        let of_it = |(at, event): &(Millis, Event)| match event {
            Event::Taken(t) | Event::Answered(t, _) if *t == ticket => Some((*at, Ok(()))),
            Event::Failed(t, why) if *t == ticket => Some((*at, Err(*why))),
            _ => None,
        };
        self.events.iter().filter_map(of_it).collect()
    }

    fn taken(&self, ticket: u64) -> Millis {
        match self.outcome(ticket)[..] {
            [(at, Ok(()))] => at,
            ref other => panic!("{other:?}"),
        }
    }

    fn failed(&self, ticket: u64) -> Failure {
        match self.outcome(ticket)[..] {
            [(_, Err(why))] => why,
            ref other => panic!("{other:?}"),
        }
    }

    fn told(&self, event: &Event) -> usize {
        self.events.iter().filter(|(_, told)| told == event).count()
    }
}

#[test]
fn a_ring_is_numbered_emptied_stopped_and_asked_who_it_is() {
    let line = Line::of(Link::Serial, 7);
    assert_eq!(line.told(&Event::Counted(7)), 1);
    for n in 0..7 {
        assert_eq!(line.told(&Event::Up(address(n))), 1);
        assert_eq!(line.told(&Event::Power(address(n), true)), 1);
        assert_eq!(line.sim.cameras[n].log[0].1, Message::Command(STOP));
        assert!(!line.bus.is_moving(address(n)));
    }
}

#[test]
fn wishes_are_taken_by_wire_and_by_network() {
    for link in [Link::Serial, Link::Ip] {
        let mut line = Line::of(link, 1);
        let wishes = [
            Wish::Power(true),
            Wish::Home,
            Wish::Zoom(100),
            Wish::Zoom(0),
            Wish::FocusMode(FocusMode::Manual),
            Wish::Focus(-1),
            Wish::Focus(0),
            Wish::Preset(PresetDo::Store, 2),
            Wish::Preset(PresetDo::Recall, 2),
            Wish::Aim { pan: 100, tilt: -100, percent: 30 },
            Wish::ZoomTo(0x4000),
            Wish::Reset,
            Wish::Ask(Inquiry::Position),
            Wish::Ask(Inquiry::Focus),
            Wish::Stop,
        ];
        for wish in wishes {
            let ticket = line.ask(0, wish);
            line.run(Millis(5000));
            line.taken(ticket);
        }
        assert!(line.sim.cameras[0].stands());
    }
}

#[test]
fn a_silent_camera_keeps_no_other_waiting() {
    let mut line = Line::of(Link::Serial, 3);
    line.sim.cameras[1].silent = true;
    for _ in 0..20 {
        line.ask(1, Wish::Zoom(50));
        let (first, third) = (line.ask(0, RIGHT), line.ask(2, Wish::Ask(Inquiry::Zoom)));
        let since = line.now;
        line.run(Millis(500));
        assert!(line.taken(first) - since <= Millis(60));
        assert!(line.taken(third) - since <= Millis(60));
    }
    assert_eq!(line.told(&Event::Silent(address(1))), 1);
}

#[test]
fn a_lost_stop_is_repeated_until_it_is_acknowledged() {
    for link in [Link::Serial, Link::Ip] {
        for (deaf, mute) in [(5, 0), (0, 7), (2, 2)] {
            let mut line = Line::of(link, 1);
            line.ask(0, RIGHT);
            line.run(Millis(100));
            assert!(line.sim.cameras[0].pan > 0);
            (line.sim.cameras[0].deaf, line.sim.cameras[0].mute) = (deaf, mute);
            let stop = line.ask(0, Wish::Stop);
            line.run(Millis(1));
            let held = line.outcome(stop);
            assert!(held.is_empty(), "{held:?}");
            line.run(Millis(8000));
            line.taken(stop);
            assert!(line.sim.cameras[0].stands());
            assert_eq!(line.told(&Event::StopLost(address(0))), 0);
        }
    }
}

#[test]
fn a_stop_waits_for_nothing() {
    let mut line = Line::of(Link::Serial, 1);
    // Nobody acknowledges the first, so the others wait.
    line.sim.cameras[0].deaf = 1;
    let moves = [line.ask(0, Wish::Home), line.ask(0, RIGHT), line.ask(0, Wish::Zoom(9))];
    let asked = line.ask(0, Wish::Ask(Inquiry::Zoom));
    line.run(Millis(5));
    let since = line.now;
    let stop = line.ask(0, Wish::Stop);
    line.run(Millis(3000));
    // The acknowledgement of what was lost is waited for, in vain; the camera stood long before.
    let stopped =
        line.sim.cameras[0].log.iter().find(|(at, m)| *at >= since && *m == Message::Command(STOP));
    assert_eq!(stopped.unwrap().0, since);
    line.taken(stop);
    line.taken(asked);
    for ticket in moves {
        assert_eq!(line.failed(ticket), Failure::Overtaken);
    }
    let log = &line.sim.cameras[0].log;
    let begun = |m: &Message| matches!(m, Message::Command(Command::Home | Command::Zoom(1..)));
    assert!(log.iter().all(|(_, m)| !begun(m)), "{log:?}");
}

#[test]
fn a_motion_ends_unless_it_is_asked_for_again() {
    let mut line = Line::of(Link::Serial, 1);
    for _ in 0..10 {
        let ticket = line.ask(0, RIGHT);
        line.run(Millis(1000));
        line.taken(ticket);
        assert!(line.sim.cameras[0].pan > 0);
    }
    let last = line.now - Millis(1000);
    line.run(Millis(999));
    assert!(line.sim.cameras[0].pan > 0);
    line.run(Millis(2));
    assert!(line.sim.cameras[0].stands());
    assert_eq!(line.told(&Event::Unattended(address(0))), 1);
    assert!(line.now <= last + DEAD_MAN + CYCLE);
    for wish in [Wish::Zoom(-20), Wish::Focus(20)] {
        line.ask(0, wish);
        line.run(Millis(100));
        assert!(!line.sim.cameras[0].stands());
        line.run(DEAD_MAN);
        assert!(line.sim.cameras[0].stands());
    }
    line.run(Millis(100));
    assert!(!line.bus.is_moving(address(0)));
}

#[test]
fn what_was_not_acknowledged_is_said_again() {
    for link in [Link::Serial, Link::Ip] {
        let mut line = Line::of(link, 1);
        line.sim.cameras[0].mute = 1;
        let ticket = line.ask(0, Wish::Preset(PresetDo::Recall, 4));
        line.run(Millis(3000));
        line.taken(ticket);
        assert_eq!(line.sim.cameras[0].preset, Some(4));
        line.sim.cameras[0].deaf = 2;
        let ticket = line.ask(0, Wish::Home);
        line.run(Millis(3000));
        line.taken(ticket);
    }
}

#[test]
fn a_camera_with_two_busy_sockets_is_asked_again_until_it_has_room() {
    for link in [Link::Serial, Link::Ip] {
        let mut line = Line::of(link, 1);
        line.sim.cameras[0].full = 4;
        let ticket = line.ask(0, RIGHT);
        line.run(Millis(1000));
        line.taken(ticket);
        // A stop does not wait for room: it makes some.
        line.ask(0, Wish::Home);
        line.ask(0, Wish::ZoomTo(5));
        line.run(Millis(300));
        let (stop, since) = (line.ask(0, Wish::Stop), line.now);
        line.run(Millis(1000));
        assert!(line.taken(stop) - since < Millis(900));
        assert!(line.sim.cameras[0].stands());
    }
}

#[test]
fn a_camera_that_comes_back_is_stopped_first() {
    let mut line = Line::of(Link::Serial, 2);
    line.ask(0, RIGHT);
    line.run(Millis(100));
    line.sim.cameras[0].silent = true;
    let stop = line.ask(0, Wish::Stop);
    line.run(Millis(60_000));
    assert_eq!(line.failed(stop), Failure::Silent);
    assert_eq!(line.told(&Event::StopLost(address(0))), 1);
    assert!(line.sim.cameras[0].pan > 0, "it went on, for it heard nothing");
    line.sim.plug_in(0, line.now);
    line.run(Millis(1000));
    assert!(line.sim.cameras[0].stands());
    assert_eq!(line.told(&Event::Up(address(0))), 2);
}

#[test]
fn a_slow_camera_is_waited_for() {
    let mut line = Line::of(Link::Serial, 1);
    line.sim.cameras[0].delay = Millis(1000);
    for _ in 0..5 {
        let ticket = line.ask(0, Wish::Ask(Inquiry::Zoom));
        line.run(Millis(8000));
        line.taken(ticket);
    }
    let before = line.sim.cameras[0].log.len();
    let ticket = line.ask(0, Wish::Preset(PresetDo::Store, 1));
    line.run(Millis(3000));
    line.taken(ticket);
    let store = Command::Preset(PresetDo::Store, 1);
    let log = &line.sim.cameras[0].log[before..];
    let copies = log.iter().filter(|(_, m)| *m == Message::Command(store)).count();
    assert_eq!(copies, 1, "it is known by now how slow it is");
}

#[test]
fn a_place_is_taken_when_the_camera_is_back_and_awake() {
    let mut line = Line::of(Link::Serial, 1);
    line.sim.cameras[0].silent = true;
    line.run(Millis(30_000));
    line.ask(0, place(3, true));
    line.run(Millis(30_000));
    line.sim.cameras[0].power = false;
    line.sim.plug_in(0, line.now);
    line.run(Millis(30_000));
    assert!(line.sim.cameras[0].power);
    assert_eq!(line.sim.cameras[0].preset, Some(3));
    assert_eq!(line.told(&Event::Placed(address(0), 3)), 1);
}

#[test]
fn a_camera_turns_to_its_place_again_when_it_is_back_unless_it_was_moved_since() {
    let moves = [RIGHT, Wish::Zoom(0), Wish::Home, Wish::Stop, Wish::Place(None)];
    for moved in moves.into_iter().map(Some).chain([None]) {
        let mut line = Line::of(Link::Serial, 1);
        line.ask(0, place(3, true));
        line.run(Millis(5000));
        assert_eq!(line.sim.cameras[0].preset.take(), Some(3));
        if let Some(moved) = moved {
            line.ask(0, moved);
            line.run(Millis(5000));
        }
        line.sim.cameras[0].silent = true;
        line.run(Millis(30_000));
        line.sim.cameras[0].silent = false;
        line.run(Millis(60_000));
        assert_eq!(line.sim.cameras[0].preset, Some(3).filter(|_| moved.is_none()), "{moved:?}");
    }
}

#[test]
fn no_camera_is_switched_on_for_the_wall_and_none_against_somebodys_wish() {
    let mut line = Line::of(Link::Serial, 1);
    line.sim.cameras[0].power = false;
    line.run(Millis(15_000));
    line.ask(0, place(5, false));
    line.run(Millis(60_000));
    assert_eq!((line.sim.cameras[0].power, line.sim.cameras[0].preset), (false, None));
    // By its own button.
    line.sim.cameras[0].power = true;
    line.run(Millis(30_000));
    assert_eq!(line.sim.cameras[0].preset.take(), Some(5));
    line.ask(0, Wish::Power(false));
    line.run(Millis(1000));
    line.ask(0, place(3, true));
    line.run(Millis(1000));
    assert!(line.sim.cameras[0].power);
    line.ask(0, Wish::Power(false));
    line.run(Millis(60_000));
    assert_eq!((line.sim.cameras[0].power, line.sim.cameras[0].preset), (false, None));
}

#[test]
fn a_camera_that_lost_its_number_and_says_nothing_gets_it_again() {
    let mut line = Line::of(Link::Serial, 2);
    line.sim.cameras[1].silent = true;
    line.run(Millis(60_000));
    (line.sim.cameras[1].silent, line.sim.cameras[1].address) = (false, 0);
    line.run(Millis(70_000));
    assert_eq!(line.told(&Event::Up(address(1))), 2);
}

#[test]
fn a_line_that_comes_and_goes_tells_once_that_its_camera_is_silent() {
    for link in [Link::Serial, Link::Ip] {
        let mut line = Line::of(link, 1);
        line.sim.cameras[0].silent = true;
        for _ in 0..5 {
            line.bus.closed();
            line.run(Millis(5000));
            line.bus.opened(line.now);
            line.run(Millis(20_000));
        }
        assert_eq!(line.told(&Event::Silent(address(0))), 1);
        assert_eq!(line.told(&Event::StopLost(address(0))), 0);
        line.sim.cameras[0].silent = false;
        line.run(Millis(60_000));
        assert_eq!(line.told(&Event::Up(address(0))), 2);
    }
}

#[test]
fn a_journey_is_not_stopped_for_what_was_before_it() {
    for before in [&[RIGHT][..], &[RIGHT, Wish::Stop], &[Wish::Stop]] {
        for pause in [0, 1, 30, 100] {
            let mut line = Line::of(Link::Serial, 1);
            for wish in before {
                line.ask(0, *wish);
                line.run(Millis(pause));
            }
            let home = line.ask(0, Wish::Home);
            line.run(Millis(5000));
            line.taken(home);
            let log = &line.sim.cameras[0].log;
            let moved = |(_, m): &&(Millis, Message)| match m {
                Message::Command(command) => {
                    !matches!(command, Command::Zoom(0) | Command::Focus(0))
                }
                Message::Inquiry(_) => false,
            };
            assert_eq!(log.iter().rfind(moved).unwrap().1, HOME, "{before:?} {pause} {log:?}");
            assert_eq!(line.told(&Event::Unattended(address(0))), 0);
        }
    }
}

#[test]
fn a_stop_ends_a_journey_of_the_lens_as_well() {
    let mut line = Line::of(Link::Serial, 1);
    line.sim.cameras[0].deaf = 1;
    let far = line.ask(0, Wish::ZoomTo(9));
    line.run(Millis(5));
    let stop = line.ask(0, Wish::Stop);
    line.run(Millis(3000));
    line.taken(stop);
    assert_eq!(line.failed(far), Failure::Overtaken);
    let heard = |line: &Line, since: Millis, wanted: Command| {
        let wanted = Message::Command(wanted);
        line.sim.cameras[0].log.iter().any(|(at, m)| *at >= since && *m == wanted)
    };
    assert!(!heard(&line, Millis(0), Command::ZoomTo(9)));
    let far = line.ask(0, Wish::ZoomTo(9));
    line.run(Millis(100));
    line.taken(far);
    let (since, stop) = (line.now, line.ask(0, Wish::Stop));
    line.run(Millis(500));
    line.taken(stop);
    assert!(heard(&line, since, STOP) && heard(&line, since, Command::Zoom(0)));
}

#[test]
fn a_camera_that_counts_otherwise_is_agreed_with_and_nothing_is_believed_done_meanwhile() {
    for lost_resets in 0..3 {
        let mut line = Line::of(Link::Ip, 1);
        (line.sim.number, line.sim.strict, line.sim.lost_resets) = (1000, true, lost_resets);
        let home = line.ask(0, Wish::Home);
        line.run(Millis(5000));
        line.taken(home);
        let log = &line.sim.cameras[0].log;
        assert_eq!(log.iter().filter(|(_, m)| *m == HOME).count(), 1, "{log:?}");
    }
}

#[test]
fn a_camera_that_knows_no_numbers_is_spoken_to_without() {
    let mut line = Line::closed(Link::Ip, 1);
    let quirk = Quirk::named("newtek-ptz1").unwrap();
    line.bus = Bus::new(Link::Ip, &[(address(0), quirk)], DEAD_MAN);
    line.sim.countless = true;
    line.bus.opened(line.now);
    line.run(Millis(1000));
    for wish in [RIGHT, Wish::Ask(Inquiry::Position), Wish::Home, Wish::Stop] {
        (line.sim.cameras[0].deaf, line.sim.cameras[0].mute) = (1, 1);
        let ticket = line.ask(0, wish);
        line.run(Millis(20_000));
        line.taken(ticket);
    }
    assert!(line.sim.cameras[0].stands());
    assert_eq!(line.told(&Event::Silent(address(0))), 0);
}

#[test]
fn a_camera_that_never_has_room_is_told_to_stop_until_it_has() {
    let mut line = Line::of(Link::Serial, 1);
    line.sim.cameras[0].full = 300;
    let stop = line.ask(0, Wish::Stop);
    line.run(Millis(90_000));
    line.taken(stop);
}

#[test]
fn a_line_that_was_closed_answers_at_once_and_begins_anew() {
    let mut line = Line::of(Link::Serial, 1);
    line.ask(0, RIGHT);
    line.run(Millis(50));
    line.sim.cameras[0].silent = true;
    let waits = line.ask(0, Wish::Home);
    line.bus.closed();
    line.run(Millis(10));
    assert_eq!(line.failed(waits), Failure::Silent);
    let late = line.ask(0, Wish::Stop);
    assert_eq!(line.failed(late), Failure::Silent);
    line.run(Millis(10_000));
    line.sim.cameras[0].silent = false;
    line.bus.opened(line.now);
    line.run(Millis(500));
    assert!(line.sim.cameras[0].stands());
}

#[test]
fn more_than_a_hand_can_ask_is_refused() {
    let mut line = Line::of(Link::Serial, 1);
    line.sim.cameras[0].silent = true;
    let tickets: Vec<_> = (0..30).map(|_| line.ask(0, Wish::Ask(Inquiry::Zoom))).collect();
    assert_eq!(line.failed(tickets[29]), Failure::Busy);
    line.run(Millis(20_000));
    assert!(tickets.iter().all(|t| line.outcome(*t).len() == 1));
    assert_eq!(line.failed(line.tickets), Failure::Busy);
    let high = line.ask(0, Wish::Preset(PresetDo::Recall, 99));
    assert_eq!(line.failed(high), Failure::Unsupported);
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        4 => (-100..=100i8, -100..=100i8).prop_map(|(pan, tilt)| Wish::Drive { pan, tilt }),
        2 => (-100..=100i8).prop_map(Wish::Zoom),
        1 => (-100..=100i8).prop_map(Wish::Focus),
        3 => Just(Wish::Stop),
        1 => Just(Wish::Home),
        1 => (0..6u8).prop_map(|n| Wish::Preset(PresetDo::Recall, n)),
        1 => (0..6u8, any::<bool>()).prop_map(|(n, wakes)| place(n, wakes)),
        1 => Just(Wish::Ask(Inquiry::Position)),
    ]
}

#[derive(Clone, Debug)]
enum Trouble {
    Garble(Garble),
    Deaf(usize, u32),
    Mute(usize, u32),
    Full(usize, u32),
    Silent(usize, bool),
    Slow(usize, i64),
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let noise = prop::collection::vec(any::<u8>(), 1..20).prop_map(Garble::Noise);
    let garble =
        prop_oneof![noise, Just(Garble::Half), Just(Garble::WrongAddress), Just(Garble::Lost),];
    prop_oneof![
        4 => garble.prop_map(Trouble::Garble),
        2 => (0..3usize, 1..4u32).prop_map(|(n, count)| Trouble::Deaf(n, count)),
        2 => (0..3usize, 1..4u32).prop_map(|(n, count)| Trouble::Mute(n, count)),
        1 => (0..3usize, 1..6u32).prop_map(|(n, count)| Trouble::Full(n, count)),
        1 => (0..3usize, any::<bool>()).prop_map(|(n, silent)| Trouble::Silent(n, silent)),
        1 => (0..3usize, 5..150i64).prop_map(|(n, ms)| Trouble::Slow(n, ms)),
    ]
}

type Turn = (i64, Option<(usize, Wish)>, Option<Trouble>);

fn turn() -> impl Strategy<Value = Turn> {
    let asked = prop::option::weighted(0.8, (0..3usize, wish()));
    (0..700i64, asked, prop::option::weighted(0.5, trouble()))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever is asked and whatever fails: everybody is told once what came of it, and when the failing has ended, every
    /// camera stands.
    #[test]
    fn in_the_end_every_camera_stands_and_everybody_was_told(
        turns in prop::collection::vec(turn(), 1..60),
        over_ip: bool,
    ) {
        let (link, count) = if over_ip { (Link::Ip, 1) } else { (Link::Serial, 3) };
        let mut line = Line::of(link, count);
        for (pause, asked, trouble) in turns {
            if let Some(trouble) = trouble {
                make(&mut line.sim, trouble, count);
            }
            if let Some((camera, wish)) = asked {
                line.ask(camera % count, wish);
            }
            line.run(Millis(pause));
        }
        line.sim.garble.clear();
        for camera in &mut line.sim.cameras {
            (camera.deaf, camera.mute, camera.full) = (0, 0, 0);
            (camera.silent, camera.delay) = (false, CYCLE);
        }
        // The longest that a silent camera is left alone, and what it takes to stop it then.
        line.run(Millis(60_000));
        for (n, camera) in line.sim.cameras.iter().enumerate() {
            prop_assert!(camera.stands(), "camera {} moves", n + 1);
            prop_assert!(!line.bus.is_moving(address(n)));
        }
        for ticket in 1..=line.tickets {
            prop_assert_eq!(line.outcome(ticket).len(), 1, "ticket {}", ticket);
        }
    }
}

fn make(sim: &mut Sim, trouble: Trouble, count: usize) {
    match trouble {
        Trouble::Garble(garble) => sim.garble.push_back(garble),
        Trouble::Deaf(n, count_) => sim.cameras[n % count].deaf = count_,
        Trouble::Mute(n, count_) => sim.cameras[n % count].mute = count_,
        Trouble::Full(n, count_) => sim.cameras[n % count].full = count_,
        Trouble::Silent(n, silent) => sim.cameras[n % count].silent = silent,
        Trouble::Slow(n, ms) => sim.cameras[n % count].delay = Millis(ms),
    }
}
