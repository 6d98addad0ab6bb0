//! each side names who speaks for it, with substitutes and from when until when; two first contacts of a side
//! on one day are refused, and a day without one is shown.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::{on_both_at, path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_side_has_one_first_contact_on_a_day() {
    on_both_at("2026-09-18T02:00:00Z", &[], async |server| {
        let manager = server.sign_in("manager").await;
        let purchaser = server.sign_in("purchaser").await;
        let (liaison, lead) = (
            server.sign_in("liaison").await,
            server.sign_in("lead").await,
        );
        let at = "/api/v1/liaisons";
        let board = purchaser.get(at).await;
        assert_eq!(board["uncovered"], json!(["supplier", "purchaser"]));

        let new = |who, standing: &str, from: &str, until: Option<&str>| {
            json!({"user_id": who, "standing": standing, "from_day": from, "until_day": until,
                "phone": "020-12345678", "ways": ["phone", "console"]})
        };
        let (one, two) = (liaison.own_id().await, lead.own_id().await);
        let (status, _) = liaison
            .ask(
                Method::POST,
                at,
                Some(new(one.clone(), "primary", "2026-09-18", None)),
            )
            .await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        manager
            .post(
                at,
                new(one.clone(), "primary", "2026-09-18", Some("2026-09-30")),
            )
            .await;
        manager
            .post(at, new(two.clone(), "substitute", "2026-09-18", None))
            .await;
        let overlapping = new(two.clone(), "primary", "2026-09-30", None);
        let (status, no) = manager.ask(Method::POST, at, Some(overlapping)).await;
        assert_eq!(
            (status, &no["code"]),
            (StatusCode::CONFLICT, &json!("liaison_primary_overlaps"))
        );
        assert_eq!(no["until_day"], "2026-09-30");
        manager
            .post(at, new(two, "primary", "2026-10-02", None))
            .await;
        purchaser
            .post(
                at,
                new(purchaser.own_id().await, "primary", "2026-09-18", None),
            )
            .await;

        // The first of October has nobody of the supplier, which both see.
        for (day, uncovered) in [
            ("2026-09-30", json!([])),
            ("2026-10-01", json!(["supplier"])),
            ("2026-10-02", json!([])),
        ] {
            let board = purchaser.get(&format!("{at}?day={day}")).await;
            assert_eq!(board["uncovered"], uncovered, "{day}");
        }
        purchaser
            .until(
                "/api/v1/notices",
                std::time::Duration::from_secs(5),
                |all| all.to_string().contains("liaison_person_named"),
            )
            .await;
        // A term that is shortened makes room; what is past does not change.
        let board = manager.get(&format!("{at}?day=2026-10-02")).await;
        let last = board["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["from_day"] == "2026-10-02")
            .unwrap();
        let end = json!({"version": last["version"], "until_day": "2026-10-31"});
        manager
            .post(&format!("{}/end", path("liaisons", last)), end)
            .await;
        manager
            .post(at, new(one, "primary", "2026-11-01", None))
            .await;
    })
    .await;
}
