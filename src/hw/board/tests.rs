//! What `board` promises.

use super::*;

#[test]
fn every_built_in_board_loads_under_its_own_name() {
    for (name, _) in BUILT_IN {
        assert_eq!(Board::load(name).unwrap().name, name);
    }
    assert!(Board::detect().unwrap().input("sim").is_some());
}

#[test]
fn a_key_that_nobody_reads_is_refused() {
    let text = format!("colour = 'red'\n{}", BUILT_IN[0].1);
    assert!(Board::parse(&text).unwrap_err().contains("colour"));
}

#[test]
fn a_board_that_is_not_there_is_named_with_those_that_are() {
    let error = Board::load("toaster").unwrap_err().to_string();
    assert!(error.contains("toaster") && error.contains("sim"), "{error}");
}

/// A board file with this input.
fn with_input(args: &[&str], filter: &str) -> Board {
    let mut board = Board::load("sim").unwrap();
    board.built_in = false;
    board.input[0].args = args.iter().map(ToString::to_string).collect();
    board.input[0].filter = Some(filter.into());
    board
}

#[test]
fn simulated_hardware_plays_what_is_generated_and_opens_nothing() {
    let generated = ["-re", "-f", "lavfi", "-i", "testsrc2", "-f", "lavfi", "-i", "sine"];
    assert!(Board::load("sim").unwrap().only_generates().is_ok());
    assert!(with_input(&generated, "drawtext=text=hello").only_generates().is_ok());
    for args in [
        &["-f", "v4l2", "-i", "/dev/video0"][..],
        &["-f", "alsa", "-i", "default"],
        &["-i", "/dev/video0"],
        &["-i", "film.mp4"],
        &["-f", "lavfi", "-i", "movie=/dev/video0:f=v4l2"],
        &["-f", "lavfi", "-i", "amovie=hw\\:0:f=alsa"],
        &["-f", "lavfi", "-i", "testsrc2", "-i", "/tmp/camera"],
        &["-f", "lavfi", "-graph_file", "graph.txt", "-i", ""],
        &["-f", "lavfi", "-/filter", "f.txt", "-i", "testsrc2"],
        &["-f", "s16le", "-i", "/dev/ttyS0"],
        &["-f"],
        &["-f", "lavfi", "-i"],
    ] {
        let refused = with_input(args, "null").only_generates().unwrap_err().to_string();
        assert!(refused.contains("input sim") && refused.contains("lavfi"), "{args:?}: {refused}");
    }
    assert!(with_input(&generated, "movie=x[m];[in][m]overlay").only_generates().is_err());
    for args in [&["-f", "v4l2", "/dev/video1"][..], &["-i", "x"], &["-filter_complex_script", "x"]]
    {
        let mut board = with_input(&generated, "null");
        board.encoder[0].args = args.iter().map(ToString::to_string).collect();
        assert!(board.only_generates().is_err(), "{args:?}");
    }
    assert!(Board::load("generic").unwrap().only_generates().is_err());
}
