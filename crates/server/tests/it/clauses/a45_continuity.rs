//! a plan for each scenario with owner, contact tree and drills; what to do now on one page; what was taken on
//! paper is entered later.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::on_both_at;

fn scenario<'a>(board: &'a Value, code: &str) -> &'a Value {
    let mut all = board["scenarios"].as_array().unwrap().iter();
    all.find(|one| one["scenario"] == code).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_scenario_has_owner_contact_tree_and_half_yearly_drills() {
    on_both_at("2026-02-13T02:00:00Z", &[], async |server| {
        let lead = server.sign_in("lead").await;
        let agent = server.sign_in("agent1").await;
        let owner = lead.own_id().await;
        let plans = "/api/v1/continuity/plans";
        let new = |contacts: Value, role: &str| {
            json!({"scenario": "power_outage", "title": "断电应急预案", "owner_id": owner, "rto_minutes": 30,
                "roles": [{"name": "总指挥", "user_id": owner, "duty": "统筹"}, {"name": "登记", "user_id": null, "duty": "手工登记"}],
                "steps": [{"role": "总指挥", "what": "启用备用电源", "within_minutes": 5},
                    {"role": role, "what": "发放手工登记表", "within_minutes": 10}],
                "contacts": contacts})
        };
        let tree = json!([{"name": "班长", "phone": "020-1", "called_by": null}, {"name": "物业", "phone": "020-2", "called_by": "班长"}]);
        let cut = json!([{"name": "班长", "phone": "020-1", "called_by": "物业"}, {"name": "物业", "phone": "020-2", "called_by": "班长"}]);
        assert_eq!(agent.ask(Method::POST, plans, Some(new(tree.clone(), "登记"))).await.0, StatusCode::FORBIDDEN);
        assert_eq!(lead.refused(Method::POST, plans, new(cut, "登记")).await.1, "plan_contact_tree", "nobody calls the first");
        assert_eq!(lead.refused(Method::POST, plans, new(tree.clone(), "无人")).await.1, "plan_role_unknown");
        let plan = lead.post(plans, new(tree.clone(), "登记")).await;
        assert_eq!(lead.refused(Method::POST, plans, new(tree, "登记")).await.1, "plan_exists");
        let stand_by = json!({"user_id": agent.own_id().await, "from_day": "2026-02-13", "until_day": "2026-02-20", "phone": "020-3"});
        lead.post("/api/v1/continuity/standbys", stand_by).await;

        // What to do now: one request.
        let board = agent.get("/api/v1/continuity").await;
        assert_eq!(board["scenarios"].as_array().unwrap().len(), 9, "those without a plan are shown too");
        let now = scenario(&board, "power_outage");
        assert_eq!((&now["steps"][0]["what"], &now["owner"]["id"]), (&json!("启用备用电源"), &owner));
        assert_eq!((&now["next_drill_on"], &now["drill_overdue"]), (&json!("2026-08-13"), &json!(false)));
        assert_eq!(board["standbys"][0]["now"], true);

        // Nobody drills it for half a year: it is owed, and told.
        server.clock.advance(Duration::from_hours(185 * 24));
        // Nobody stays signed in for so long.
        let lead = server.sign_in("lead").await;
        let purchaser = server.sign_in("purchaser").await;
        let board = lead.until("/api/v1/continuity", Duration::from_secs(5), |board| {
            scenario(board, "power_outage")["drill_overdue"] == true
        });
        assert_eq!(board.await["standbys"], json!([]), "whose days are over stands by no more");
        purchaser.until("/api/v1/notices", Duration::from_secs(10), |all| all.to_string().contains("drill_due")).await;
        let doors = format!("{plans}/{}/drills", plan["id"].as_str().unwrap());
        let mut drill = json!({"held_on": "2026-08-15", "participants": "全体座席", "findings": "备用电源 12 分钟后启用", "passed": false});
        assert_eq!(lead.refused(Method::POST, &doors, drill.clone()).await.1, "text_missing");
        drill["improvements"] = json!("每月检查备用电源");
        let drilled = lead.post(&doors, drill).await;
        assert_eq!((&drilled["drills"][0]["n"], &drilled["next_drill_on"]), (&json!(1), &json!("2027-02-15")));
        let board = purchaser.get("/api/v1/continuity").await;
        assert_eq!(scenario(&board, "power_outage")["last_drill_on"], "2026-08-15");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_on_paper_is_entered_line_by_line() {
    on_both_at("2026-09-18T02:00:00Z", &[], async |server| {
        let (agent, purchaser) = (
            server.sign_in("agent1").await,
            server.sign_in("purchaser").await,
        );
        let sheets = "/api/v1/continuity/sheets";
        assert_eq!(
            purchaser
                .ask(Method::POST, sheets, Some(json!({"sheets": 2})))
                .await
                .0,
            StatusCode::FORBIDDEN
        );
        let made = agent.post(sheets, json!({"sheets": 2})).await;
        let sheet = made["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["number"] == "ZB-20260918-001")
            .unwrap()
            .clone();
        let at = format!("{sheets}/{}", sheet["id"].as_str().unwrap());
        let form = agent.send(Method::GET, &format!("{at}/form"), None).await;
        let form = form.text().await.unwrap();
        assert!(
            form.contains("ZB-20260918-001") && form.contains("诉求内容"),
            "{form}"
        );

        let contact = "00000000-0000-7000-8000-0000000000aa";
        let entry = |line: i32, contact: &str| json!({"line": line, "contact_id": contact});
        let entries = format!("{at}/entries");
        assert_eq!(
            agent
                .refused(Method::POST, &entries, entry(11, contact))
                .await
                .1,
            "line_out_of_range"
        );
        agent.post(&entries, entry(1, contact)).await;
        assert_eq!(
            agent
                .refused(
                    Method::POST,
                    &entries,
                    entry(1, "00000000-0000-7000-8000-0000000000ab")
                )
                .await
                .1,
            "line_entered"
        );
        assert_eq!(
            agent
                .refused(Method::POST, &entries, entry(2, contact))
                .await
                .1,
            "line_entered",
            "a record is of one line"
        );
        let close = json!({"version": sheet["version"], "note": "第 2 至 10 行未使用"});
        let closed = agent.post(&format!("{at}/close"), close).await;
        assert_eq!(closed["open"], 1);
        assert_eq!(
            agent
                .refused(
                    Method::POST,
                    &entries,
                    entry(2, "00000000-0000-7000-8000-0000000000ac")
                )
                .await
                .1,
            "sheet_closed"
        );
    })
    .await;
}
