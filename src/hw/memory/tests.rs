//! When memory goes back, and which.

use super::*;

fn spent(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What is due at each of the seconds after the first, when so many milliseconds were worked until each.
fn due(worked: impl Fn(u64) -> u64, seconds: impl Iterator<Item = u64>) -> Vec<Due> {
    let mut rest = Rest::begin(spent(worked(0)), Millis(0));
    let at = |second: u64| Millis::seconds(i64::try_from(second).unwrap());
    seconds.map(|second| rest.look(spent(worked(second)), at(second))).collect()
}

#[test]
fn a_box_at_rest_gives_all_back_after_two_seconds_and_each_ten_and_its_code_whenever_it_looked_round()
 {
    let found = due(|s| 500 + s, 1..13);
    assert_eq!(found[..2], [Due::Nothing, Due::All]);
    assert_eq!(found[2..11], [Due::Code; 9]);
    assert_eq!(found[11], Due::All);
}

#[test]
fn who_looks_rarely_gives_all_back_at_each_look() {
    assert_eq!(due(|s| s, [10, 20, 30].into_iter()), [Due::All; 3]);
}

#[test]
fn a_school_that_only_beats_keeps_the_code_between_two_rests() {
    let found = due(|s| s * 10, 1..13);
    assert_eq!(found[1], Due::All);
    assert_eq!(found[2..11], [Due::Nothing; 9]);
    assert_eq!(found[11], Due::All);
}

#[test]
fn a_box_that_works_keeps_what_it_has_and_gives_it_back_two_seconds_after() {
    // A fortieth of a processor until the twentieth second.
    let found = due(|s| s.min(20) * 25, 1..24);
    assert_eq!(found[..21], [Due::Nothing; 21]);
    assert_eq!(found[21..], [Due::All, Due::Code]);
}

#[test]
fn after_work_the_code_stays_until_all_is_given_back() {
    let busy = |s: u64| if s > 4 { s.min(6) * 100 } else { 0 };
    let found = due(busy, 1..15);
    assert_eq!(found[1], Due::All);
    assert_eq!(found[4..11], [Due::Nothing; 7], "it was given back less than ten seconds ago");
    assert_eq!(found[11], Due::All);
}

thread_local! {
    static SHRUNK: Cell<u32> = const { Cell::new(0) };
}

#[test]
fn each_thread_shrinks_its_heap_once_for_each_time_it_was_asked() {
    let shrink: fn() = || SHRUNK.set(SHRUNK.get() + 1);
    heap_here(shrink);
    let before = SHRUNK.get();
    ask_heap();
    heap_here(shrink);
    assert!(SHRUNK.get() > before);
}

const SMAPS: &str = "\
5000-6000 r--p 00000000 00:28 5 /usr/bin/arctos-box
Rss: 4 kB
Anonymous:             0 kB
6000-9000 r-xp 00001000 00:28 5 /usr/bin/arctos-box
Anonymous:             0 kB
VmFlags: rd ex mr mw me
9000-a000 r--p 00004000 00:28 5 /usr/bin/arctos-box
Anonymous:             4 kB
a000-b000 rw-p 00005000 00:28 5 /usr/bin/arctos-box
Anonymous:             0 kB
b000-c000 r--p 00000000 00:00 0
Anonymous:             0 kB
c000-d000 r--s 00000000 00:28 6 /var/lib/arctos-box/box.db-shm
Anonymous:             0 kB
d000-e000 ---p 00000000 00:28 7 /lib/libc.so.6
Anonymous:             0 kB
e000-f000 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
f000-11000 r-xp 00000000 00:28 7 /lib/libc.so.6 (deleted)
Anonymous:             0 kB
";

#[test]
fn only_pages_go_back_that_a_file_has_just_as_they_are() {
    assert_eq!(
        ranges(SMAPS.as_bytes()).unwrap(),
        [0x5000..0x6000, 0x6000..0x9000, 0xf000..0x11000]
    );
}

#[test]
fn the_program_goes_on_without_its_pages_and_finds_them_again() {
    let code = Code::find().unwrap();
    let here = Code::give_back as *const () as usize;
    assert!(code.0.iter().any(|range| range.contains(&here)), "this very code is among them");
    for _ in 0..3 {
        code.give_back();
    }
    let again = Code::find().unwrap();
    assert_eq!(again.0, code.0);
    assert!(used() > Duration::ZERO);
}
