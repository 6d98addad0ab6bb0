//! who takes a request first answers for it until it is closed; whoever comes again meets him, or who stands
//! in for him while he is away; and what became of it is counted for him to the end.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Person;
use crate::support::cases::{on_both, path};
use crate::support::sipp::finished;

const PHONE: &str = "13900000032";

/// Opens a ticket for a requester who came in person.
async fn visited(agent: &Person, matter: &str) -> Value {
    let new = json!({"request_type": "consult", "matter": matter, "summary": "工作年限怎么算", "phone": PHONE});
    agent.post("/api/v1/tickets", new).await
}

/// Signs in to or out of the floor.
async fn stands(agent: &Person, state: &str) {
    agent
        .put("/api/v1/agent-state", json!({ "state": state }))
        .await;
}

/// Waits until the person's bell names this kind for the ticket.
async fn is_told(who: &Person, kind: &str, ticket: &Value) {
    who.until("/api/v1/notices", Duration::from_secs(5), |bell| {
        let mut told = bell["items"].as_array().unwrap().iter();
        told.any(|one| one["kind"] == kind && one["subject_id"] == ticket["id"])
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_needs_its_receiver_and_the_first_owner_is_measured_to_the_end() {
    on_both(async |server| {
        let (first, second) = (
            server.sign_in("agent1").await,
            server.sign_in("agent2").await,
        );
        let lead = server.sign_in("lead").await;
        let (first_id, second_id) = (first.own_id().await, second.own_id().await);
        let ticket = visited(&first, "101").await;
        let own = path("tickets", &ticket);
        let receivers = first.get(&format!("{own}/receivers")).await;
        let names = receivers["items"].as_array().unwrap().iter();
        let names: Vec<&str> = names.map(|one| one["name"].as_str().unwrap()).collect();
        assert!(
            names.contains(&"李志强") && !names.contains(&"陈晓雯"),
            "{names:?}"
        );

        let offer = json!({"action": "offer_transfer", "to": second_id, "reason": "由职称组答复"});
        first.does(&ticket, "handle", offer.clone()).await;
        server.clock.advance(Duration::from_mins(10));
        let back = first
            .until(&own, Duration::from_secs(5), |ticket| {
                ticket["transfer_to"].is_null()
            })
            .await;
        assert_eq!(back["current_owner_id"], first_id, "nobody took it in time");
        is_told(&first, "ticket_transfer_fell_back", &ticket).await;

        first.does(&ticket, "handle", offer).await;
        let mine = second.get("/api/v1/tickets?offered=true").await;
        assert_eq!(mine["items"][0]["id"], ticket["id"]);
        let taken = second
            .does(&ticket, "handle", json!({"action": "accept_transfer"}))
            .await;
        assert_eq!(taken["current_owner_id"], second_id);
        let seen = first.get(&own).await;
        assert_eq!(
            seen["first_owner_id"], first_id,
            "for good, and he sees it still"
        );

        let close = json!({"action": "close", "resolution": "已电话答复"});
        second.does(&ticket, "handle", close).await;
        let day = "from=2026-11-22T16:00:00Z&to=2026-11-23T16:00:00Z";
        let measures = format!("/api/v1/first-owner-measures?{day}&first_owner=");
        let measured = lead
            .get(&format!("{measures}{}", first_id.as_str().unwrap()))
            .await;
        let measured = &measured["items"][0];
        assert_eq!(measured["first_owner"]["name"], "陈晓雯");
        for (name, count) in [
            ("taken", 1),
            ("open", 0),
            ("in_time", 1),
            ("handed_on", 1),
            ("reopened", 0),
        ] {
            assert_eq!(measured[name]["count"], count, "{name}: {measured}");
            let list = measured[name]["list"].as_str().unwrap();
            assert_eq!(lead.get(list).await["total"], count, "{list}");
        }
        let none = lead
            .get(&format!("{measures}{}", second_id.as_str().unwrap()))
            .await;
        assert_eq!(
            none["items"],
            json!([]),
            "who took it over is not its first owner"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_in_for_an_absent_owner_is_told_and_answers_and_the_ticket_stays_the_owners() {
    on_both(async |server| {
        let (owner, cover) = (
            server.sign_in("agent1").await,
            server.sign_in("agent2").await,
        );
        let (clerk, lead) = (server.sign_in("agent3").await, server.sign_in("lead").await);
        let (owner_id, cover_id) = (owner.own_id().await, cover.own_id().await);
        for agent in [&owner, &cover, &clerk] {
            stands(agent, "break").await;
        }
        let ticket = visited(&owner, "101").await;
        let own = path("tickets", &ticket);
        let hidden = cover.ask(Method::GET, &own, None).await;
        assert_eq!(hidden.0, StatusCode::NOT_FOUND);
        let plan = json!({"version": 0, "covers": [{"user_id": cover_id}],
            "absences": [{"from_day": "2026-11-24", "to_day": "2026-11-25"}]});
        let covers = format!("/api/v1/covers/{}", owner_id.as_str().unwrap());
        let refused = clerk.refused(Method::PUT, &covers, plan.clone()).await;
        assert_eq!(refused.0, StatusCode::FORBIDDEN);
        lead.put(&covers, plan).await;
        assert!(
            lead.get(&own).await["covered_by"].is_null(),
            "he is there today"
        );

        // The next morning he is on leave.
        server.clock.advance(Duration::from_hours(23));
        let seen = cover.get(&own).await;
        assert_eq!(seen["covered_by"]["person"]["id"], cover_id, "{seen}");
        assert_eq!(seen["covered_by"]["reason"], "absence");
        assert_eq!(seen["current_owner_id"], owner_id);

        // The requester comes again, to somebody else.
        let new =
            json!({"request_type": "consult", "matter": "101", "summary": "再问", "phone": PHONE});
        let (status, open) = clerk.ask(Method::POST, "/api/v1/tickets", Some(new)).await;
        assert_eq!(
            (status, &open["code"]),
            (StatusCode::CONFLICT, &json!("open_ticket_exists"))
        );
        assert_eq!(
            (&open["number"], &open["owner"]),
            (&ticket["number"], &json!("陈晓雯"))
        );
        let said = json!({"phone": PHONE, "summary": "来访询问进度"});
        let taken = clerk.post(&format!("{own}/contacts"), said).await;
        assert_eq!(taken["covered_by"]["person"]["name"], "李志强");
        for told in [&owner, &cover] {
            is_told(told, "ticket_contact_attached", &ticket).await;
        }

        // Half of the limit is used on Tuesday at 14:45.
        server.clock.advance(Duration::from_hours(6));
        for told in [&owner, &cover] {
            is_told(told, "ticket_half", &ticket).await;
        }
        let reply = json!({"action": "reply", "answer": "按社保缴费年限计算"});
        let answered = cover.does(&ticket, "handle", reply).await;
        assert_eq!(answered["state"], "replied");
        assert_eq!(
            (&answered["first_owner_id"], &answered["current_owner_id"]),
            (&owner_id, &owner_id)
        );
        let trail = server
            .sign_in("auditor")
            .await
            .get("/api/v1/audit?action=cover.set")
            .await;
        assert_eq!(trail["total"], 1, "{trail}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_call_rings_at_the_owner_and_while_he_is_away_at_who_stands_in_for_him() {
    on_both(async |server| {
        let lead = server.sign_in("lead").await;
        // Ready the longest, and so the first whom a call without an owner would ring.
        let other = server.desk_agent("agent3").await;
        let owner = server.desk_agent("agent1").await;
        let cover = server.desk_agent("agent2").await;
        visited(&owner.person, "101").await;
        let owner_id = owner.person.own_id().await;
        let plan = json!({"version": 0, "covers": [{"user_id": cover.person.own_id().await}]});
        let covers = format!("/api/v1/covers/{}", owner_id.as_str().unwrap());
        lead.put(&covers, plan).await;

        let again = server.requester(PHONE, 9_000);
        let call = owner.in_state("talking").await;
        finished(again, &server.folder).await;
        owner.in_state("wrap_up").await;
        owner.write_up(&call, "answered", "再问工作年限").await;
        owner.in_state("ready").await;
        stands(&owner.person, "signed_out").await;
        owner.in_state("signed_out").await;
        lead.until(
            "/api/v1/tickets?open=true",
            Duration::from_secs(5),
            |tickets| tickets["items"][0]["covered_by"]["reason"] == "signed_out",
        )
        .await;

        let third = server.requester(PHONE, 9_000);
        cover.in_state("talking").await;
        finished(third, &server.folder).await;
        let idle = other.person.get("/api/v1/agent-state").await;
        assert_eq!(idle["state"], "ready", "he was not asked: {idle}");
    })
    .await;
}
