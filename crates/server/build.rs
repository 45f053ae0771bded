//! Packs the API's description and its page: the program carries them as gzip only. And tells the linker to write the
//! program's relocations down in their short form (known to glibc since 2.36, which Debian 12 has): 0.4 MB less.

use std::env;
use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

const FILES: &[&str] = &["openapi.json", "index.html"];

fn main() -> Result<(), Box<dyn Error>> {
    let docs = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../docs/api");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for name in FILES {
        let file = docs.join(name);
        println!("cargo::rerun-if-changed={}", file.display());
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&fs::read(&file)?)?;
        fs::write(out.join(format!("{name}.gz")), packer.finish()?)?;
    }
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" && env::var("CARGO_CFG_TARGET_ENV")? == "gnu" {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    Ok(())
}
