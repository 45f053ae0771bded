//! Packs the API's description and its page: the program carries them as gzip only.

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
    Ok(())
}
