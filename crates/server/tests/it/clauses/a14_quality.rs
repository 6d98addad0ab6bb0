//! a call is drawn, heard, scored by the card of the contract, released, appealed and scored anew; its agent sees
//! nothing of it before. The share by chance is drawn once and can be repeated from its seed.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::{on_both, path};
use crate::support::sipp::finished;

/// A recording is measured within it.
const WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

/// Full marks by the card that ships, less so many points of 业务准确性.
pub async fn marks(who: &Person, less: u64, note: &str) -> Value {
    let cards = who.get("/api/v1/score-cards").await;
    let card = who.get(&path("score-cards", &cards["items"][0])).await;
    let version = &card["versions"][0];
    let items = version["body"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let full = item["weight"].as_u64().unwrap() * 10;
            let taken = if item["code"] == "accuracy" {
                less * 10
            } else {
                0
            };
            let comment = if taken > 0 { "答复不完整" } else { "" };
            json!({"code": item["code"], "tenths": full - taken, "comment": comment,
            "evidence": [{"at_ms": 2_000, "note": "此处"}]})
        });
    let items: Vec<Value> = items.collect();
    json!({"card_version_id": version["id"], "marks": {"items": items}, "note": note})
}

/// A step with the version that was just seen.
pub async fn step(who: &Person, seen: &Value, verb: &str, mut body: Value) -> Value {
    body["version"] = seen["version"].clone();
    who.post(&format!("{}/{verb}", path("evaluations", seen)), body)
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_drawn_heard_scored_released_appealed_and_scored_anew() {
    on_both(async |server| {
        let (quality, lead) = (server.sign_in("quality").await, server.sign_in("lead").await);
        let agent = server.desk_agent("agent1").await;
        let requester = server.requester("13900000081", 14_000);
        let call = agent.in_state("talking").await;
        finished(requester, &server.folder).await;
        agent.in_state("wrap_up").await;
        agent.write_up(&call, "answered", "咨询报名时间").await;
        let me = &agent.person;

        let picked = json!({"kind": "call", "contact_id": call, "reason": "新政策首日"});
        let sampled = quality.post("/api/v1/evaluations", picked.clone()).await;
        assert_eq!((&sampled["origins"], &sampled["agent"]["id"]), (&json!(["by_hand"]), &me.own_id().await));
        let twice = quality.refused(Method::POST, "/api/v1/evaluations", picked).await;
        assert_eq!(twice.1, "sample_drawn");
        let own = path("evaluations", &sampled);

        // What the recording tells by itself was measured after the call.
        let told = quality.until(&format!("{own}/signals"), WITHIN, |told| told["lanes"].is_array()).await;
        assert!(told["duration_ms"].as_u64().unwrap() > 1_000, "{told}");
        assert_eq!(told["lanes"].as_array().unwrap().len(), 2);
        assert!(told["silence_ms"].as_u64() <= told["duration_ms"].as_u64());

        let scored = step(&quality, &sampled, "score", marks(&quality, 10, "").await).await;
        assert_eq!((&scored["tenths"], &scored["passed"]), (&json!(900), &json!(true)));
        for hidden in ["", "/signals"] {
            let (status, _) = me.ask(Method::GET, &format!("{own}{hidden}"), None).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{hidden}");
        }
        assert_eq!(me.get("/api/v1/evaluations").await["total"], 0);

        let released = step(&quality, &scored, "release", json!({})).await;
        let seen = me.get(&own).await;
        assert_eq!((&seen["tenths"], &seen["origins"]), (&json!(900), &json!([])));
        let appealed = step(me, &seen, "appeal", json!({"reason": "已答复完整"})).await;
        assert_ne!(appealed["version"], released["version"]);
        let same = json!({"version": appealed["version"], "card_version_id": scored["scores"][0]["card_version_id"],
            "marks": scored["scores"][0]["marks"], "note": "维持"});
        let refused = quality.refused(Method::POST, &format!("{own}/rescore"), same).await;
        assert_eq!(refused.1, "evaluation_same_person");
        let rescored = step(&lead, &appealed, "rescore", marks(&lead, 0, "复听属实，改判").await).await;
        assert_eq!(rescored["tenths"], 1_000);
        let last = step(me, &rescored, "acknowledge", json!({})).await;
        assert_eq!(last["state"], "final");
        // The one answer that was sampled was given freely (K-25).
        let today = (server.clock.now() + TimeDelta::hours(8)).date_naive();
        let told = lead.get(&format!("/api/v1/kpi-figures?kpis=k25&from={today}&to={today}")).await;
        let k25 = &told["items"][0];
        assert_eq!((&k25["numerator"], &k25["denominator"]), (&json!(0), &json!(1)), "{told}");
        let trail = server.sign_in("auditor").await.get("/api/v1/audit?per_page=200").await.to_string();
        for told in ["evaluation.scored", "evaluation.released", "evaluation.appealed", "evaluation.rescored"] {
            assert!(trail.contains(told), "{told} stands in the trail");
        }

        let now = server.clock.now();
        let wish = json!({"plan": "monthly", "from": now - TimeDelta::days(1), "until": now});
        let drawn = quality.post("/api/v1/sampling-draws", wish.clone()).await;
        let total = quality.get("/api/v1/evaluations").await["total"].clone();
        let again = quality.post("/api/v1/sampling-draws", wish).await;
        assert_eq!((&again["id"], &again["seed"]), (&drawn["id"], &drawn["seed"]));
        assert_eq!(quality.get("/api/v1/evaluations").await["total"], total, "nothing is drawn twice");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fatal_error_makes_the_score_nothing_and_the_purchaser_scores_beside_the_supplier() {
    on_both(async |server| {
        let (quality, purchaser) = (
            server.sign_in("quality").await,
            server.sign_in("purchaser").await,
        );
        let agent = server.sign_in("agent1").await;
        let ticket = agent.opens("consult", "109", "报名时间").await;
        let closed = agent
            .does(
                &ticket,
                "handle",
                json!({"action": "reply", "answer": "已答复"}),
            )
            .await;
        assert_eq!(closed["state"], "replied");
        let lead = server.sign_in("lead").await;
        lead.does(
            &ticket,
            "dispatch",
            json!({"action": "revisit", "said": "satisfied"}),
        )
        .await;
        let picked = json!({"kind": "work_order", "contact_id": ticket["id"], "reason": "抽查"});
        let sampled = quality.post("/api/v1/evaluations", picked).await;
        assert_eq!(sampled["label"], ticket["number"]);
        let scored = step(&quality, &sampled, "score", marks(&quality, 30, "").await).await;
        assert_eq!(
            (&scored["tenths"], &scored["passed"], &scored["fatal"]),
            (&json!(0), &json!(false), &json!(["business"]))
        );
        let other = server.sign_in("counterpart").await;
        let given = marks(&other, 10, "").await;
        let beside = step(&other, &scored, "purchaser-score", given).await;
        assert_eq!(
            (&beside["unsettled"], &beside["gap_tenths"]),
            (&json!("sides"), &json!(900))
        );
        let early = json!({"version": beside["version"]});
        let refused = quality
            .refused(
                Method::POST,
                &format!("{}/release", path("evaluations", &beside)),
                early,
            )
            .await;
        assert_eq!(refused.1, "evaluation_unsettled");
        let settled = step(
            &purchaser,
            &beside,
            "settle",
            marks(&purchaser, 15, "双方校准后定分").await,
        )
        .await;
        assert_eq!(
            (&settled["tenths"], &settled["unsettled"]),
            (&json!(850), &json!(null))
        );
        let waiting = agent.get("/api/v1/waiting").await.to_string();
        assert!(!waiting.contains("evaluation_released"), "{waiting}");
        step(&quality, &settled, "release", json!({})).await;
        let waiting = agent.get("/api/v1/waiting").await.to_string();
        assert!(waiting.contains("evaluation_released"), "{waiting}");
    })
    .await;
}
