//! One person over telephone and website: what was said on one way is known on the other.

use axum::http::{Method, StatusCode};
use kernel::problem::Result;
use requesters::{OnChannel, find_or_create_by_identity};
use serde_json::{Value, json};
use testing::Answer;
use uuid::Uuid;

use crate::desk::{Desk, agent, lead, on_both};

impl Desk {
    async fn writer(&self) -> Uuid {
        let app = self.services();
        let found: Result<_> = self
            .app
            .db
            .write(async move |tx| {
                let who = OnChannel {
                    channel: "web",
                    external_id: "visitor-0000-0001",
                    nickname: None,
                };
                find_or_create_by_identity(&app, &*tx, who).await
            })
            .await;
        found.unwrap().requester.id
    }

    async fn code(&self, writer: Uuid) -> String {
        let app = self.services();
        let code = self.app.db.write(async move |tx| {
            let code = requesters::start_proof(&app, &*tx, writer).await?;
            Ok(code.reveal().to_owned())
        });
        code.await.unwrap()
    }

    async fn reads_out(&self, call: Uuid, code: &str, number: u8) -> Answer {
        let path = format!("/api/v1/calls/{call}/proof");
        self.ask(
            &agent(number),
            Method::POST,
            &path,
            Some(json!({"code": code})),
        )
        .await
    }

    /// We call the number and are answered.
    async fn calls_out(&self, number: &'static str) -> Uuid {
        let (call, requester) = (self.app.ids.next(), self.requester(number).await);
        let payload = json!({"call_id": call, "requester_id": requester, "agent": agent(1).user_id,
            "direction": "outbound", "at": self.app.clock.now()});
        self.deliver("call.ringing", call, payload.clone()).await;
        self.deliver("call.answered", call, payload).await;
        call
    }

    async fn joined(&self, from: Uuid, into: Uuid) {
        let path = format!("/api/v1/requesters/{from}/merge");
        let body = json!({"into": into, "reason": "同一人"});
        let done = self.ask(&agent(1), Method::POST, &path, Some(body)).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.json);
    }
}

fn total(list: &Value) -> u64 {
    list["total"].as_u64().unwrap()
}

#[tokio::test]
async fn the_person_s_tickets_are_found_by_each_of_his_ways() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &agent(2), &lead()]).await;
        desk.signs_in(&agent(1)).await;
        let ticket = desk.open_ticket("13900000001", &agent(1)).await;
        let number = desk.ticket(&lead(), ticket).await["number"].clone();
        let (caller, writer) = (desk.requester("13900000001").await, desk.writer().await);
        let other = desk.requester("13900000002").await;

        let of = |requester: Uuid| format!("/api/v1/tickets?requester={requester}");
        assert_eq!(total(&desk.get(&lead(), &of(writer)).await), 0);
        let status = async |phone: &str| {
            let question = json!({"number": number, "phone": phone});
            let path = "/api/v1/public/ticket-status";
            desk.ask(&agent(1), Method::POST, path, Some(question))
                .await
                .status
        };
        assert_eq!(status("13900000002").await, StatusCode::NOT_FOUND);

        desk.joined(writer, caller).await;
        desk.joined(other, caller).await;
        for id in [caller, writer, other] {
            assert_eq!(total(&desk.get(&lead(), &of(id)).await), 1);
            let now = desk.app.clock.now();
            let taker = tickets::ticket::repeat::taker(desk.app.db.read(), now, id).await;
            assert_eq!(
                taker.unwrap(),
                Some(agent(1).user_id),
                "whatever way he comes"
            );
            let contacts = format!("/api/v1/contact-records?requester={id}");
            assert_eq!(total(&desk.get(&lead(), &contacts).await), 1);
        }
        assert_eq!(status("13900000002").await, StatusCode::OK);
        let found = desk.get(&lead(), "/api/v1/tickets?q=13900000002").await;
        assert_eq!(total(&found), 1, "looked for by another number of his");

        let call = desk.rings("13900000002", &agent(2)).await;
        let pop = desk
            .get(&agent(2), &format!("/api/v1/calls/{call}/pop"))
            .await;
        assert_eq!(pop["tickets"][0]["id"], json!(ticket));
        assert_eq!(pop["calls"].as_array().unwrap().len(), 1);
        desk.answers(call, &agent(2)).await;
        let wrap_up = json!({"request_type": "help", "matter": "106", "result": "attached",
            "summary": "又问进度", "ticket_id": ticket});
        let joined = desk.complete(&agent(2), call, wrap_up).await;
        assert_eq!(joined.json["ticket_id"], json!(ticket), "{}", joined.json);

        let path = format!("/api/v1/requesters/{other}/unmerge");
        let body = json!({"reason": "合并错了"});
        desk.ask(&agent(1), Method::POST, &path, Some(body)).await;
        assert_eq!(status("13900000002").await, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn a_code_on_our_call_proves_and_on_a_call_that_came_in_suggests() {
    on_both(async |desk| {
        desk.people(&[&agent(1), &agent(2), &lead()]).await;
        let (victim, writer) = (desk.requester("13900000001").await, desk.writer().await);

        // Somebody calls with the number of another.
        let came_in = desk.rings("13900000001", &agent(1)).await;
        let code = desk.code(writer).await;
        let early = desk.reads_out(came_in, &code, 1).await;
        assert_eq!(early.json["code"], "proof_no_call", "it only rings");
        desk.answers(came_in, &agent(1)).await;
        let stranger = desk.reads_out(came_in, &code, 2).await;
        assert_eq!(
            stranger.status,
            StatusCode::NOT_FOUND,
            "it is no call of his"
        );
        let wrong = desk.reads_out(came_in, "abc", 1).await;
        assert_eq!(
            (&wrong.json["code"], &wrong.json["left"]),
            (&json!("proof_wrong_code"), &json!(4)),
            "a wrong code counts also where it is refused"
        );
        let wrong = desk.reads_out(came_in, "", 1).await;
        assert_eq!(wrong.json["left"], 3);
        let heard = desk.reads_out(came_in, &code, 1).await;
        assert_eq!(heard.json["outcome"], "suggested", "{}", heard.json);
        let shown = desk
            .get(&lead(), &format!("/api/v1/requesters/{victim}"))
            .await;
        assert_eq!(
            (
                &shown["identity"],
                shown["members"].as_array().unwrap().len()
            ),
            (&json!("unverified"), 1)
        );

        let ours = desk.calls_out("13900000001").await;
        let code = desk.code(writer).await;
        let proven = desk.reads_out(ours, &code, 1).await;
        assert_eq!(proven.json["outcome"], "proven", "{}", proven.json);
        let shown = desk
            .get(&lead(), &format!("/api/v1/requesters/{writer}"))
            .await;
        assert_eq!(
            (&shown["identity"], &shown["person_id"]),
            (&json!("proven"), &json!(victim))
        );

        // Whoever calls with the number next is nobody's proof.
        let next = desk.rings("13900000001", &agent(2)).await;
        let pop = desk
            .get(&agent(2), &format!("/api/v1/calls/{next}/pop"))
            .await;
        assert_eq!(
            (
                &pop["requester"]["identity"],
                &pop["requester"]["proven_by"]
            ),
            (&json!("unverified"), &json!(null))
        );
        desk.deliver("call.ended", ours, json!({"outcome": "answered"}))
            .await;
        let over = desk.reads_out(ours, &code, 1).await;
        assert_eq!(over.json["code"], "proof_no_call");
    })
    .await;
}
