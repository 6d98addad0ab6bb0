//! Whatever is done after its release, a report stays as it was released, byte by byte.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use testing::Kind;

use super::world::{MONTHLY, World, place};

/// What somebody tries.
#[derive(Debug, Clone, Copy)]
enum Try {
    Edit,
    Refresh,
    Submit,
    Check,
    Return,
    Release,
    Correct,
    Read,
    Figures(u16),
}

fn tries() -> impl Strategy<Value = Vec<(Try, usize)>> {
    let one = prop_oneof![
        Just(Try::Edit),
        Just(Try::Refresh),
        Just(Try::Submit),
        Just(Try::Check),
        Just(Try::Return),
        Just(Try::Release),
        Just(Try::Correct),
        Just(Try::Read),
        (0_u16..10_000).prop_map(Try::Figures),
    ];
    // Those who move a report on come as often as all others together.
    let on = prop_oneof![
        Just(Try::Submit),
        Just(Try::Check),
        Just(Try::Release),
        Just(Try::Correct)
    ];
    let either = prop_oneof![one, on];
    proptest::collection::vec((either, 0_usize..3), 1..40)
}

const PEOPLE: [&str; 4] = ["analyst", "quality", "manager", "purchaser"];

async fn does(world: &World, report: &str, what: Try, notes: usize) {
    let version = world.read("manager", report).await["version"].clone();
    let step = json!({"version": version, "note": "试"});
    for who in PEOPLE {
        let (method, path, body) = match what {
            Try::Edit => {
                let edit = json!({"version": version, "title": "改", "texts": [{"block": notes, "text": "改"}]});
                (axum::http::Method::PUT, report.to_owned(), edit)
            }
            Try::Correct => (
                axum::http::Method::POST,
                format!("{report}/correct"),
                json!({"reason": "更正"}),
            ),
            Try::Figures(value) => {
                world.figures.say("k01", value.into(), 10_000);
                return;
            }
            _ => {
                let verb = match what {
                    Try::Refresh => "refresh",
                    Try::Submit => "submit",
                    Try::Check => "check",
                    Try::Return => "return",
                    Try::Release => "release",
                    _ => "read",
                };
                (
                    axum::http::Method::POST,
                    format!("{report}/{verb}"),
                    step.clone(),
                )
            }
        };
        let (status, answer) = world.tries(who, method, &path, body).await;
        assert!(status < 500, "{who} {path}: {status} {answer}");
    }
}

async fn versions(world: &World, number: &str) -> Vec<String> {
    let list = world
        .read(
            "manager",
            &format!("/api/v1/reports?q={number}&per_page=200"),
        )
        .await;
    let all = list["items"].as_array().unwrap().iter();
    let mut all: Vec<(i64, String)> = all
        .map(|one| {
            (
                one["revision"].as_i64().unwrap(),
                format!("/api/v1/reports/{}", one["id"].as_str().unwrap()),
            )
        })
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(_, at)| at).collect()
}

fn frozen(shown: &Value) -> Value {
    json!([
        shown["content"],
        shown["sha256"],
        shown["audit_head"],
        shown["files"],
        shown["released_at"]
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_released_report_never_changes_whatever_is_done() {
    let mut runner = TestRunner::deterministic();
    for kind in Kind::all() {
        let world = Box::pin(World::new("2026-12-01T02:00:00Z", *kind)).await;
        for month in ["2026-09-01", "2026-10-01", "2026-11-01"] {
            let (first, out) = world.released(MONTHLY, month).await;
            let number = out["number"].as_str().unwrap().to_owned();
            let notes = place(&out, "notes");
            let mut kept = std::collections::BTreeMap::from([(first.clone(), frozen(&out))]);
            let (_, bytes) = world
                .file(&world.who("reviewer"), &format!("{first}/files/pdf"))
                .await;
            let plan = tries().new_tree(&mut runner).unwrap().current();
            for (what, at) in plan {
                let all = versions(&world, &number).await;
                let report = &all[at.min(all.len() - 1)];
                does(&world, report, what, notes).await;
                for report in versions(&world, &number).await {
                    let shown = world.read("manager", &report).await;
                    if shown["sha256"].is_null() {
                        continue;
                    }
                    assert_eq!(shown["intact"], true, "{what:?}");
                    let now = frozen(&shown);
                    let before = kept.entry(report).or_insert_with(|| now.clone());
                    assert_eq!(*before, now, "{what:?}");
                }
            }
            let (_, again) = world
                .file(&world.who("reviewer"), &format!("{first}/files/pdf"))
                .await;
            assert!(again == bytes, "the file is the one that was frozen");
        }
    }
}
