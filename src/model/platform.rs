//! The kinds of device that document 002 tells apart.

/// A number from 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform(u8);

impl Platform {
    /// 1 to 7 have names; the original also takes 8 and has none for it (facts.md, "Limits enforced").
    pub const ALL: [Self; 8] =
        [Self(1), Self(2), Self(3), Self(4), Self(5), Self(6), Self(7), Self(8)];

    pub fn new(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|p| i64::from(p.0) == number)
    }

    /// As claims and answers spell it; empty for 8.
    pub const fn name(self) -> &'static str {
        match self.0 {
            1 => "IOS",
            2 => "Android",
            3 => "Windows",
            4 => "OSX",
            5 => "Web",
            6 => "MiniWeb",
            7 => "Linux",
            _ => "",
        }
    }
}
