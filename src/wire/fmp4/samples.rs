//! Small true-to-grammar parts for the tests of this folder. Real encoders are met in the recorder's own tests.

/// What a sample fragment shall be.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Of the picture, in ticks of 1/15360 s.
    pub start: u64,
    pub key: bool,
    /// Duration, size and flags given for each sample rather than once.
    pub each: bool,
    /// Decode times in 32 bits.
    pub short_time: bool,
    pub payload: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { start: 0, key: false, each: false, short_time: false, payload: 40 }
    }
}

/// `ftyp`, `moov`, then so many fragments of a fifth of a second, a key frame in each fifth.
pub fn stream(fragments: u64) -> Vec<u8> {
    let mut bytes = init();
    for n in 0..fragments {
        bytes.extend(atom(b"styp", b"msdhmsix"));
        bytes.extend(fragment(&Plan { start: n * 3072, key: n % 5 == 0, ..Plan::default() }));
    }
    bytes
}

/// 320 × 180 H.264 High 3.1, AAC-LC at 48 kHz.
pub fn init() -> Vec<u8> {
    let mut picture = vec![0; 78];
    picture[24..26].copy_from_slice(&320u16.to_be_bytes());
    picture[26..28].copy_from_slice(&180u16.to_be_bytes());
    picture.extend(atom(b"avcC", &[1, 0x64, 0, 0x1f, 0xff, 0xe1]));
    let mut sound = vec![0; 28];
    let esds = [
        0, 0, 0, 0, 3, 0x80, 0x80, 0x80, 0x22, 0, 2, 0, 4, 0x80, 0x80, 0x80, 0x14, 0x40, 0x15, 0,
        0, 0, 0, 1, 0x77, 0, 0, 1, 0x77, 0, 5, 2, 0x11, 0x90, 6, 1, 2, 0, 0, 0, 0, 0, 0,
    ];
    sound.extend(atom(b"esds", &esds));
    let mut moov = track(1, 15_360, &atom(b"avc1", &picture));
    moov.extend(track(2, 48_000, &atom(b"mp4a", &sound)));
    let trex = |id: u32| {
        let body: Vec<u8> =
            [0, id, 1, 1024, 0, 0].iter().flat_map(|n: &u32| n.to_be_bytes()).collect();
        atom(b"trex", &body)
    };
    moov.extend(atom(b"mvex", &[trex(1), trex(2)].concat()));
    [atom(b"ftyp", b"iso5\0\0\x02\0iso5"), atom(b"moov", &moov)].concat()
}

pub fn fragment(plan: &Plan) -> Vec<u8> {
    let flags: u32 = if plan.key { 0x0200_0000 } else { 0x0101_0000 };
    let picture = if plan.each {
        let mut words = vec![0x701u32, 3, 0];
        words.extend([[1024, 9, flags], [1024, 9, 0x0101_0000], [1024, 9, 0x0101_0000]].concat());
        words
    } else {
        vec![0x5, 3, 0, flags]
    };
    let sound = vec![0x1u32, 9, 0];
    let sound_start = plan.start * 48_000 / 15_360;
    let mut moof = atom(b"mfhd", &[0, 0, 0, 0, 0, 0, 0, 1]);
    moof.extend(track_fragment(plan, 1, plan.start, &picture));
    moof.extend(track_fragment(plan, 2, sound_start, &sound));
    let payload: Vec<u8> = (0..=255u8).cycle().take(plan.payload).collect();
    [atom(b"moof", &moof), atom(b"mdat", &payload)].concat()
}

pub fn atom(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).expect("samples are small");
    [&size.to_be_bytes(), &kind[..], body].concat()
}

fn track(id: u32, timescale: u32, entry: &[u8]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>();
    let stsd = atom(b"stsd", &[&words(&[0, 1])[..], entry].concat());
    let mdhd = atom(b"mdhd", &words(&[0, 0, 0, timescale, 0, 0]));
    let mdia = [mdhd, atom(b"minf", &atom(b"stbl", &stsd))].concat();
    atom(b"trak", &[atom(b"tkhd", &words(&[0, 0, 0, id, 0])), atom(b"mdia", &mdia)].concat())
}

fn track_fragment(plan: &Plan, id: u32, start: u64, trun: &[u32]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>();
    let tfhd = atom(b"tfhd", &words(&[0x2_0028, id, 1024, 0x0101_0000]));
    let time = if plan.short_time {
        words(&[0, u32::try_from(start).expect("samples are early")])
    } else {
        [&[1, 0, 0, 0][..], &start.to_be_bytes()].concat()
    };
    atom(b"traf", &[tfhd, atom(b"tfdt", &time), atom(b"trun", &words(trun))].concat())
}
