//! The pictures of FFmpeg's muxer `mpjpeg` (libavformat/mpjpeg.c): each one follows lines as of MIME, one of which tells its
//! length, and an empty one.

use super::JPEG_MAX;

/// The lines take a hundred bytes.
const HEAD_MAX: usize = 400;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Puts pictures together again.
#[derive(Debug, Default)]
pub struct Pictures(Vec<u8>);

/// That is no picture, or a larger one than anybody makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbage;

impl Pictures {
    /// Takes in what came; gives the newest picture that is whole now.
    ///
    /// # Errors
    /// When it came from something else.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Garbage> {
        self.0.extend_from_slice(bytes);
        let mut newest = None;
        loop {
            let head = &self.0[..self.0.len().min(HEAD_MAX)];
            let Some(head) = head.windows(HEAD_END.len()).position(|end| end == HEAD_END) else {
                return if head.len() < HEAD_MAX { Ok(newest) } else { Err(Garbage) };
            };
            let length = length(&self.0[..head]).ok_or(Garbage)?;
            let begin = head + HEAD_END.len();
            let Some(jpeg) = self.0.get(begin..begin + length) else { return Ok(newest) };
            newest = Some(jpeg.to_vec());
            self.0.drain(..begin + length);
        }
    }
}

fn length(head: &[u8]) -> Option<usize> {
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let told = lines.find_map(|line| line.strip_prefix("Content-length: "))?;
    told.parse().ok().filter(|length| *length as u64 <= JPEG_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = b"--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: 6\r\n\r\n\xff\xd8\r\n\r\n\r\n--ffmpeg\r\n\
        Content-type: image/jpeg\r\nContent-length: 3\r\n\r\ntwo\r\n--ffmpeg\r\n";

    #[test]
    fn pictures_are_whole_however_they_come() {
        assert_eq!(Pictures::default().push(TWO), Ok(Some(b"two".to_vec())));
        let mut pictures = Pictures::default();
        let one_by_one = TWO.iter().filter_map(|byte| pictures.push(&[*byte]).unwrap());
        assert_eq!(one_by_one.collect::<Vec<_>>(), [b"\xff\xd8\r\n\r\n".to_vec(), b"two".to_vec()]);
    }

    #[test]
    fn what_is_no_picture_is_refused_and_not_kept() {
        for wrong in [
            "a: b\r\n\r\n".to_owned(),
            "Content-length: -1\r\n\r\n".to_owned(),
            format!("Content-length: {}\r\n\r\n", JPEG_MAX + 1),
            "a".repeat(HEAD_MAX),
        ] {
            assert_eq!(Pictures::default().push(wrong.as_bytes()), Err(Garbage), "{wrong}");
        }
    }
}
