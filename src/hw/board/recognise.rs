//! Which board a machine says that it is: by its device tree, else by its DMI.

use std::fs;
use std::path::Path;

use serde::Deserialize;

/// How a board is recognised. One without a word here is only ever named by the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognise {
    /// Words of `compatible` of the device tree's root.
    #[serde(default)]
    pub compatible: Vec<String>,
    /// Product names of the DMI.
    #[serde(default)]
    pub product: Vec<String>,
}

/// Names that a machine gives itself, the most exact first.
pub struct Machine {
    names: Vec<(Kind, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Compatible,
    Product,
}

impl Machine {
    pub fn read(root: &Path) -> Self {
        let text = |path: &str| fs::read(root.join(path)).unwrap_or_default();
        let mut names = Vec::new();
        for word in text("proc/device-tree/compatible").split(|byte| *byte == 0) {
            names.push((Kind::Compatible, String::from_utf8_lossy(word).trim().to_owned()));
        }
        let product = text("sys/class/dmi/id/product_name");
        names.push((Kind::Product, String::from_utf8_lossy(&product).trim().to_owned()));
        names.retain(|(_, name)| !name.is_empty());
        Self { names }
    }

    /// How far down its names the first is that the board knows; a smaller rank is a better match.
    pub fn rank(&self, board: &Recognise) -> Option<usize> {
        let knows = |(kind, name): &(Kind, String)| match kind {
            Kind::Compatible => board.compatible.contains(name),
            Kind::Product => board.product.contains(name),
        };
        self.names.iter().position(knows)
    }
}
