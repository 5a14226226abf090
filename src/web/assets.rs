//! The pages, styles and scripts that travel inside the binary. Knows no lesson: `/watch/<roomnum>` is one
//! page for every lesson, and the script asks `/media/<roomnum>/lesson.json` what to show.
//!
//! Names carry no version, so browsers ask each time and mostly hear 304: an update of the box never leaves
//! a page of one release with a script of another.

use std::sync::OnceLock;

use ring::digest::{SHA256, digest};

use crate::model::hex;

/// Everything comes from the box itself; hls.js gives the video element a `blob:` address.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; media-src 'self' blob:; \
    worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// A file of `/watch/assets/`, or the page itself.
pub struct Asset {
    pub name: &'static str,
    pub content_type: &'static str,
    pub cache_control: &'static str,
    pub bytes: &'static [u8],
    etag: OnceLock<String>,
}

impl Asset {
    /// Strong: a digest of the bytes, made when first asked for.
    pub fn etag(&self) -> &str {
        self.etag
            .get_or_init(|| format!("\"{}\"", hex(&digest(&SHA256, self.bytes).as_ref()[..16])))
    }
}

pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The page of `/watch/<roomnum>`.
pub const WATCH: &str = "watch.html";

/// The page of `/box/moderate/<roomnum>`.
pub const MODERATE: &str = "moderate.html";

static ASSETS: [Asset; 14] = [
    asset(WATCH, HTML, include_bytes!("assets/watch.html")),
    asset("watch.css", "text/css; charset=utf-8", include_bytes!("assets/watch.css")),
    asset("watch.js", JS, include_bytes!("assets/watch.js")),
    asset("player.js", JS, include_bytes!("assets/player.js")),
    asset("controls.js", JS, include_bytes!("assets/controls.js")),
    asset("joining.js", JS, include_bytes!("assets/joining.js")),
    asset("listen.js", JS, include_bytes!("assets/listen.js")),
    asset(MODERATE, HTML, include_bytes!("assets/moderate.html")),
    asset("moderate.css", "text/css; charset=utf-8", include_bytes!("assets/moderate.css")),
    asset("moderate.js", JS, include_bytes!("assets/moderate.js")),
    asset("words.js", JS, include_bytes!("assets/words.js")),
    asset("icon.svg", "image/svg+xml", include_bytes!("assets/icon.svg")),
    asset("hls.light.min.js", JS, include_bytes!("assets/hls.light.min.js")),
    asset("hls.js.LICENSE", "text/plain; charset=utf-8", include_bytes!("assets/hls.js.LICENSE")),
];

const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

const fn asset(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    Asset { name, content_type, cache_control: "no-cache", bytes, etag: OnceLock::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(asset: &Asset) -> &str {
        std::str::from_utf8(asset.bytes).unwrap()
    }

    #[test]
    fn what_a_page_or_script_names_is_embedded() {
        let mut named = 0;
        for asset in &ASSETS {
            if asset.name.starts_with("hls") {
                continue;
            }
            for part in text(asset).split("\"/watch/assets/").skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(find(name).is_some(), "{} names {name}", asset.name);
                named += 1;
            }
            for part in text(asset).split("from \"./").skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(find(name).is_some(), "{} imports {name}", asset.name);
                named += 1;
            }
        }
        assert!(named >= 6);
    }

    #[test]
    fn the_page_needs_nothing_that_its_policy_forbids() {
        for page in [WATCH, MODERATE].map(|name| text(find(name).unwrap())) {
            for forbidden in ["style=", "<style", "onclick=", "http://", "https://", "<script>"] {
                assert!(!page.contains(forbidden), "{forbidden}");
            }
        }
        let page = text(find(WATCH).unwrap());
        assert!(page.contains("<video id=\"lesson\""));
    }

    #[test]
    fn a_tag_is_strong_and_its_own() {
        let tags: std::collections::HashSet<_> = ASSETS.iter().map(Asset::etag).collect();
        assert_eq!(tags.len(), ASSETS.len());
        assert!(tags.iter().all(|tag| tag.len() == 34 && tag.starts_with('"')));
    }
}
