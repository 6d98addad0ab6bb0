//! A report from its draft to its reader.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::world::{DAILY, MONTHLY, on_both_at, place};

/// Tuesday, 1 December 2026, 10:00 in Guangzhou.
const FIRST: &str = "2026-12-01T02:00:00Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_written_checked_by_another_released_and_read() {
    on_both_at(FIRST, async |world| {
        world.figures.say("k01", 9_312, 10_000);
        let report = world.drafted(MONTHLY, "2026-11-15").await;
        let draft = world.read("analyst", &report).await;
        assert_eq!(draft["title"], "2026年11月热线运营月报");
        assert_eq!(draft["content"]["contract"], "HT-2026-001 热线客服外包");
        let first = place(&draft, "text");
        let text = draft["content"]["blocks"][first]["text"].as_str().unwrap();
        assert!(
            text.contains("呼叫接通率 93.12%") && !text.contains('{'),
            "{text}"
        );
        let kpi = &draft["content"]["blocks"][place(&draft, "kpis")]["rows"][0];
        assert_eq!(
            (&kpi["shown"], &kpi["counted"], &kpi["target_shown"]),
            (&json!("93.12%"), &json!("9312 ÷ 10000"), &json!("≥ 90.00%"))
        );
        assert_eq!(world.waits("analyst").await[0].0, "report_draft");
        // What is not out, the purchaser does not see.
        let list = world.read("purchaser", "/api/v1/reports").await;
        assert_eq!(list["items"], json!([]));
        assert_eq!(
            world
                .tries("purchaser", Method::GET, &report, json!({}))
                .await
                .0,
            404
        );

        // Its words are typed, its figures never; fresh figures leave the words.
        let notes = place(&draft, "notes");
        world
            .writes("analyst", &report, notes, "周一上午排队较长。")
            .await;
        let (_, refused) = world
            .writes("analyst", &report, place(&draft, "kpis"), "100%")
            .await;
        assert_eq!(refused["code"], "block_without_words");
        world.figures.say("k01", 9_400, 10_000);
        let fresh = world.step("analyst", &report, "refresh").await;
        assert_eq!(
            fresh["content"]["blocks"][notes]["text"],
            "周一上午排队较长。"
        );
        let text = fresh["content"]["blocks"][first]["text"].as_str().unwrap();
        assert!(
            text.contains("94.00%"),
            "words that nobody edited follow the figures: {text}"
        );

        // Nobody checks his own; the manager took the figures of nothing here.
        world.step("analyst", &report, "submit").await;
        assert_eq!(world.no("analyst", &report, "check").await, "forbidden");
        assert_eq!(
            world.no("analyst", &report, "refresh").await,
            "report_handed_in"
        );
        assert!(
            world
                .waits("quality")
                .await
                .iter()
                .any(|(kind, _)| *kind == "report_check")
        );
        world.step("quality", &report, "return").await;
        world
            .writes("manager", &report, notes, "周一上午排队较长，已加派。")
            .await;
        world.step("analyst", &report, "submit").await;
        assert_eq!(
            world.no("manager", &report, "check").await,
            "report_own_work"
        );
        assert_eq!(
            world.no("manager", &report, "release").await,
            "report_step_not_next"
        );
        world.step("quality", &report, "check").await;
        assert_eq!(world.waits("manager").await[0].0, "report_release");
        let out = world.step("manager", &report, "release").await;
        assert_eq!(
            (&out["state"], &out["intact"], &out["due_at"]),
            (&json!("released"), &json!(true), &json!(null))
        );
        assert_eq!(out["files"].as_array().unwrap().len(), 3);

        // The purchaser reads it and says so.
        let page = report.strip_prefix("/api/v1").unwrap().to_owned();
        assert_eq!(world.waits("purchaser").await, [("report_read", page)]);
        let seen = world.read("purchaser", &report).await;
        assert_eq!(
            (&seen["read"], &seen["may"], &seen["history"]),
            (&json!(false), &json!(["read"]), &json!([]))
        );
        world
            .post("purchaser", &format!("{report}/read"), json!({}))
            .await;
        let read = world
            .post("purchaser", &format!("{report}/read"), json!({}))
            .await;
        assert_eq!(read["readers"].as_array().unwrap().len(), 1);
        assert!(world.waits("purchaser").await.is_empty());
        let events: Vec<String> = world.read("analyst", &report).await["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["action"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(events.first().unwrap(), "drafted");
        assert_eq!(events.last().unwrap(), "read");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_drafts_each_report_once_and_says_when_one_is_late() {
    on_both_at("2026-11-30T08:00:00Z", async |world| {
        let drafts = async |kind: &str| {
            let list = world
                .read("analyst", &format!("/api/v1/reports?period={kind}"))
                .await;
            list["items"].as_array().unwrap().clone()
        };
        assert!(drafts("monthly").await.is_empty());
        // 09:00 on the first working day of December.
        world
            .app
            .clock
            .advance(Duration::from_hours(17) + Duration::from_mins(1));
        let until = async |kind: &str, count: usize| {
            for _ in 0..200 {
                if drafts(kind).await.len() == count {
                    return;
                }
                world.app.settle().await;
                std::thread::sleep(Duration::from_millis(25));
            }
            panic!("{kind}: {:?}", drafts(kind).await);
        };
        until("monthly", 1).await;
        until("daily", 1).await;
        let monthly = drafts("monthly").await[0].clone();
        assert_eq!(monthly["title"], "2026年11月热线运营月报");
        assert_eq!(
            drafts("daily").await[0]["title"],
            "2026年11月30日热线运行日报"
        );
        // By hand it is the same one.
        let by_hand = world.drafted(MONTHLY, "2026-11-02").await;
        assert!(by_hand.ends_with(monthly["id"].as_str().unwrap()));
        until("monthly", 1).await;
        // Its five working days pass.
        world.app.clock.advance(Duration::from_hours(24 * 8));
        for _ in 0..200 {
            if world.read("analyst", &by_hand).await["overdue"] == true {
                break;
            }
            world.app.settle().await;
            std::thread::sleep(Duration::from_millis(25));
        }
        assert_eq!(world.read("analyst", &by_hand).await["overdue"], true);
        let late = world
            .read("manager", "/api/v1/reports?overdue=true&period=monthly")
            .await;
        assert_eq!(late["items"][0]["id"], monthly["id"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_a_clear_no() {
    on_both_at(FIRST, async |world| {
        let reports = "/api/v1/reports";
        let ahead = json!({"template_id": MONTHLY, "day": "2027-01-01"});
        assert_eq!(world.refused("analyst", reports, ahead).await, "day_ahead");
        let nobody = json!({"template_id": uuid::Uuid::nil(), "day": "2026-11-01"});
        assert_eq!(world.refused("analyst", reports, nobody).await, "not_found");
        assert_eq!(
            world
                .refused(
                    "agent1",
                    reports,
                    json!({"template_id": DAILY, "day": "2026-11-30"})
                )
                .await,
            "forbidden"
        );
        // A month that runs is drafted, and not handed in.
        let early = world.drafted(MONTHLY, "2026-12-01").await;
        assert_eq!(
            world.no("analyst", &early, "submit").await,
            "report_period_open"
        );
        assert_eq!(
            world
                .refused(
                    "analyst",
                    &format!("{early}/correct"),
                    json!({"reason": "x"})
                )
                .await,
            "report_not_released"
        );
        // Who was second is told.
        let stale = json!({"version": 0, "note": "x"});
        assert_eq!(
            world
                .refused("analyst", &format!("{early}/submit"), stale)
                .await,
            "stale_version"
        );
        let (status, _) = world
            .tries(
                "analyst",
                Method::GET,
                "/api/v1/reports?since=abc",
                json!({}),
            )
            .await;
        assert_eq!(status, 400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_discarded_with_a_reason_and_its_period_drafted_anew() {
    on_both_at(FIRST, async |world| {
        world.figures.say("k01", 9_312, 10_000);
        let report = world.drafted(MONTHLY, "2026-11-15").await;
        let version = world.read("analyst", &report).await["version"].clone();
        let discard = format!("{report}/discard");
        let (status, _) = world
            .tries(
                "analyst",
                Method::POST,
                &discard,
                json!({"version": version}),
            )
            .await;
        assert_eq!(status, 422, "a reason is asked for");
        let gone = world.step("analyst", &report, "discard").await;
        assert_eq!(
            (&gone["state"], &gone["due_at"], &gone["may"]),
            (&json!("discarded"), &json!(null), &json!([]))
        );
        assert_eq!(
            gone["history"].as_array().unwrap().last().unwrap()["action"],
            "discarded"
        );
        assert_eq!(
            world.no("analyst", &report, "submit").await,
            "report_discarded"
        );
        assert!(world.waits("analyst").await.is_empty());

        // Its place is free: of the period, and of the version of a correction.
        let again = world.drafted(MONTHLY, "2026-11-15").await;
        assert_ne!(again, report);
        world.step("analyst", &again, "submit").await;
        assert_eq!(
            world.no("analyst", &again, "discard").await,
            "report_handed_in"
        );
        world.step("quality", &again, "check").await;
        world.step("manager", &again, "release").await;
        assert_eq!(
            world.no("analyst", &again, "discard").await,
            "report_frozen"
        );
        for _ in 0..2 {
            let correct = format!("{again}/correct");
            let new = world
                .post("analyst", &correct, json!({"reason": "漏记转接来电"}))
                .await;
            assert_eq!(new["revision"], 2);
            let new = format!("/api/v1/reports/{}", new["id"].as_str().unwrap());
            world.step("analyst", &new, "discard").await;
        }
    })
    .await;
}
