//! What a file is by its first bytes. What is not known for sure is bytes: nothing a browser would run.

/// Bytes looked at.
pub const HEAD: usize = 64;

/// Pictures, sound, video and PDF are named; everything else is `application/octet-stream`.
pub fn content_type(head: &[u8]) -> &'static str {
    let at = |offset: usize, magic: &[u8]| {
        head.get(offset..).is_some_and(|rest| rest.starts_with(magic))
    };
    if at(4, b"ftyp") {
        return boxed(head.get(8..12).unwrap_or_default());
    }
    if at(0, b"RIFF") {
        return match head.get(8..12) {
            Some(b"WEBP") => "image/webp",
            Some(b"WAVE") => "audio/wav",
            Some(b"AVI ") => "video/x-msvideo",
            _ => UNKNOWN,
        };
    }
    if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        let webm = head.windows(4).any(|word| word == b"webm");
        return if webm { "video/webm" } else { "video/x-matroska" };
    }
    let known = MAGICS.iter().find(|(magic, _)| at(0, magic));
    match known {
        Some((_, name)) => name,
        None if at(0, b"BM") && at(6, &[0; 4]) => "image/bmp",
        None if is_mpeg_audio(head) => "audio/mpeg",
        None => UNKNOWN,
    }
}

const UNKNOWN: &str = "application/octet-stream";

const MAGICS: [(&[u8], &str); 11] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
];

/// By the major brand of an ISO base media file.
fn boxed(brand: &[u8]) -> &'static str {
    match brand {
        b"M4A " | b"M4B " => "audio/mp4",
        b"qt  " => "video/quicktime",
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" | b"mif1" | b"msf1" => "image/heic",
        _ => "video/mp4",
    }
}

/// A frame header: eleven bits of sync, layer III, a bit rate and a sampling rate that exist.
fn is_mpeg_audio(head: &[u8]) -> bool {
    let [0xff, second, third, ..] = head else { return false };
    second & 0xe6 == 0xe2 && third & 0xf0 != 0xf0 && third & 0xf0 != 0 && third & 0x0c != 0x0c
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let check = |head: &[u8], expected| assert_eq!(content_type(head), expected, "{head:?}");
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png");
        check(b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg");
        check(b"RIFF\0\0\0\0WEBPVP8 ", "image/webp");
        check(b"RIFF\0\0\0\0ACON", UNKNOWN);
        check(b"\0\0\0\x20ftypisom\0\0\x02\0", "video/mp4");
        check(b"\0\0\0\x20ftypM4A ", "audio/mp4");
        check(b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm");
        check(b"%PDF-1.7\n", "application/pdf");
        check(b"\xff\xfb\x90\x64\0\0", "audio/mpeg");
        check(b"\xff\xfe<\0h\0t\0m\0l\0", UNKNOWN);
        check(b"<!DOCTYPE html>", UNKNOWN);
        check(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", UNKNOWN);
        check(b"GIF", UNKNOWN);
        check(b"BM\x36\x00\x0c\x00\0\0\0\0\x36", "image/bmp");
        check(b"BMW is a car maker", UNKNOWN);
        check(b"", UNKNOWN);
    }
}
