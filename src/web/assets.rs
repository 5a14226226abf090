//! The pages, styles and scripts that travel inside the binary. Knows no lesson: `/watch/<roomnum>` is one
//! page for every lesson, and the script asks `/media/<roomnum>/lesson.json` what to show.
//!
//! Names carry no version, so browsers ask each time and mostly hear 304: an update of the box never leaves
//! a page of one release with a script of another.

use std::sync::OnceLock;

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response};
use ring::digest::{SHA256, digest};

use crate::http::Body;
use crate::http::range::{self, Content};
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
    /// gzip (RFC 1952), as `build.rs` has made it.
    packed: &'static [u8],
    etag: OnceLock<String>,
    /// One for everybody: a thousand slow readers hold no thousand copies.
    unpacked: OnceLock<Bytes>,
}

/// One form of a file.
struct Form {
    pub bytes: Bytes,
    pub etag: String,
    pub encoding: Option<&'static str>,
}

impl Asset {
    /// As it lies in the binary where the client understands that, else unpacked.
    fn form(&self, understands_gzip: bool) -> Form {
        if understands_gzip {
            let bytes = Bytes::from_static(self.packed);
            return Form { bytes, etag: self.etag().into(), encoding: Some("gzip") };
        }
        let etag = format!("{}-plain\"", self.etag().trim_end_matches('"'));
        Form { bytes: self.plain().clone(), etag, encoding: None }
    }

    fn plain(&self) -> &Bytes {
        self.unpacked.get_or_init(|| unpack(self.packed).into())
    }

    /// The file in the form that the client takes, under this policy.
    pub fn answer(
        &self,
        method: &Method,
        headers: &HeaderMap,
        policy: HeaderValue,
    ) -> Response<Body> {
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|h| h.to_str().ok());
        let form = self.form(accepted.is_some_and(|kinds| kinds.contains("gzip")));
        let content = Content {
            content_type: self.content_type,
            etag: Some(&form.etag),
            cache_control: self.cache_control,
        };
        let mut answer = range::serve_bytes(method, headers, content, &form.bytes);
        let headers = answer.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(encoding) = form.encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        answer
    }

    /// Strong: a digest of the bytes, made when first asked for.
    fn etag(&self) -> &str {
        self.etag
            .get_or_init(|| format!("\"{}\"", hex(&digest(&SHA256, self.packed).as_ref()[..16])))
    }
}

pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The page of `/watch/<roomnum>`.
pub const WATCH: &str = "watch.html";

/// The page of `/box/moderate/<roomnum>`.
pub const MODERATE: &str = "moderate.html";

macro_rules! asset {
    ($name:literal, $content_type:expr) => {
        Asset {
            name: $name,
            content_type: $content_type,
            cache_control: "no-cache",
            packed: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
            etag: OnceLock::new(),
            unpacked: OnceLock::new(),
        }
    };
}

static ASSETS: [Asset; 17] = [
    asset!("watch.html", HTML),
    asset!("watch.css", CSS),
    asset!("watch.js", JS),
    asset!("player.js", JS),
    asset!("slides.js", JS),
    asset!("socket.js", JS),
    asset!("controls.js", JS),
    asset!("joining.js", JS),
    asset!("listen.js", JS),
    asset!("mark.js", JS),
    asset!("moderate.html", HTML),
    asset!("moderate.css", CSS),
    asset!("moderate.js", JS),
    asset!("words.js", JS),
    asset!("icon.svg", "image/svg+xml"),
    asset!("hls.light.min.js", JS),
    asset!("hls.js.LICENSE", "text/plain; charset=utf-8"),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

fn unpack(gzip: &[u8]) -> Vec<u8> {
    let (head, tail) = (10, 8);
    let inner = gzip.get(head..gzip.len() - tail).unwrap_or_default();
    miniz_oxide::inflate::decompress_to_vec(inner).expect("build.rs packed it for this binary")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(asset: &Asset) -> &str {
        std::str::from_utf8(asset.plain()).unwrap()
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
    fn a_packed_script_unpacks_to_the_one_in_the_repository() {
        let asset = find("hls.light.min.js").unwrap();
        let plain = asset.form(false);
        assert_eq!(plain.bytes, &include_bytes!("assets/hls.light.min.js")[..]);
        let packed = asset.form(true);
        assert_eq!(packed.encoding, Some("gzip"));
        assert!(packed.bytes.len() * 3 < plain.bytes.len() && packed.etag != plain.etag);
    }

    #[test]
    fn a_tag_is_strong_and_its_own() {
        let tags: std::collections::HashSet<_> = ASSETS.iter().map(Asset::etag).collect();
        assert_eq!(tags.len(), ASSETS.len());
        assert!(tags.iter().all(|tag| tag.len() == 34 && tag.starts_with('"')));
    }
}
