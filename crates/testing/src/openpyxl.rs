//! Workbooks made by another library than ours: Debian's python3-openpyxl.

use std::process::{Command, Stdio};

/// Runs a Python script that fills `book`, an empty `openpyxl.Workbook` with its sheet `page`, and answers
/// the saved file; `None` with a message where openpyxl is not installed.
///
/// # Panics
/// When the script fails.
pub fn openpyxl(script: &str) -> Option<Vec<u8>> {
    // Debian's own Python: one first in the path may be another one, without its packages.
    let known = |python: &&str| {
        Command::new(python)
            .args(["-c", "import openpyxl"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let Some(python) = ["/usr/bin/python3", "python3"].into_iter().find(known) else {
        eprintln!("not run: python3-openpyxl is missing (`make packages` installs it)");
        return None;
    };
    let whole = format!(
        "import io, sys\nfrom openpyxl import Workbook\nbook = Workbook()\npage = book.active\n{script}\n\
         out = io.BytesIO()\nbook.save(out)\nsys.stdout.buffer.write(out.getvalue())\n"
    );
    let output = Command::new(python)
        .args(["-c", &whole])
        .output()
        .expect("python runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output.stdout)
}
