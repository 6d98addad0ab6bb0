//! Lists of follow-ups: who is asked, how often, and what came of it.

use axum::http::{Method, Request};
use serde_json::{Value, json};
use std::time::Duration;

use super::{Stage, lead, on_both};

const LISTS: &str = "/api/v1/follow-up-lists";

fn questions() -> Value {
    json!([
        { "code": "result", "text": "问题是否解决", "kind": "choice", "options": ["已解决", "未解决"], "needed": true },
        { "code": "score", "text": "满意度", "kind": "score", "most": 5 },
        { "code": "words", "text": "意见建议", "kind": "text" },
    ])
}

impl Stage {
    /// A list of agents 1 and 2 with these numbers.
    async fn list(&self, numbers: &[&str]) -> String {
        let new = json!({
            "name": "办结回访", "script": "a@1", "questions": questions(), "owners": [self.agent(1), self.agent(2)],
        });
        let list = self.done(&lead(), LISTS, new).await;
        let id = list["id"].as_str().unwrap().to_owned();
        let items: Vec<Value> = numbers
            .iter()
            .map(|number| json!({ "number": number }))
            .collect();
        self.done(
            &lead(),
            &format!("{LISTS}/{id}/items"),
            json!({ "items": items }),
        )
        .await;
        id
    }

    async fn next(&self, who: &kernel::Principal, list: &str) -> Value {
        self.get(who, &format!("{LISTS}/{list}/next")).await["item"].clone()
    }
}

fn calls(item: &Value) -> Value {
    json!({ "purpose": "follow_up", "item_id": item["id"] })
}

fn told(item: &Value, outcome: &str) -> Value {
    json!({ "version": item["version"], "outcome": outcome })
}

fn result_of(item: &Value) -> String {
    format!(
        "/api/v1/follow-up-items/{}/result",
        item["id"].as_str().unwrap()
    )
}

#[tokio::test]
async fn an_item_has_three_calls_and_never_two_in_one_half_day() {
    on_both(async |stage| {
        let seat = stage.ready(2).await;
        let list = stage.list(&["13900000001"]).await;
        // The first item is the second agent's: they are given out in turn.
        assert!(stage.next(&stage.seat(1), &list).await.is_null());
        let mut hours = [0, 4, 19].into_iter();
        for n in 1..=3 {
            stage
                .app
                .clock
                .advance(Duration::from_hours(hours.next().unwrap()));
            let item = stage.next(&seat, &list).await;
            assert_eq!(
                (&item["number"], &item["attempts"]),
                (&json!("139****0001"), &json!(n - 1))
            );
            stage.done(&seat, "/api/v1/calls", calls(&item)).await;
            let owed = stage.refused(&seat, "/api/v1/calls", calls(&item)).await;
            assert_eq!(owed, (409, "follow_up_result_owed".to_owned()));
            stage.ends("rejected").await;
            let item = stage.next(&seat, &list).await;
            assert_eq!(
                (&item["state"], &item["calls"][n - 1]["talked"]),
                (&json!("calling"), &json!(false))
            );
            let after = stage
                .done(&seat, &result_of(&item), told(&item, "no_answer"))
                .await;
            if n < 3 {
                assert_eq!(after["state"], "waiting");
                let again = stage.post(&seat, "/api/v1/calls", calls(&item)).await;
                assert_eq!(
                    (&again.json["code"], &again.json["next_at"]),
                    (
                        &json!("follow_up_same_half_day"),
                        &after["next_at"]
                            .as_str()
                            .map(|at| json!(at.replace('Z', "+00:00")))
                            .unwrap()
                    )
                );
                assert!(
                    stage.next(&seat, &list).await.is_null(),
                    "not in this half-day"
                );
            } else {
                assert_eq!(after["state"], "unreached");
                assert_eq!(
                    stage.refused(&seat, "/api/v1/calls", calls(&item)).await.1,
                    "follow_up_ended"
                );
            }
        }
        let shown = stage.get(&lead(), &format!("{LISTS}/{list}")).await;
        assert_eq!(
            (&shown["items"], &shown["done"], &shown["reached"]),
            (&json!(1), &json!(1), &json!(0))
        );
    })
    .await;
}

#[tokio::test]
async fn what_was_answered_is_kept_charted_and_taken_out() {
    on_both(async |stage| {
        let (one, two) = (stage.ready(1).await, stage.ready(2).await);
        let list = stage.list(&["13900000001", "13900000002", "13900000003", "13900000004"]).await;
        let bad = [
            (json!({}), "answer_missing"),
            (json!({ "result": "不知道" }), "answer_invalid"),
            (json!({ "result": "已解决", "score": 6 }), "answer_invalid"),
            (json!({ "result": "已解决", "age": 6 }), "answer_unknown"),
        ];
        let item = stage.next(&one, &list).await;
        stage.done(&one, "/api/v1/calls", calls(&item)).await;
        stage.ends("answered").await;
        let item = stage.next(&one, &list).await;
        for (answers, code) in bad {
            let body = json!({ "version": item["version"], "outcome": "reached", "answers": answers });
            assert_eq!(stage.refused(&one, &result_of(&item), body).await, (422, code.to_owned()));
        }
        let answers = json!({ "result": "已解决", "score": 5, "words": "=1+1 很满意" });
        let body = json!({ "version": item["version"], "outcome": "reached", "answers": answers, "note": "态度好" });
        assert_eq!(stage.refused(&two, &result_of(&item), body.clone()).await.0, 404, "it is not his");
        let done = stage.done(&one, &result_of(&item), body).await;
        assert_eq!((&done["state"], &done["answers"]["score"]), (&json!("reached"), &json!(5)));

        let outcomes = [(&two, "refused"), (&two, "wrong_number")];
        for (seat, outcome) in outcomes {
            let item = stage.next(seat, &list).await;
            stage.done(seat, "/api/v1/calls", calls(&item)).await;
            stage.ends("answered").await;
            let item = stage.next(seat, &list).await;
            let strange = json!({ "version": item["version"], "outcome": outcome, "answers": { "score": 1 } });
            assert_eq!(stage.refused(seat, &result_of(&item), strange).await.1, "answer_unknown");
            let done = stage.done(seat, &result_of(&item), told(&item, outcome)).await;
            assert_eq!(done["state"], outcome);
        }
        let chart = stage.get(&lead(), &format!("{LISTS}/{list}/chart")).await;
        let count = |name: &str| {
            let states = chart["states"].as_array().unwrap();
            states.iter().find(|bar| bar["name"] == name).unwrap()["count"].clone()
        };
        assert_eq!([count("waiting"), count("reached"), count("refused"), count("wrong_number")], [1, 1, 1, 1]);
        assert_eq!(chart["attempts"], 3);
        assert_eq!(chart["questions"][0]["bars"], json!([{ "name": "已解决", "count": 1 }, { "name": "未解决", "count": 0 }]));
        assert_eq!(chart["questions"][1]["average_hundredths"], 500);

        let path = format!("{LISTS}/{list}/export");
        let request = Request::builder().method(Method::GET).uri(&path);
        let mut request = request.body(axum::body::Body::empty()).unwrap();
        request.extensions_mut().insert(lead());
        let answer = tower::ServiceExt::oneshot(stage.0.clone(), request).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let table = documents::read(&bytes).unwrap();
        assert_eq!(table.rows.len(), 5);
        let texts: Vec<String> = table.rows.iter().flat_map(|row| row.cells.iter().map(documents::Cell::text)).collect();
        let all = texts.join("|");
        assert!(all.contains("139****0001") && !all.contains("13900000001"), "{all}");
        assert!(all.contains("'=1+1 很满意") && all.contains("已解决") && all.contains("拒访"), "{all}");
        assert_eq!(stage.audited("follow_up.exported").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_did_not_arrive_is_no_attempt() {
    on_both(async |stage| {
        let seat = stage.ready(2).await;
        let list = stage.list(&["13900000001"]).await;
        let item = stage.next(&seat, &list).await;
        stage
            .line
            .broken
            .store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(
            stage.refused(&seat, "/api/v1/calls", calls(&item)).await.0,
            503
        );
        stage
            .line
            .broken
            .store(false, std::sync::atomic::Ordering::Relaxed);
        let item = stage.next(&seat, &list).await;
        assert_eq!(
            (&item["state"], &item["attempts"]),
            (&json!("waiting"), &json!(0))
        );
        stage.done(&seat, "/api/v1/calls", calls(&item)).await;
        stage.ends("no_agent_answer").await;
        let item = stage.next(&seat, &list).await;
        assert_eq!(
            (&item["state"], &item["attempts"]),
            (&json!("waiting"), &json!(0))
        );
        let early = stage
            .refused(&seat, &result_of(&item), told(&item, "busy"))
            .await;
        assert_eq!(
            early.1,
            if item["owner"].is_null() {
                "not_found"
            } else {
                "follow_up_not_called"
            }
        );
        stage.done(&seat, "/api/v1/calls", calls(&item)).await;
    })
    .await;
}

#[tokio::test]
async fn a_list_is_filled_by_hand_from_a_table_and_from_tickets_each_number_once() {
    on_both(async |stage| {
        let list = stage.list(&["13900000001"]).await;
        let wish = json!({ "number": "13900000009", "reason": "不再接听" });
        stage.done(&lead(), "/api/v1/do-not-call", wish).await;
        let table = "号码,姓名,备注\n139 0000 0002,王芳,补贴\n13900000001,李明,\n13900000002,再来,\nabc,无名,\n+85221234567,港,\n13900000009,赵,\n";
        let import = |dry: bool| format!("{LISTS}/{list}/import?dry_run={dry}");
        for dry in [true, false] {
            let request = Request::builder().method(Method::POST).uri(import(dry));
            let request = request.header("content-type", "text/csv").body(table.into()).unwrap();
            let answer = testing::call::send(&stage.0, Some(&lead()), request).await;
            assert_eq!(answer.status, 200, "{}", answer.json);
            assert_eq!((&answer.json["added"], &answer.json["refused"]), (&json!(1), &json!(5)));
            let faults: Vec<(u64, &str)> = answer.json["faults"]
                .as_array()
                .unwrap()
                .iter()
                .map(|fault| (fault["row"].as_u64().unwrap(), fault["code"].as_str().unwrap()))
                .collect();
            assert_eq!(faults, [
                (3, "number_known"), (4, "number_twice"), (5, "number_unreadable"), (6, "number_not_allowed"), (7, "do_not_call"),
            ]);
            let shown = stage.get(&lead(), &format!("{LISTS}/{list}")).await;
            assert_eq!(shown["items"], if dry { 1 } else { 2 });
        }
        let request = Request::builder().method(Method::POST).uri(import(true));
        let request = request.header("content-type", "text/csv").body("姓名\n王\n".into()).unwrap();
        let answer = testing::call::send(&stage.0, Some(&lead()), request).await;
        assert_eq!((answer.status.as_u16(), &answer.json["code"]), (422, &json!("column_missing")));

        for number in ["13900000001", "13900000003"] {
            stage.ticket(number).await;
        }
        let path = format!("{LISTS}/{list}/from-tickets?dry_run=false");
        let filled = stage.done(&lead(), &path, json!({ "filter": { "state": "closed" } })).await;
        assert_eq!((&filled["added"], &filled["refused"]), (&json!(1), &json!(1)));
        let items = stage.get(&lead(), &format!("{LISTS}/{list}/items?per_page=2")).await;
        assert_eq!((&items["total"], &items["items"][0]["seq"]), (&json!(3), &json!(1)));
        let rest = format!("{LISTS}/{list}/items?per_page=2&cursor={}", items["next"].as_str().unwrap());
        let last = stage.get(&lead(), &rest).await["items"][0].clone();
        assert!(last["ticket_id"].is_string() && last["note"].as_str().unwrap().contains("职称证书领取"));
        let found = stage.get(&lead(), &format!("{LISTS}/{list}/items?q=13900000002")).await;
        assert_eq!((&found["total"], &found["items"][0]["name"]), (&json!(1), &json!("王*")));
        // Given out in turn.
        let owned = stage.get(&lead(), &format!("{LISTS}/{list}/items?owner={}", stage.agent(2))).await;
        assert_eq!(owned["total"], 2);
    })
    .await;
}

#[tokio::test]
async fn a_closed_list_is_called_no_more_and_a_list_is_seen_by_whose_it_is() {
    on_both(async |stage| {
        let seat = stage.ready(2).await;
        let list = stage.list(&["13900000001"]).await;
        let item = stage.next(&seat, &list).await;
        assert_eq!(stage.get(&stage.seat(3), LISTS).await["total"], 0);
        assert_eq!(stage.get(&seat, LISTS).await["total"], 1);
        let strange = stage.ask(&stage.seat(3), Method::GET, &format!("{LISTS}/{list}"), None).await;
        assert_eq!(strange.status, 404);
        let shown = stage.get(&lead(), &format!("{LISTS}/{list}")).await;
        assert_eq!(shown["script_title"], "K-1 回访话术");
        let change = json!({ "version": shown["version"], "name": "办结回访二", "owners": [stage.agent(3)] });
        let changed = stage.ask(&lead(), Method::PUT, &format!("{LISTS}/{list}"), Some(change)).await;
        assert_eq!(changed.status, 200, "{}", changed.json);
        assert_eq!(stage.refused(&seat, "/api/v1/calls", calls(&item)).await.1, "outbound_not_yours");
        let close = format!("{LISTS}/{list}/close");
        let version = json!({ "version": changed.json["version"] });
        stage.done(&lead(), &close, version.clone()).await;
        assert_eq!(stage.refused(&lead(), &close, version).await.1, "stale_version");
        let three = stage.ready(3).await;
        assert_eq!(stage.refused(&three, "/api/v1/calls", calls(&item)).await.1, "follow_up_list_closed");
        let late = json!({ "items": [{ "number": "13900000005" }] });
        assert_eq!(stage.refused(&lead(), &format!("{LISTS}/{list}/items"), late).await.1, "follow_up_list_closed");

        let mut bad = vec![
            (json!({ "name": "x", "script": "old@1" }), "article_not_in_force"),
            (json!({ "name": "x", "purpose": "case_work" }), "purpose_invalid"),
            (json!({ "name": " x", "purpose": "follow_up" }), "name_invalid"),
            (json!({ "name": "x", "owners": [lead().user_id] }), "not_an_agent"),
        ];
        bad.push((json!({ "name": "x", "questions": [{ "code": "a", "text": "?", "kind": "choice", "options": ["一"] }] }), "options_invalid"));
        bad.push((json!({ "name": "x", "questions": [{ "code": "a", "text": "?", "kind": "score", "most": 99 }] }), "score_invalid"));
        for (body, code) in bad {
            assert_eq!(stage.refused(&lead(), LISTS, body.clone()).await.1, code, "{body}");
        }
    })
    .await;
}
