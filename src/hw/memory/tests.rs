//! When memory goes back, and which.

use super::*;

fn spent(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The seconds of these in which heap or code is due, when so many milliseconds were worked until each.
fn due(what: Due, worked: impl Fn(u64) -> u64, seconds: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut rest = Rest::begin(spent(worked(0)), Millis(0));
    let at = |second: u64| Millis::seconds(i64::try_from(second).unwrap());
    seconds.filter(|second| rest.look(spent(worked(*second)), at(*second)) == Some(what)).collect()
}

#[test]
fn a_box_at_rest_gives_back_code_whenever_it_looks_and_heap_each_ten_seconds() {
    assert_eq!(due(Due::CodeAndHeap, |s| 500 + s, 1..24), [2, 12, 22]);
    assert_eq!(due(Due::Code, |s| 500 + s, 1..15), [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]);
    let rarely = [10, 11, 20, 21, 31];
    assert_eq!(due(Due::CodeAndHeap, |s| s, rarely.into_iter()), [10, 20, 31]);
    assert_eq!(due(Due::CodeAndHeap, |s| s * 10, 1..13), [2, 12], "a school that only beats");
}

#[test]
fn a_box_that_works_keeps_what_it_has_and_gives_it_back_two_seconds_after() {
    // A fortieth of a processor until the twentieth second.
    assert_eq!(due(Due::CodeAndHeap, |s| s.min(20) * 25, 1..24), [22]);
    let once = |s: u64| if s > 4 { s.min(6) * 100 } else { 0 };
    assert_eq!(due(Due::CodeAndHeap, once, 1..15), [2, 12]);
}

thread_local! {
    static SHRUNK: Cell<u32> = const { Cell::new(0) };
}

#[test]
fn each_thread_shrinks_its_heap_once_for_each_time_it_was_asked() {
    heap_by(|| SHRUNK.set(SHRUNK.get() + 1));
    heap_here();
    let before = SHRUNK.get();
    ask_heap();
    heap_here();
    assert!(SHRUNK.get() > before);
}

const SMAPS: &str = "\
5000-6000 r--p 00000000 00:28 5                  /usr/bin/arctos-box
Rss: 4 kB
Anonymous:             0 kB
6000-9000 r-xp 00001000 00:28 5                  /usr/bin/arctos-box
Anonymous:             0 kB
VmFlags: rd ex mr mw me
9000-a000 r--p 00004000 00:28 5                  /usr/bin/arctos-box
Anonymous:             0 kB
Swap:                  4 kB
a000-b000 rw-p 00005000 00:28 5                  /usr/bin/arctos-box
Anonymous:             0 kB
b000-c000 r--p 00000000 00:00 0
Anonymous:             0 kB
d000-e000 r--p 00000000 00:28 7                  /etc/ld.so.cache
Anonymous:             0 kB
e000-f000 r-xp 00000000 00:00 0                  [vdso]
Anonymous:             0 kB
f000-11000 r-xp 00000000 00:28 7                 /lib/libc.so.6
Anonymous:             0 kB
";

#[test]
fn only_pages_go_back_that_the_programs_file_has_just_as_they_are() {
    let found = ranges(SMAPS.as_bytes(), "/usr/bin/arctos-box").unwrap();
    assert_eq!(found, [0x5000..0x6000, 0x6000..0x9000]);
    let patched = SMAPS.replacen("0 kB\nVmFlags", "4 kB\nVmFlags", 1);
    assert_eq!(ranges(patched.as_bytes(), "/usr/bin/arctos-box").unwrap().len(), 1);
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
