//! The folder of the console must be there before the crate is compiled, or a debug build, which reads the
//! files when asked, never finds them.

use std::path::Path;

fn main() {
    let bundle = Path::new("../../web/dist");
    std::fs::create_dir_all(bundle).expect("web/dist can be made");
    // Only a release carries the files inside.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rerun-if-changed={}", bundle.display());
    } else {
        println!("cargo::rerun-if-changed=build.rs");
    }
}
