//! no subcontracting: who has his contract with somebody else is not on post and does not count.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::cases::on_both;
use crate::support::staff::{Office, SUPPLIER, missing};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_employed_by_somebody_else_does_not_count() {
    on_both(async |server| {
        let office = Office::of(server).await;
        let agent = server.sign_in("agent3").await;
        let file = office.file_of(&agent).await;
        // His latest contract is with an agency.
        office
            .proves(
                &file,
                json!({"item": "employer", "on": "2026-11-20", "issuer": "某劳务派遣公司"}),
            )
            .await;
        let staffing = office.purchaser.get("/api/v1/staffing").await;
        assert_eq!(
            (&staffing["held"], &staffing["counted"]),
            (&json!(6), &json!(5)),
            "{staffing}"
        );
        let holder = &staffing["posts"][2]["holder"];
        assert_eq!(
            (&holder["counts"], &holder["missing"][0]["have_level"]),
            (&json!(false), &json!("某劳务派遣公司"))
        );
        let (status, held) = agent
            .ask(
                Method::PUT,
                "/api/v1/agent-state",
                Some(json!({"state": "ready"})),
            )
            .await;
        assert_eq!(
            (status, &held["code"]),
            (StatusCode::CONFLICT, &json!("qualification_lapsed")),
            "{held}"
        );
        assert_eq!(missing(&held), ["employer"]);

        let off = json!({"reason": "合同主体不符"});
        office.does(&office.manager, &file, "leave-post", off).await;
        let (_, no) = office
            .tries(&office.manager, &file, "post", json!({"post_id": "Z3"}))
            .await;
        assert_eq!(
            (&no["code"], missing(&no)),
            (&json!("staff_unqualified"), vec!["employer"]),
            "{no}"
        );
        office
            .proves(
                &file,
                json!({"item": "employer", "on": "2026-11-23", "issuer": SUPPLIER}),
            )
            .await;
        office
            .does(&office.manager, &file, "post", json!({"post_id": "Z3"}))
            .await;
        assert_eq!(office.purchaser.get("/api/v1/staffing").await["counted"], 6);
    })
    .await;
}
