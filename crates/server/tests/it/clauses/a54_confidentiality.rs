//! nothing leaves unasked in numbers, every file names its taker, and who looked, took and printed is seen.

use std::time::Duration;

use kernel::audit::Who;
use organization::export::ExportKind;
use organization::export::limits::ExportLimit;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::cases::{on_both, path};
use crate::support::{Person, TestServer};

const HEADING: [&str; 9] = [
    "工单编号",
    "受理渠道",
    "诉求类型",
    "标题",
    "诉求内容",
    "诉求人",
    "联系电话",
    "转办时间",
    "办理时限",
];
const ALL: &str = "/api/v1/work-orders/export?platform=12345";
const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// An empty form, and the remarks on a file to who brought it in himself.
const HARMLESS: [&str; 2] = [
    "/api/v1/carry/{kind}/template",
    "/api/v1/carry-imports/{id}/errors",
];

/// Six orders of 12345.
async fn orders(lead: &Person) {
    let rows = (1..=6).map(|n| {
        let cells = [
            &format!("GD20261123-{n:04}"),
            "电话",
            "咨询",
            "准考证打印",
            "打不开",
            "王五",
            "13900000101",
            "2026-11-23 09:00",
            "2026/12/14",
        ];
        cells.map(str::to_owned).to_vec()
    });
    let file = documents::write("工单", HEADING, rows).unwrap();
    let (status, report) = lead
        .send_file("/api/v1/work-orders/import?platform=12345", file)
        .await;
    assert_eq!(status, StatusCode::OK, "{report}");
}

async fn limits(purchaser: &Person, rows: u64, rows_a_day: u64) {
    let rule = json!({"kind": "work_orders", "rows": rows, "rows_a_day": rows_a_day});
    let new = json!({"rule": rule, "source": "双方确认"});
    purchaser.post("/api/v1/rules/export-limits", new).await;
}

/// Takes a file out, or is told why not.
async fn takes(who: &Person, address: &str) -> Result<Vec<u8>, Value> {
    let answer = who.send(Method::GET, address, None).await;
    if answer.status() == StatusCode::OK {
        return Ok(answer.bytes().await.unwrap().to_vec());
    }
    Err(answer.json().await.unwrap())
}

async fn asked(lead: &Person, target: &str, rows: u64) -> Value {
    let new = json!({"target": target, "reason": "月度核对", "rows": rows, "until": "2026-11-24T02:00:00Z"});
    lead.post("/api/v1/export-requests", new).await
}

async fn decided(who: &Person, request: &Value, approve: bool, note: &str) -> (StatusCode, Value) {
    let door = format!("{}/decide", path("export-requests", request));
    let said = json!({"version": request["version"], "approve": approve, "note": note});
    who.ask(Method::POST, &door, Some(said)).await
}

/// Personal numbers in a filter, and who may widen a limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_keeps_its_numbers_hidden_and_nobody_widens_his_own_limit() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let purchaser = server.sign_in("purchaser").await;
        orders(&lead).await;
        limits(&purchaser, 2, 3).await;
        let by_number = format!("{ALL}&q=13900000101");
        takes(&lead, &format!("{ALL}&q=GD20261123-0001"))
            .await
            .unwrap();
        let request = asked(&lead, &by_number, 6).await;
        let own = lead.get(&path("export-requests", &request)).await;
        assert!(
            own["target"].as_str().unwrap().contains("13900000101"),
            "who asked takes the file by it: {own}"
        );
        let shown = purchaser.get(&path("export-requests", &request)).await;
        let target = shown["target"].as_str().unwrap();
        assert!(
            target.contains("q=****0101") && !target.contains("13900000101"),
            "{target}"
        );
        decided(&purchaser, &request, true, "同意").await;
        let pass = format!(
            "{by_number}&export_request={}",
            request["id"].as_str().unwrap()
        );
        takes(&lead, &pass).await.unwrap();
        let log = purchaser.get("/api/v1/export-log").await.to_string();
        assert!(
            log.contains("q=****0101") && !log.contains("13900000101"),
            "{log}"
        );

        // What the purchaser allows holds for others; for himself what somebody else allowed, where that is less.
        let app = server.running.app.clone();
        let narrow = kernel::rule::New {
            rule: ExportLimit {
                kind: "work_orders".to_owned(),
                rows: 2,
                rows_a_day: 3,
            },
            effective_from: None,
            source: "双方确认".to_owned(),
        };
        app.db
            .clone()
            .write(move |tx| async move {
                kernel::rule::set(&app, &tx, &Who::system("setup"), narrow)
                    .await
                    .map(|_set| ())
            })
            .await
            .unwrap();
        server.clock.advance(Duration::from_secs(1));
        limits(&purchaser, 1_000, 10_000).await;
        let no = takes(&purchaser, ALL).await.unwrap_err();
        assert_eq!(
            (&no["code"], &no["limit"]),
            (&json!("export_needs_approval"), &json!(2)),
            "{no}"
        );
        assert!(takes(&lead, ALL).await.unwrap().starts_with(b"PK"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_rows_leave_only_once_and_only_as_somebody_else_approved() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        let purchaser = server.sign_in("purchaser").await;
        let manager = server.sign_in("manager").await;
        orders(&lead).await;
        limits(&purchaser, 2, 3).await;

        let no = takes(&lead, ALL).await.unwrap_err();
        assert_eq!((&no["code"], &no["rows"], &no["limit"]), (&json!("export_needs_approval"), &json!(6), &json!(2)), "{no}");
        // Small files are no way around: the day has a limit too, and what was refused is not counted.
        let one = format!("{ALL}&q=GD20261123-0001");
        for _ in 0..3 {
            assert!(takes(&lead, &one).await.unwrap().starts_with(b"PK"));
        }
        let no = takes(&lead, &one).await.unwrap_err();
        assert_eq!((&no["code"], &no["rows_today"]), (&json!("export_needs_approval"), &json!(4)), "{no}");

        for (change, field) in [
            (json!({"target": "/api/v1/work-orders?platform=12345"}), "target"),
            (json!({"rows": 0}), "rows"),
            (json!({"reason": " "}), "reason"),
            (json!({"until": "2026-11-22T02:00:00Z"}), "until"),
        ] {
            let mut new = json!({"target": ALL, "reason": "核对", "rows": 6, "until": "2026-11-24T02:00:00Z"});
            new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let (status, no) = lead.ask(Method::POST, "/api/v1/export-requests", Some(new)).await;
            assert_eq!((status, &no["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{no}");
        }
        let request = asked(&lead, ALL, 6).await;
        assert_eq!(request["state"], "waiting");
        let pass = format!("{ALL}&export_request={}", request["id"].as_str().unwrap());
        assert_eq!(takes(&lead, &pass).await.unwrap_err()["code"], "export_request_not_approved");
        let (status, _) = decided(&lead, &request, true, "").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "who asks does not decide");
        let (status, _) = decided(&manager, &request, true, "").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "nor does his own side");
        let waiting = purchaser.get("/api/v1/waiting").await;
        assert!(waiting["items"].as_array().unwrap().iter().any(|one| one["id"] == request["id"]), "{waiting}");
        let (status, no) = decided(&purchaser, &request, false, "").await;
        assert_eq!((status, &no["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("note")), "a no needs a reason");
        let secadmin = server.sign_in("secadmin").await;
        let (_, approved) = decided(&secadmin, &request, true, "同意一次").await;
        assert_eq!(approved["state"], "approved", "{approved}");
        let (_, no) = decided(&purchaser, &request, false, "晚了").await;
        assert_eq!(no["code"], "stale_version", "{no}");

        // It is good for him, for this filter, and once: of two at the same moment one passes.
        assert_eq!(takes(&manager, &pass).await.unwrap_err()["code"], "export_request_other");
        let other = format!("{pass}&state=pending_sign");
        assert_eq!(takes(&lead, &other).await.unwrap_err()["code"], "export_request_differs");
        let (first, second) = tokio::join!(takes(&lead, &pass), takes(&lead, &pass));
        let (file, no) = match (first, second) {
            (Ok(file), Err(no)) | (Err(no), Ok(file)) => (file, no),
            both => panic!("{:?}", (both.0.is_ok(), both.1.is_ok())),
        };
        let code = no["code"].as_str().unwrap();
        assert!(["export_request_ended", "stale_version"].contains(&code), "{no}");
        assert_eq!(takes(&lead, &pass).await.unwrap_err()["code"], "export_request_ended");

        // The log knows the file by its digest, and the file its taker.
        let digest = hex::encode(Sha256::digest(&file));
        let log = purchaser.get(&format!("/api/v1/export-log?q={digest}")).await;
        let line = &log["items"][0];
        assert_eq!((&line["rows"], &line["request_id"]), (&json!(6), &request["id"]), "{log}");
        let mark = line["mark"].as_str().unwrap();
        assert!(mark.contains("（lead）") && mark.contains(line["number"].as_str().unwrap()), "{mark}");
        let sheet = documents::read(&file).unwrap();
        assert_eq!(sheet.rows.len(), 7, "the first sheet is the platform's template as it is");
        let own = lead.get("/api/v1/export-log").await;
        assert_eq!(own["total"], 4);
        assert_eq!(server.sign_in("quality").await.get("/api/v1/export-log").await["total"], 0, "only one's own");

        // What is not used in time lapses.
        let late = asked(&lead, ALL, 6).await;
        server.clock.advance(Duration::from_hours(25));
        let at = path("export-requests", &late);
        lead.until(&at, Duration::from_secs(5), |request| request["state"] == "lapsed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looked_and_printed_is_seen_and_what_is_unusual_stands_out() {
    on_both(async |server| {
        let agent = server.sign_in("agent1").await;
        let secadmin = server.sign_in("secadmin").await;
        let ticket = agent.opens("consult", "107", "准考证打不开").await;
        let rule = json!({"kind": "reveal", "most_a_day": 1});
        secadmin
            .post(
                "/api/v1/rules/access-alarms",
                json!({"rule": rule, "source": "安全策略"}),
            )
            .await;
        let requester = ticket["requester"]["id"]
            .as_str()
            .or(ticket["requester_id"].as_str());
        let reveal = format!("/api/v1/requesters/{}/reveal", requester.unwrap());
        for reason in ["回拨来电人", "再次核对号码"] {
            agent
                .post(&reveal, json!({"field": "phone", "reason": reason}))
                .await;
        }
        let printed = agent
            .post("/api/v1/prints", json!({"page": "/tickets/1"}))
            .await;
        assert!(
            printed["line"].as_str().unwrap().contains("（agent1）"),
            "{printed}"
        );

        let log = secadmin.get("/api/v1/access-log?kind=reveal").await;
        assert_eq!(
            (&log["total"], &log["items"][0]["reason"]),
            (&json!(2), &json!("再次核对号码")),
            "{log}"
        );
        let counted = secadmin.get("/api/v1/access-log/people").await;
        let person = &counted["people"][0];
        assert_eq!(
            (&person["who_name"], &person["counts"]),
            (&json!("agent1"), &json!({"reveal": 2, "print": 1})),
            "{counted}"
        );
        let unusual = counted["unusual"].as_array().unwrap();
        assert_eq!(unusual.len(), 1, "{counted}");
        assert_eq!(
            (
                &unusual[0]["count"],
                &unusual[0]["most"],
                &unusual[0]["day"]
            ),
            (&json!(2), &json!(1), &json!("2026-11-23"))
        );
        for door in ["/api/v1/access-log", "/api/v1/access-log/people"] {
            let (status, _) = agent.ask(Method::GET, door, None).await;
            assert_eq!(status, StatusCode::FORBIDDEN);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_with_an_identity_number_is_held_and_a_note_is_not() {
    on_both(async |server| {
        let agent = server.desk_agent("agent1").await;
        let auditor = server.sign_in("auditor").await;
        let mut visitor = server.visitor();
        visitor.begins("我的证件号对吗").await;
        let conversation = agent.person.takes_conversation().await;
        let say = format!("{}/messages", path("conversations", &conversation));
        // The example of GB 11643.
        let text = "您的证件号是 11010519491231002X 吗";
        let (status, no) = agent
            .person
            .ask(
                Method::POST,
                &say,
                Some(json!({"client_id": "a-1", "text": text})),
            )
            .await;
        assert_eq!(
            (status, &no["code"], &no["kinds"]),
            (
                StatusCode::CONFLICT,
                &json!("message_holds_personal_data"),
                &json!(["id_number"])
            ),
            "{no}"
        );
        let mine = json!({"client_id": "a-1", "text": text, "release": "已核对"});
        let (status, _) = agent.person.ask(Method::POST, &say, Some(mine)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "a lead lets it go");
        agent
            .person
            .post(
                &say,
                json!({"client_id": "a-2", "text": text, "note": true}),
            )
            .await;
        agent
            .person
            .post(
                &say,
                json!({"client_id": "a-3", "text": "证件号请以报名系统为准"}),
            )
            .await;
        let trail = auditor
            .get("/api/v1/audit?action=conversation.message_held")
            .await;
        assert_eq!(trail["total"], 1, "{trail}");
        assert!(
            !trail.to_string().contains("110105"),
            "the text is not in the trail"
        );
        assert!(
            !visitor
                .talk()
                .await
                .iter()
                .any(|(_, text)| text.contains("110105"))
        );
    })
    .await;
}

/// A file of rows that does not pass the door fails here, not in the field.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_of_rows_has_its_door() {
    let server = TestServer::demo().await;
    let openapi = server.anonymous().get("/api/openapi.json").await;
    let mut found = 0;
    for (path, operations) in openapi["paths"].as_object().unwrap() {
        let Some(get) = operations.get("get") else {
            continue;
        };
        let content = get["responses"]["200"]["content"].as_object();
        let is_sheet = content.is_some_and(|kinds| kinds.contains_key(SHEET));
        let is_export = is_sheet
            || path.ends_with("/export")
            || path
                .split_once(".pcap")
                .is_some_and(|(_, rest)| rest.is_empty());
        if !is_export || HARMLESS.contains(&path.as_str()) {
            continue;
        }
        found += 1;
        assert!(
            ExportKind::of_path(path).is_some(),
            "{path} has no line in ExportKind::of_path"
        );
        let names = get["parameters"].as_array().unwrap().iter();
        let passes = names
            .clone()
            .any(|parameter| parameter["name"] == "export_request");
        assert!(
            passes,
            "{path} does not take a request: it lets rows out unasked"
        );
    }
    assert!(found >= 9, "{found}");
    server.stop().await;
}
