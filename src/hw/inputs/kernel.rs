//! What V4L2 answers about a device: the kernel's own structures (include/uapi/linux/videodev2.h), and the one place
//! that asks with them. Nothing streams, and nothing is set but what comes in; what the answers mean, `v4l2` says.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io;
use rustix::ioctl::{self, Opcode, opcode};

/// An open video device.
pub struct Node(OwnedFd);

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Capability {
    pub driver: [u8; 16],
    pub card: [u8; 32],
    pub bus_info: [u8; 32],
    pub version: u32,
    pub capabilities: u32,
    pub device_caps: u32,
    pub reserved: [u32; 3],
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Description {
    pub index: u32,
    pub kind: u32,
    pub flags: u32,
    pub description: [u8; 32],
    pub fourcc: u32,
    pub mbus_code: u32,
    pub reserved: [u32; 3],
}

/// `v4l2_frmsizeenum`: `size` is width, height, or least, most and step of both.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct FrameSize {
    pub index: u32,
    pub fourcc: u32,
    pub kind: u32,
    pub size: [u32; 6],
    pub reserved: [u32; 2],
}

/// `v4l2_frmivalenum`: `interval` is a fraction of a second, or least, most and step of it.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct FrameInterval {
    pub index: u32,
    pub fourcc: u32,
    pub width: u32,
    pub height: u32,
    pub kind: u32,
    pub interval: [u32; 6],
    pub reserved: [u32; 2],
}

/// `v4l2_input`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Channel {
    pub index: u32,
    pub name: [u8; 32],
    pub kind: u32,
    pub audioset: u32,
    pub tuner: u32,
    pub standards: u64,
    pub status: u32,
    pub capabilities: u32,
    pub reserved: [u32; 3],
}

/// `v4l2_dv_timings`, whose union of packed words begins behind the kind: width, height, interlaced, polarities, the
/// pixel clock in two words, then porches and syncs.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Timings {
    pub kind: u32,
    pub words: [u32; 32],
}

const GROUP: u8 = b'V';
const QUERYCAP: Opcode = opcode::read::<Capability>(GROUP, 0);
const ENUM_FMT: Opcode = opcode::read_write::<Description>(GROUP, 2);
const ENUMINPUT: Opcode = opcode::read_write::<Channel>(GROUP, 26);
const G_INPUT: Opcode = opcode::read::<u32>(GROUP, 38);
const ENUM_FRAMESIZES: Opcode = opcode::read_write::<FrameSize>(GROUP, 74);
const ENUM_FRAMEINTERVALS: Opcode = opcode::read_write::<FrameInterval>(GROUP, 75);
const S_DV_TIMINGS: Opcode = opcode::read_write::<Timings>(GROUP, 87);
const QUERY_DV_TIMINGS: Opcode = opcode::read::<Timings>(GROUP, 99);

/// Structures of numbers alone, of exactly the length that their request's number says.
trait Plain: Copy + Default {}
impl Plain for Capability {}
impl Plain for Description {}
impl Plain for FrameSize {}
impl Plain for FrameInterval {}
impl Plain for Channel {}
impl Plain for Timings {}
impl Plain for u32 {}

impl Node {
    /// Never waits for a picture. Whether the driver answers at all is another matter: ask on a thread that may be
    /// given up.
    ///
    /// # Errors
    /// What the kernel says: gone, busy, not allowed.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty()).map(Self)
    }

    pub fn capability(&self) -> io::Result<Capability> {
        self.ask::<QUERYCAP, _>(Capability::default())
    }

    pub fn description(&self, kind: u32, index: u32) -> io::Result<Description> {
        self.ask::<ENUM_FMT, _>(Description { index, kind, ..Description::default() })
    }

    pub fn frame_size(&self, fourcc: u32, index: u32) -> io::Result<FrameSize> {
        self.ask::<ENUM_FRAMESIZES, _>(FrameSize { index, fourcc, ..FrameSize::default() })
    }

    pub fn frame_interval(
        &self,
        fourcc: u32,
        (width, height): (u32, u32),
        index: u32,
    ) -> io::Result<FrameInterval> {
        let asked = FrameInterval { index, fourcc, width, height, ..FrameInterval::default() };
        self.ask::<ENUM_FRAMEINTERVALS, _>(asked)
    }

    /// Number of the input that is switched on.
    pub fn current(&self) -> io::Result<u32> {
        self.ask::<G_INPUT, _>(0)
    }

    pub fn channel(&self, index: u32) -> io::Result<Channel> {
        self.ask::<ENUMINPUT, _>(Channel { index, ..Channel::default() })
    }

    /// What comes in at a digital input right now.
    pub fn timings(&self) -> io::Result<Timings> {
        self.ask::<QUERY_DV_TIMINGS, _>(Timings::default())
    }

    /// From now on it gives this.
    pub fn adopt(&self, timings: Timings) -> io::Result<Timings> {
        self.ask::<S_DV_TIMINGS, _>(timings)
    }

    #[allow(unsafe_code)] // the kernel's requests are told apart by number alone
    fn ask<const OPCODE: Opcode, T: Plain>(&self, mut asked: T) -> io::Result<T> {
        // SAFETY: each constant above is made of the structure that the kernel's header gives for it, and every caller
        // pairs them; the tests hold numbers and lengths against the header's. The kernel writes within the length
        // that is part of the number, and any bits are a value of a plain structure.
        unsafe { ioctl::ioctl(&self.0, ioctl::Updater::<OPCODE, T>::new(&mut asked))? };
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by a C program that includes linux/videodev2.h, for x86-64; ARM has the same.
    #[test]
    fn the_numbers_of_the_requests_are_those_of_the_kernels_header() {
        assert_eq!(QUERYCAP, 0x8068_5600);
        assert_eq!(ENUM_FMT, 0xc040_5602);
        assert_eq!(ENUMINPUT, 0xc050_561a);
        assert_eq!(G_INPUT, 0x8004_5626);
        assert_eq!(ENUM_FRAMESIZES, 0xc02c_564a);
        assert_eq!(ENUM_FRAMEINTERVALS, 0xc034_564b);
        assert_eq!(S_DV_TIMINGS, 0xc084_5657);
        assert_eq!(QUERY_DV_TIMINGS, 0x8084_5663);
    }

    #[test]
    fn the_fields_lie_where_the_kernel_writes_them() {
        assert_eq!(std::mem::offset_of!(Capability, device_caps), 88);
        assert_eq!(std::mem::offset_of!(Description, flags), 8);
        assert_eq!(std::mem::offset_of!(Description, fourcc), 44);
        assert_eq!(std::mem::offset_of!(FrameSize, size), 12);
        assert_eq!(std::mem::offset_of!(FrameInterval, interval), 20);
        assert_eq!(std::mem::offset_of!(Channel, status), 56);
        assert_eq!(std::mem::offset_of!(Timings, words), 4);
    }

    #[test]
    fn what_is_no_video_device_answers_nothing() {
        let node = Node::open(Path::new("/dev/null")).unwrap();
        assert_eq!(node.capability().err(), Some(io::Errno::NOTTY));
        assert!(Node::open(Path::new("/dev/no-such-video")).is_err());
    }
}
