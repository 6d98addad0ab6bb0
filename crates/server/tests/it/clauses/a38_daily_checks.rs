//! seats and areas are looked at every working day, areas with a picture; what is missing is shown and told in
//! the evening, what is not in order stays until it is put right.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::on_both_at;

fn point<'a>(board: &'a Value, code: &str) -> &'a Value {
    let mut all = board["points"].as_array().unwrap().iter();
    all.find(|one| one["code"] == code).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_looked_at_is_shown_on_a_working_day() {
    // The 20th of September 2026 is a Sunday that is worked, the 19th is none.
    on_both_at("2026-09-20T02:00:00Z", &[], async |server| {
        let (agent, lead) = (server.sign_in("agent1").await, server.sign_in("lead").await);
        let purchaser = server.sign_in("purchaser").await;
        let at = "/api/v1/daily-checks";
        assert_eq!(purchaser.get(&format!("{at}?day=2026-09-19")).await["missing"], 0, "a day off");
        let board = purchaser.get(at).await;
        assert_eq!((&board["workday"], &board["missing"]), (&json!(true), &json!(7)));
        let seat = |ok: bool| json!({"point": "Z1", "items": [{"item": "话机耳麦", "ok": ok},
            {"item": "电脑网络", "ok": true}, {"item": "桌面整洁", "ok": true}]});
        assert_eq!(purchaser.ask(Method::POST, at, Some(seat(true))).await.0, StatusCode::FORBIDDEN);
        assert_eq!(agent.refused(Method::POST, at, seat(false)).await.1, "text_missing", "what is not in order is told");
        let mut bad = seat(false);
        bad["note"] = json!("左耳无声");
        let board = agent.post(at, bad).await;
        assert_eq!((&board["missing"], &board["unfixed"][0]["point"]), (&json!(6), &json!("Z1")));
        assert_eq!(agent.refused(Method::POST, at, seat(true)).await.1, "check_done");
        let short = json!({"point": "Z2", "items": [{"item": "话机耳麦", "ok": true}]});
        assert_eq!(agent.refused(Method::POST, at, short).await.1, "check_incomplete");
        lead.until("/api/v1/notices", Duration::from_secs(5), |all| all.to_string().contains("daily_check_defect")).await;

        // A patrol counts with its picture.
        let hall = json!({"point": "hall", "items": [{"item": "用电安全", "ok": true}, {"item": "消防通道", "ok": true},
            {"item": "环境卫生", "ok": true}]});
        let board = lead.post(at, hall).await;
        assert_eq!(point(&board, "hall")["missing"], true);
        let id = point(&board, "hall")["check"]["id"].as_str().unwrap();
        let mut body = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"hall.jpg\"\r\n\r\n".to_vec();
        body.extend_from_slice(b"\xff\xd8\xff what was seen\r\n--b--\r\n");
        let door = format!("/api/v1/liaison-files/daily_check/{id}");
        let (status, _) = lead.send_form(&door, "multipart/form-data; boundary=b", body).await;
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(point(&lead.get(at).await, "hall")["missing"], false);

        // In the evening the lead is told of the rest.
        server.clock.advance(Duration::from_hours(9));
        lead.until("/api/v1/notices", Duration::from_secs(10), |all| all.to_string().contains("daily_check_missing")).await;
        let board = purchaser.get(&format!("{at}?day=2026-09-20")).await;
        assert_eq!(board["missing"], 5);
        // Put right the next day, it is off the list.
        server.clock.advance(Duration::from_hours(15));
        let broken = lead.get(at).await["unfixed"][0].clone();
        let fix = format!("{at}/{}/fix", broken["id"].as_str().unwrap());
        let note = json!({"version": broken["version"], "note": "已换新耳麦"});
        assert_eq!(agent.ask(Method::POST, &fix, Some(note.clone())).await.0, StatusCode::FORBIDDEN);
        assert_eq!(lead.post(&fix, note).await["unfixed"], json!([]));
    })
    .await;
}
