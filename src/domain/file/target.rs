//! Where an object is. What may be a path is decided here, once.

/// A place in the store. The path begins with a slash, has no empty or dotted parts, and ends with a slash
/// when it is a folder's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub appid: u64,
    pub bucket: String,
    pub path: String,
}

/// Tencent's own limit is near it.
const PATH_BYTES_MAX: usize = 1024;
const BUCKET_BYTES_MAX: usize = 64;

impl Target {
    /// Reads `<appid>/<bucket>/<path>`, percent codes already decoded. Repeated slashes count as one:
    /// two SDKs write `bucket//name` when they are given no folder.
    pub fn parse(text: &str) -> Option<Self> {
        let (appid, rest) = text.split_once('/')?;
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let named = !bucket.is_empty() && bucket.len() <= BUCKET_BYTES_MAX;
        if !appid.bytes().all(|b| b.is_ascii_digit()) || !named || !bucket.bytes().all(plain) {
            return None;
        }
        let appid = appid.parse().ok()?;
        let path = tidy(path)?;
        Some(Self { appid, bucket: bucket.to_owned(), path })
    }

    /// Another path of the same bucket; one without a leading slash lies beside this one.
    pub fn beside(&self, path: &str) -> Option<Self> {
        let path = if path.starts_with('/') {
            tidy(path)?
        } else {
            let (folder, _) = self.path.rsplit_once('/')?;
            tidy(&format!("{folder}/{path}"))?
        };
        Some(Self { path, ..self.clone() })
    }

    pub fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }

    /// How the store knows it.
    pub(super) fn key(&self) -> String {
        format!("{}/{}{}", self.appid, self.bucket, self.path)
    }
}

fn tidy(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // U+FFFD is what a broken percent code was decoded to.
    let odd = |c: char| c.is_control() || c == '\u{FFFD}';
    if path.contains(odd) || parts.iter().any(|part| matches!(*part, "." | "..")) {
        return None;
    }
    let mut tidy = format!("/{}", parts.join("/"));
    if path.ends_with('/') && !parts.is_empty() {
        tidy.push('/');
    }
    (tidy.len() <= PATH_BYTES_MAX).then_some(tidy)
}
