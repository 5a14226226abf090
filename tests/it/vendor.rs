//! The vendor of licences, with a key that a box on the board `sim` was told to trust.

use arctos_box::domain::licence::{self, FILE};
use arctos_box::model::Millis;
use arctos_box::model::licence::Licence;
use arctos_box::wire::licence::armour::{self, Label};
use arctos_box::wire::licence::key::{PrivateKey, PublicKey, SIGNATURE};
use arctos_box::wire::licence::{issue, paper::Request};

use crate::world::{START, World};

pub struct Vendor {
    key: PrivateKey,
    /// Whose key it says to have signed with.
    signs_as: Option<PublicKey>,
}

impl Vendor {
    pub fn new() -> Self {
        Self { key: PrivateKey::new(&[7; 32]), signs_as: None }
    }

    /// One whom the box does not know.
    pub fn other() -> Self {
        Self { key: PrivateKey::new(&[8; 32]), signs_as: None }
    }

    /// The configuration that makes a simulated box trust this vendor.
    pub fn trusted(&self) -> String {
        format!("license.test_keys=[\"{}\"]", self.key.public.text())
    }

    /// From now on its licences name the other's key, without the other's signature.
    pub fn pretend_to_be(&mut self, other: &Self) {
        self.signs_as = Some(other.key.public.clone());
    }

    /// A licence as below, put where the box looks for it.
    pub fn install(&self, world: &World, change: impl FnOnce(&mut Licence)) {
        world.put_licence(&self.text(world, change));
    }

    /// A licence for this box, two lessons, a year, ten days of grace, but for what `change` does to it.
    pub fn text(&self, world: &World, change: impl FnOnce(&mut Licence)) -> Vec<u8> {
        let asked = licence::request(world.app());
        let request = armour::open(Label::Request, asked.text.as_bytes()).unwrap();
        let mut licence = Licence {
            id: "L-1".into(),
            customer: "school".into(),
            rooms: 2,
            issued: START - Millis::days(30),
            not_before: START - Millis::days(30),
            expires: Some(START + Millis::days(335)),
            grace_days: 10,
            marks: Request::read(&request).unwrap().marks,
            minimum: 60,
            features: Vec::new(),
            key: String::new(),
        };
        change(&mut licence);
        let mut sealed = issue(&licence, &self.key);
        if let Some(other) = &self.signs_as {
            let json = String::from_utf8(sealed.split_off(SIGNATURE)).unwrap();
            let named = json.replace(&self.key.public.id, &other.id);
            sealed.extend(named.as_bytes());
        }
        armour::text(Label::Licence, &sealed).into_bytes()
    }
}

impl World {
    /// Any bytes in the licence's place.
    pub fn put_licence(&self, text: &[u8]) {
        std::fs::write(self.dir.path().join("license").join(FILE), text).unwrap();
    }

    pub fn licence(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("license").join(FILE)).unwrap()
    }

    pub fn take_licence(&self) {
        std::fs::remove_file(self.dir.path().join("license").join(FILE)).unwrap();
    }
}
