//! `shoujie plan` from outside: what it writes, what it prints, and what it refuses.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::process::Command;

/// A file beside the project; `None`, with a message, where it is missing.
fn shared(path: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(path);
    if !file.is_file() {
        eprintln!("skipped: {} is missing", file.display());
        return None;
    }
    Some(file)
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shoujie"));
    command
        .arg("plan")
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn said(arguments: &[&str]) -> Output {
    command(arguments).output().await.unwrap()
}

async fn json(arguments: &[&str]) -> Value {
    let output = said(arguments).await;
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A command that must fail without a panic; gives its complaint.
async fn refused(arguments: &[&str]) -> String {
    let output = said(arguments).await;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    assert!(!complaint.contains("panicked"), "{complaint}");
    complaint
}

#[tokio::test]
async fn a_roster_is_written_as_the_instance_names_it() {
    let Some(instance) = shared("benchmarks/curtois-qu-2014/Instance1.txt") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("roster.json");
    let (instance, file) = (instance.to_str().unwrap(), out.to_str().unwrap());
    let arguments = [
        "solve",
        instance,
        "--seconds",
        "2",
        "--seed",
        "3",
        "--threads",
        "2",
        "--out",
        file,
    ];
    let output = said(&arguments).await;
    assert!(output.status.success(), "{output:?}");
    let progress = String::from_utf8_lossy(&output.stderr);
    assert!(progress.contains("objective"), "{progress}");

    let written: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    let roster = written["roster"].as_object().unwrap();
    assert_eq!(roster.len(), 8);
    for name in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        let line = roster[name].as_array().unwrap();
        assert_eq!(line.len(), 14);
        assert!(
            line.iter().all(|cell| *cell == "" || *cell == "D"),
            "{line:?}"
        );
    }
    // The day that A must be off, and the optimum, which two seconds find.
    assert_eq!(roster["A"][0], "");
    assert!(written["objective"].as_u64().unwrap() <= 620, "{written}");
    assert_eq!(
        written.as_object().unwrap().len(),
        2,
        "nothing but objective and roster"
    );
}

#[tokio::test]
async fn who_is_interrupted_writes_the_best_so_far() {
    let Some(instance) = shared("benchmarks/curtois-qu-2014/Instance2.txt") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("roster.json");
    let arguments = [
        "solve",
        instance.to_str().unwrap(),
        "--seconds",
        "600",
        "--out",
        out.to_str().unwrap(),
    ];
    let mut search = command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
    // The first progress tells that there is a roster.
    let mut lines =
        tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(search.stderr.take().unwrap()));
    assert!(lines.next_line().await.unwrap().is_some());
    let id = search.id().unwrap().to_string();
    let interrupt = Command::new("kill")
        .args(["-INT", &id])
        .status()
        .await
        .unwrap();
    assert!(interrupt.success());
    while let Ok(Some(_)) = lines.next_line().await {}
    assert!(search.wait().await.unwrap().success());
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!(written["roster"].as_object().unwrap().len(), 14);
}

#[tokio::test]
async fn what_cannot_be_solved_is_told_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (instance, out) = (path("instance.txt"), path("roster.json"));
    let complaint = refused(&["solve", &instance, "--seconds", "1"]).await;
    assert!(complaint.contains("cannot be read"), "{complaint}");

    std::fs::write(&instance, "SECTION_HORIZON\n14\nSECTION_SHIFTS\nD,x,\n").unwrap();
    let complaint = refused(&["solve", &instance, "--seconds", "1", "--out", &out]).await;
    assert!(complaint.contains("line 4"), "{complaint}");

    // 14 days of 8 hours are asked of somebody who may work 5 days in a row.
    let impossible =
        "SECTION_HORIZON\n14\nSECTION_SHIFTS\nD,480,\nSECTION_STAFF\nanna,D=14,6720,6720,5,2,2,2\n";
    std::fs::write(&instance, impossible).unwrap();
    let complaint = refused(&["solve", &instance, "--seconds", "1", "--out", &out]).await;
    assert!(complaint.contains("anna"), "{complaint}");
    assert!(!Path::new(&out).exists());

    let possible =
        "SECTION_HORIZON\n14\nSECTION_SHIFTS\nD,480,\nSECTION_STAFF\nanna,D=14,6720,0,5,2,2,2\n";
    std::fs::write(&instance, possible).unwrap();
    let nowhere = path("no/such/folder/roster.json");
    let complaint = refused(&["solve", &instance, "--seconds", "30", "--out", &nowhere]).await;
    assert!(complaint.contains("cannot be written"), "{complaint}");
    let complaint = refused(&["solve", &instance, "--threads", "0"]).await;
    assert!(complaint.contains("--threads"), "{complaint}");
}

#[tokio::test]
async fn a_forecast_has_a_row_for_each_bin_that_will_be_open() {
    use std::fmt::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let (csv, out) = (
        folder.path().join("calls.csv"),
        folder.path().join("ahead.csv"),
    );
    let mut text = String::from("start,calls\n");
    // Twelve weeks of working days, 09:00 to 11:00; Mondays bring more.
    let first = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    for date in first.iter_days().take(84) {
        let day = (date - first).num_days();
        if day % 7 < 5 {
            for quarter in 0..8 {
                let calls = if day % 7 == 0 { 12 } else { 8 } + (day * 5 + quarter * 3) % 4;
                let (hour, minute) = (9 + quarter / 4, quarter % 4 * 15);
                writeln!(text, "{date} {hour:02}:{minute:02},{calls}").unwrap();
            }
        }
    }
    std::fs::write(&csv, text).unwrap();
    let (csv, file) = (csv.to_str().unwrap(), out.to_str().unwrap());
    let arguments = [
        "forecast",
        csv,
        "--bin",
        "30m",
        "--horizon",
        "14d",
        "--out",
        file,
    ];
    let output = said(&arguments).await;
    assert!(output.status.success(), "{output:?}");
    let naive = String::from_utf8_lossy(&output.stderr);
    assert!(
        naive.contains("model: ") && naive.contains("last week: "),
        "{naive}"
    );
    let written = std::fs::read_to_string(&out).unwrap();
    let mut rows = written.lines();
    assert_eq!(rows.next(), Some("start,mean,low90,high90"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 10 * 4, "{written}");
    assert_eq!(rows[0][0], "2026-05-25 09:00");
    for row in &rows {
        let value = |at: usize| row[at].parse::<f64>().unwrap();
        assert!(value(2) <= value(1) && value(1) <= value(3), "{row:?}");
    }
    let mean = |row: usize| rows[row][1].parse::<f64>().unwrap();
    assert!((mean(0) - 27.0).abs() < 3.0, "{written}");
    assert!((mean(4) - 19.0).abs() < 3.0, "{written}");

    let complaint = refused(&["forecast", csv, "--bin", "5m"]).await;
    assert!(complaint.contains("15 minutes apart"), "{complaint}");
    let complaint = refused(&["forecast", csv, "--bin", "45s"]).await;
    assert!(complaint.contains("whole minutes"), "{complaint}");
    std::fs::write(&out, "start,calls\n2026-03-02 09:00,-3\n").unwrap();
    let complaint = refused(&["forecast", file]).await;
    assert!(complaint.contains("line 2"), "{complaint}");
    std::fs::write(&out, "start,calls\n2026-03-02 09:00,3\n").unwrap();
    let complaint = refused(&["forecast", file]).await;
    assert!(complaint.contains("ten open days"), "{complaint}");
}

#[tokio::test]
async fn staff_is_as_the_fixtures_have_it() {
    if let Some(fixtures) = shared("fixtures/erlang_c_vectors.json") {
        let text = std::fs::read_to_string(fixtures).unwrap();
        let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
        for vector in vectors {
            let figure = |name: &str| vector[name].to_string();
            let answer = json(&[
                "staff",
                "--calls",
                &figure("calls_per_30min"),
                "--aht",
                &figure("aht_s"),
                "--agents",
                &figure("agents"),
                "--service-level",
                "0.8/15s",
            ])
            .await;
            assert_eq!(answer["model"], "erlang_c");
            let near = |found: &str, name: &str, digits: f64| {
                let (found, named) = (answer[found].as_f64(), vector[name].as_f64());
                let off = found.unwrap() - named.unwrap();
                assert!(off.abs() <= digits, "{name}: {answer} beside {vector}");
            };
            near("wait_probability", "pw", 1e-6);
            near("asa", "asa", 1e-3);
            near("service_level", "sl15", 1e-6);
            near("occupancy", "occ", 1e-6);
        }
    }
    let asked = [
        "staff",
        "--calls",
        "40",
        "--interval",
        "30m",
        "--aht",
        "240",
        "--patience",
        "90",
        "--service-level",
        "0.8/20s",
        "--abandon",
        "0.05",
    ];
    let answer = json(&asked).await;
    assert_eq!(answer["model"], "erlang_a");
    assert!(answer["service_level"].as_f64().unwrap() >= 0.8, "{answer}");
    assert!(answer["abandoned"].as_f64().unwrap() <= 0.05, "{answer}");

    for (changed, complaint) in [
        (["--calls", "-1"], "--calls"),
        (["--calls", "NaN"], "--calls"),
        (["--aht", "0"], "--aht"),
        (["--service-level", "1.5/20s"], "--service-level"),
        (["--abandon", "2"], "--abandon"),
        (["--calls", "900000000"], "no number of agents"),
    ] {
        let at = asked.iter().position(|word| *word == changed[0]).unwrap();
        let mut arguments = asked.to_vec();
        arguments[at + 1] = changed[1];
        let said = refused(&arguments).await;
        assert!(said.contains(complaint), "{changed:?}: {said}");
    }
}

#[tokio::test]
async fn a_day_is_tried_out_interval_by_interval() {
    let asked = [
        "simulate",
        "--calls",
        "20,60,20",
        "--agents",
        "5,6,5",
        "--aht",
        "4m",
        "--wrap-up",
        "30",
        "--patience",
        "2m",
        "--days",
        "20",
    ];
    let answer = json(&asked).await;
    assert_eq!(answer, json(&asked).await);
    let intervals = answer["intervals"].as_array().unwrap();
    assert_eq!(intervals.len(), 3);
    let level = |at: usize| intervals[at]["service_level"].as_f64().unwrap();
    assert!(level(1) < level(0), "{answer}");
    for name in [
        "service_level",
        "abandoned",
        "occupancy",
        "asa",
        "longest_wait",
    ] {
        assert!(answer["total"][name].is_number(), "{answer}");
    }
    let complaint = refused(&[
        "simulate", "--calls", "20,60", "--agents", "5,6,5", "--aht", "240",
    ])
    .await;
    assert!(complaint.contains("2 intervals"), "{complaint}");
}
