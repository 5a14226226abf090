//! Keeps the binary small: packs the one large script it carries, which travels to browsers as it lies there.
//! Lists the boards: a file in `board/` is in the program without a word of code.

use std::path::{Path, PathBuf};
use std::{env, fs};

const SCRIPT: &str = "src/web/assets/hls.light.min.js";

#[allow(clippy::disallowed_methods)] // what cargo tells a build script comes by the environment
fn main() {
    println!("cargo:rerun-if-changed={SCRIPT}");
    let plain = fs::read(SCRIPT).expect("the script lies in the repository");
    let out = env::var_os("OUT_DIR").expect("cargo says where to build");
    // A tenth of the program would be a table of addresses to move; this form of it is a thirtieth of that.
    // glibc reads it since 2.36. The box's own target links statically with another linker.
    if env::var("TARGET").is_ok_and(|target| target == "x86_64-unknown-linux-gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    fs::write(Path::new(&out).join("hls.light.min.js.gz"), gzip(&plain)).expect("can be written");
    fs::write(Path::new(&out).join("boards.rs"), boards()).expect("can be written");
}

/// Name and text of each file `board/*.toml`, in the order of their names.
fn boards() -> String {
    println!("cargo:rerun-if-changed=board");
    let folder = fs::read_dir("board").expect("the boards lie in the repository");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("can be read").path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "toml"));
    files.sort();
    let row = |file: &PathBuf| {
        println!("cargo:rerun-if-changed={}", file.display());
        let path = file.canonicalize().expect("was just listed");
        let name = file.file_stem().expect("has an extension, so it has a name");
        format!("({name:?}, include_str!({path:?})),")
    };
    format!("&[{}]", files.iter().map(row).collect::<String>())
}

/// RFC 1952: ten bytes of header, the deflated text, its CRC and its length.
fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    packed.extend(miniz_oxide::deflate::compress_to_vec(plain, 10));
    packed.extend(crc32fast::hash(plain).to_le_bytes());
    packed.extend(u32::try_from(plain.len()).expect("a script, no film").to_le_bytes());
    packed
}
