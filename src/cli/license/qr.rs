//! A QR code in half blocks, two modules a character. Light modules are drawn, for terminals are dark.

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of quiet around the code that readers need.
const QUIET: i32 = 4;

/// # Errors
/// When the text is longer than a code holds.
pub fn draw(text: &str) -> Result<String, String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low);
    let code = code.map_err(|_| "the request is too long for a QR code".to_owned())?;
    let reach = -QUIET..code.size() + QUIET;
    let mut drawn = String::new();
    for y in reach.clone().step_by(2) {
        for x in reach.clone() {
            // Outside the code every module is light.
            let lower = y + 1 >= reach.end || code.get_module(x, y + 1);
            drawn.push(match (code.get_module(x, y), lower) {
                (false, false) => '█',
                (false, true) => '▀',
                (true, false) => '▄',
                (true, true) => ' ',
            });
        }
        drawn.push('\n');
    }
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_with_its_corners_and_fits_a_terminal() {
        let request = format!("-BEGIN ARCTOS REQUEST-{}-END ARCTOS REQUEST-", "A7".repeat(220));
        let drawn = draw(&request).unwrap();
        let lines: Vec<&str> = drawn.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{drawn}");
        // Four rows of quiet, then the upper left corner's mark.
        assert!(lines[0].chars().all(|c| c == '█') && lines[1].chars().all(|c| c == '█'));
        assert!(lines[2].starts_with("████ ▄▄▄▄▄ "), "{drawn}");
        assert!(draw(&"A".repeat(5000)).is_err());
    }
}
