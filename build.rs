//! Keeps the binary small: packs the pages and scripts that it carries, which travel to browsers as they lie there.
//! Lists the boards: a file in `board/` is in the program without a word of code.

use std::path::PathBuf;
use std::{env, fs};

const ASSETS: &str = "src/web/assets";

#[allow(clippy::disallowed_methods)] // what cargo tells a build script comes by the environment
fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to build"));
    // A tenth of the program would be a table of addresses to move; this form of it is a thirtieth of that.
    // glibc reads it since 2.36. The box's own target links statically with another linker.
    if env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    for asset in files(ASSETS) {
        let plain = fs::read(&asset).expect("the assets lie in the repository");
        let name = asset.file_name().expect("a file has a name").display();
        // What others wrote travels as they wrote it.
        let is_ours = name.to_string().strip_suffix(".js").is_some_and(|name| !name.contains('.'));
        let plain = if is_ours { bare(plain) } else { plain };
        fs::write(out.join(format!("{name}.gz")), gzip(&plain)).expect("can be written");
    }
    let boards = miniz_oxide::deflate::compress_to_vec(boards().as_bytes(), 10);
    fs::write(out.join("boards"), boards).expect("can be written");
}

/// The files of a folder, in the order of their names. What comes or changes there is built in.
fn files(folder: &str) -> Vec<PathBuf> {
    println!("cargo:rerun-if-changed={folder}");
    let listed = fs::read_dir(folder).expect("the folder lies in the repository");
    let mut files: Vec<_> = listed.map(|entry| entry.expect("can be read").path()).collect();
    files.sort();
    files.iter().for_each(|file| println!("cargo:rerun-if-changed={}", file.display()));
    files
}

/// Name and text of each file `board/*.toml`, each ended by a NUL, without the lines that only a reader of the file reads.
fn boards() -> String {
    let row = |file: &PathBuf| {
        let text = fs::read_to_string(file).expect("was just listed");
        let text: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let name = file.file_stem().expect("has an extension, so it has a name");
        format!("{}\0{}\0", name.display(), text.join("\n"))
    };
    let mut files = files("board");
    files.retain(|file| file.extension().is_some_and(|kind| kind == "toml"));
    files.iter().map(row).collect()
}

/// A script without the lines that only its reader in the repository reads. A text of several lines would lose some of its own.
fn bare(script: Vec<u8>) -> Vec<u8> {
    let script = String::from_utf8(script).expect("scripts are UTF-8");
    let lines = script.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let is_whole =
        |line: &str| line.matches('`').count().is_multiple_of(2) && !line.ends_with('\\');
    lines.clone().for_each(|line| assert!(is_whole(line), "a text goes on after its line: {line}"));
    lines.flat_map(|line| [line, "\n"]).collect::<String>().into_bytes()
}

/// RFC 1952: ten bytes of header, the deflated text, its CRC and its length.
fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    packed.extend(miniz_oxide::deflate::compress_to_vec(plain, 10));
    packed.extend(crc32fast::hash(plain).to_le_bytes());
    packed.extend(u32::try_from(plain.len()).expect("a script, no film").to_le_bytes());
    packed
}
