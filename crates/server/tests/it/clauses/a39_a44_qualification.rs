//! A-39 … A-44: what somebody proves before he is on post; a refusal says what is missing.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::cases::{on_both_at, path};
use crate::support::staff::{Office, missing};

const MONDAY: &str = "2026-10-12T02:00:00Z";

fn standing<'a>(file: &'a Value, item: &str) -> &'a Value {
    let all = file["findings"].as_array().unwrap();
    &all.iter().find(|one| one["item"] == item).unwrap()["standing"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_on_post_with_a_missing_item_and_the_list_says_which() {
    on_both_at(MONDAY, &[], async |server| {
        let office = Office::of(server).await;
        let candidate = office.candidate("新人", "1995-01-01").await;
        office.passes(&candidate, "2026-10-10").await;
        let leaves = server.sign_in("agent6").await;
        let leaves = office.file_of(&leaves).await;
        office.does(&office.manager, &leaves, "leave-post", json!({"reason": "调整"})).await;

        let (status, no) = office.tries(&office.manager, &candidate, "post", json!({"post_id": "Z6"})).await;
        assert_eq!((status, &no["code"]), (StatusCode::CONFLICT, &json!("staff_unqualified")), "{no}");
        let lacks = missing(&no);
        for item in ["clean_record", "experience", "education", "age", "health", "typing", "mandarin", "interview", "nda"] {
            assert!(lacks.contains(&item), "{item}: {lacks:?}");
        }
        assert!(no["way_out"].as_str().is_some() && no["help"].to_string().contains("hr_compliance"), "{no}");

        // One item after the other, to the border of each.
        office.proves(&candidate, json!({"item": "clean_record", "on": "2026-09-01"})).await;
        assert_eq!(*standing(&office.file(&candidate).await, "clean_record"), "ok");
        let work = |until: &str| json!({"item": "experience", "on": "2025-01-01", "until": until, "issuer": "别的热线"});
        office.proves(&candidate, work("2025-12-30")).await;
        let file = office.file(&candidate).await;
        let months = file["findings"].as_array().unwrap().iter().find(|one| one["item"] == "experience").unwrap().clone();
        assert_eq!((&months["standing"], &months["have"], &months["need"]), (&json!("below"), &json!(11), &json!(12)));
        office.proves(&candidate, work("2025-12-31")).await;
        assert_eq!(*standing(&office.file(&candidate).await, "experience"), "ok");
        let school = |level: &str| json!({"item": "education", "on": "2013-07-01", "level": level});
        office.proves(&candidate, school("junior_secondary")).await;
        assert_eq!(*standing(&office.file(&candidate).await, "education"), "below");
        office.proves(&candidate, school("secondary")).await;
        assert_eq!(*standing(&office.file(&candidate).await, "education"), "ok");
        let typed = |correct: i64| json!({"item": "typing", "on": "2026-10-10", "number": correct, "seconds": 180});
        office.proves(&candidate, typed(149)).await;
        assert_eq!(*standing(&office.file(&candidate).await, "typing"), "below", "49.7 a minute");
        office.proves(&candidate, typed(150)).await;
        assert_eq!(*standing(&office.file(&candidate).await, "typing"), "ok");
        office.proves(&candidate, json!({"item": "mandarin", "on": "2015-01-01", "level": "third_a"})).await;
        assert_eq!(*standing(&office.file(&candidate).await, "mandarin"), "below");

        office.proves_all(&candidate, ("2025-01-01", "2025-12-31")).await;
        assert_eq!(office.file(&candidate).await["missing"], json!([]));
        let on_post = office.does(&office.manager, &candidate, "post", json!({"post_id": "Z6"})).await;
        assert_eq!((&on_post["state"], &on_post["post_id"]), (&json!("on_post"), &json!("Z6")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_forty_one_needs_the_purchasers_recorded_waiver() {
    on_both_at(MONDAY, &[], async |server| {
        let office = Office::of(server).await;
        let leaves = server.sign_in("agent6").await;
        let leaves = office.file_of(&leaves).await;
        office
            .does(
                &office.manager,
                &leaves,
                "leave-post",
                json!({"reason": "调整"}),
            )
            .await;
        // 41 on this very day.
        let candidate = office.candidate("四十一", "1985-10-12").await;
        office
            .proves_all(&candidate, ("2024-01-01", "2026-06-30"))
            .await;
        office.passes(&candidate, "2026-10-10").await;
        let (_, no) = office
            .tries(
                &office.manager,
                &candidate,
                "post",
                json!({"post_id": "Z6"}),
            )
            .await;
        assert_eq!(
            (&no["code"], missing(&no)),
            (&json!("staff_unqualified"), vec!["age"]),
            "{no}"
        );

        let waivers = format!("{}/waivers", path("staff", &candidate));
        let waiver = json!({"item": "age", "reason": "经验丰富，同意录用", "until": "2027-10-11"});
        let (status, _) = office
            .manager
            .ask(reqwest::Method::POST, &waivers, Some(waiver.clone()))
            .await;
        assert_eq!(status, StatusCode::FORBIDDEN, "the supplier waives nothing");
        let file = office.purchaser.post(&waivers, waiver).await;
        assert_eq!(
            (&file["waivers"][0]["holds"], &file["waivers"][0]["reason"]),
            (&json!(true), &json!("经验丰富，同意录用"))
        );
        let on_post = office
            .does(
                &office.manager,
                &candidate,
                "post",
                json!({"post_id": "Z6"}),
            )
            .await;
        assert_eq!(on_post["state"], "on_post");
        // Taken back, he counts no more.
        let revoke = format!(
            "{waivers}/{}/revoke",
            on_post["waivers"][0]["id"].as_str().unwrap()
        );
        office.purchaser.post(&revoke, json!({})).await;
        assert_eq!(office.purchaser.get("/api/v1/staffing").await["counted"], 5);
    })
    .await;
}
