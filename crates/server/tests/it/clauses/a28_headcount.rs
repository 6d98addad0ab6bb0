//! six posts, one full-time person on each; a vacancy stands before the purchaser with its days.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::support::cases::{on_both_at, path};
use crate::support::staff::Office;

/// Wednesday before the national holiday of 2026.
const BEFORE_HOLIDAY: &str = "2026-09-30T02:00:00Z";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vacant_post_stands_before_the_purchaser_with_its_working_days() {
    on_both_at(BEFORE_HOLIDAY, &[], async |server| {
        let office = Office::of(server).await;
        let agent = server.sign_in("agent6").await;
        let full = office.purchaser.get("/api/v1/staffing").await;
        assert_eq!((&full["planned"], &full["held"], &full["counted"]), (&json!(6), &json!(6), &json!(6)), "{full}");

        let file = office.file_of(&agent).await;
        office.does(&office.manager, &file, "leave-post", json!({"reason": "离职"})).await;
        // The holiday is long, and one Saturday is worked.
        server.clock.advance(Duration::from_hours(12 * 24));
        let short = office.purchaser.get("/api/v1/staffing").await;
        assert_eq!((&short["on"], &short["held"]), (&json!("2026-10-12"), &json!(5)));
        let vacancy = &short["posts"][5]["vacancy"];
        assert_eq!(*vacancy, json!({"since": "2026-10-01", "calendar_days": 12, "working_days": 4}));
        // Both sides are told in the morning of a working day.
        office.purchaser
            .until("/api/v1/notices", Duration::from_secs(10), |notices| notices.to_string().contains("staffing_vacant"))
            .await;
        let days = office.purchaser.get("/api/v1/headcount?from=2026-09-30&to=2026-10-12").await;
        assert_eq!(days["short_working_days"], 4);

        // A person on another project is not full-time here.
        let candidate = office.candidate("兼职者", "1995-01-01").await;
        office.proves_all(&candidate, ("2024-01-01", "2026-06-30")).await;
        office.passes(&candidate, "2026-10-12").await;
        let at = path("staff", &candidate);
        let elsewhere = json!({"version": office.file(&candidate).await["version"], "other_project": "另一条热线"});
        office.hr.must(reqwest::Method::PATCH, &at, Some(elsewhere)).await;
        let (status, no) = office.tries(&office.manager, &candidate, "post", json!({"post_id": "Z6"})).await;
        assert_eq!((status, &no["code"]), (StatusCode::CONFLICT, &json!("staff_not_exclusive")), "{no}");
        let only_here = json!({"version": office.file(&candidate).await["version"], "other_project": ""});
        office.hr.must(reqwest::Method::PATCH, &at, Some(only_here)).await;
        let (status, no) = office.tries(&office.manager, &candidate, "post", json!({"post_id": "Z1"})).await;
        assert_eq!((status, &no["code"]), (StatusCode::CONFLICT, &json!("post_held")), "{no}");
        office.does(&office.manager, &candidate, "post", json!({"post_id": "Z6"})).await;
        assert_eq!(office.purchaser.get("/api/v1/staffing").await["counted"], 6);
    })
    .await;
}
