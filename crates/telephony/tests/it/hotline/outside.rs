//! Numbers outside that are called from a running call: guarded and counted like any other (toll fraud), and called with
//! the queue's number.

use axum::Router;
use axum::http::{Method, StatusCode};
use floor::{AgentState, Presence};
use kernel::{Principal, Role};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};
use telephony::caller::CallReport;
use testing::{Answer, Kind, call, principal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::carrier::{Carrier, must};
use super::raw::{Raw, header, response, sdp, status};
use super::{Hotline, SECRET, agent, open, until};
use crate::outbound::agree;

/// A call that agent 1 has on a phone by hand, and the doors.
struct Talk {
    line: Hotline,
    carrier: Carrier,
    router: Router,
    phone: Raw,
    /// The INVITE to the phone, and its 200.
    dialog: (String, String),
    id: Uuid,
    stop: CancellationToken,
    call: JoinHandle<CallReport>,
}

impl Talk {
    async fn begin(line: Hotline, carrier: Carrier, router: Router) -> Self {
        let mut phone = Raw::new(line.sip).await;
        phone.register("agent1", SECRET).await;
        until("the device is known", || async {
            let known = line.floor.agent(agent(1)).await;
            known.is_ok_and(|agent| agent.device.reachable)
        })
        .await;
        let floor = &line.floor;
        floor.ask(agent(1), Presence::Ready, None).await.unwrap();
        let stop = CancellationToken::new();
        let call = line.call(|plan| plan.stop = stop.clone());
        let invite = phone.hear_request("INVITE").await;
        let contact = format!("sip:agent1@{}", phone.address());
        let ok = response(&invite, "200 OK", &contact, &sdp(9, "sendrecv"));
        phone.send(&ok).await;
        phone.hear_request("ACK").await;
        until("agent talks", || async {
            line.state_of(1) == AgentState::Talking
        })
        .await;
        // The staff number is read out first.
        tokio::time::sleep(std::time::Duration::from_millis(5500)).await;
        let id = line.records().await[0].id;
        Self {
            line,
            carrier,
            router,
            phone,
            dialog: (invite, ok),
            id,
            stop,
            call,
        }
    }

    async fn ask(
        &self,
        who: &Principal,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        call(&self.router, Some(who), method, path, body).await
    }

    async fn post(&self, who: &Principal, path: &str, body: Value) -> Answer {
        self.ask(who, Method::POST, path, Some(body)).await
    }

    /// The code of the refusal, or nothing.
    async fn wants(&self, verb: &str, number: &str) -> Option<String> {
        let path = format!("/api/v1/calls/{}/{verb}", self.id);
        let answer = self.post(&seat(), &path, json!({ "number": number })).await;
        if answer.status == StatusCode::NO_CONTENT {
            return None;
        }
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.json);
        answer.json["code"].as_str().map(str::to_owned)
    }

    /// The carrier hears of the call and is busy.
    async fn is_busy(&mut self, number: &str) -> String {
        let invite = self.carrier.request("INVITE").await;
        assert!(
            invite.starts_with(&format!("INVITE sip:{number}@")),
            "{invite}"
        );
        self.carrier.respond(&invite, "486 Busy Here", "", "").await;
        let engine = self.line.telephony.engine();
        until("nobody is asked any more", || async {
            engine
                .standing(self.id)
                .is_some_and(|now| now.third.is_none())
        })
        .await;
        invite
    }

    /// The transfer key of the phone; gives the final status.
    async fn refers(&self, number: &str, cseq: u32) -> u16 {
        let (invite, ok) = &self.dialog;
        let refer = Raw::inside_called(invite, ok, "REFER", cseq, "");
        let more = format!("Refer-To: <sip:{number}@127.0.0.1>\r\nContent-Length");
        let refer = refer.replacen("Content-Length", &more, 1);
        self.phone.send(&refer).await;
        loop {
            let heard = self.phone.hear().await.expect("an answer to REFER");
            let of_refer = header(&heard, "cseq").is_some_and(|cseq| cseq.contains("REFER"));
            if of_refer && heard.starts_with("SIP/2.0 ") && status(&heard) >= 200 {
                return status(&heard);
            }
        }
    }

    async fn ends(self) -> Hotline {
        self.stop.cancel();
        self.call.await.unwrap();
        self.line
    }
}

fn seat() -> Principal {
    let mut seat = principal(&[Role::Agent]);
    seat.user_id = agent(1);
    seat
}

fn lead() -> Principal {
    principal(&[Role::ShiftLead])
}

async fn told(line: &Hotline, kind: &str) -> Vec<Value> {
    let asked = Statement::from_sql_and_values(
        line.app.db.backend(),
        "select payload from events where kind = $1 order by id",
        [kind.into()],
    );
    let rows = line.app.db.read().query_all_raw(asked).await.unwrap();
    rows.iter()
        .map(|row| row.try_get::<Value>("", "payload").unwrap())
        .collect()
}

/// A hotline with one carrier.
async fn with_carrier(kind: Kind) -> (Hotline, Carrier, Router) {
    let carrier = Carrier::new().await;
    let host = carrier.address();
    let line = Box::pin(open(kind, |settings| settings.sip.trunk_hosts = vec![host])).await;
    let capabilities = vec![
        telephony::capability(&line.telephony),
        floor::capability(&line.floor),
    ];
    let router = line.app.start(capabilities).await;
    (line, carrier, router)
}

/// peers.md §5.2, 33: who has a stolen sign-in and a call in hand gets no further than with a call of his own.
#[tokio::test(flavor = "multi_thread")]
async fn no_way_round_the_caps_leads_over_consultations_and_transfers() {
    for kind in Kind::all() {
        eprintln!("--- on {kind:?}");
        let (line, carrier, router) = with_carrier(*kind).await;
        agree(&line.app, "outbound.most_per_agent", "4").await;
        agree(&line.app, "outbound.most_per_number", "2").await;
        let queues = call(&router, Some(&lead()), Method::GET, "/api/v1/queues", None).await;
        let mut rules = queues.json["items"][0].clone();
        rules.as_object_mut().unwrap().remove("code");
        rules["caller_id"] = json!("02012333");
        let path = "/api/v1/queues/hotline";
        let put = call(&router, Some(&lead()), Method::PUT, path, Some(rules)).await;
        assert_eq!(put.status, StatusCode::OK, "{}", put.json);
        let mut talk = Box::pin(Talk::begin(line, carrier, router)).await;
        let code = |code: &str| Some(code.to_owned());
        for premium in ["4008123456", "16812345", "0085221234567"] {
            for verb in ["consult", "transfer"] {
                assert_eq!(
                    talk.wants(verb, premium).await,
                    code("outbound_number_not_allowed"),
                    "{premium}"
                );
            }
        }
        assert_eq!(talk.wants("consult", "13900000002").await, None);
        let invite = talk.is_busy("13900000002").await;
        assert!(must(&invite, "from").contains("sip:02012333@"), "{invite}");
        assert_eq!(talk.wants("transfer", "13900000002").await, None);
        talk.is_busy("13900000002").await;
        assert_eq!(
            talk.wants("consult", "13900000002").await,
            code("outbound_number_cap")
        );
        // The transfer key of a desk phone is no way round either.
        assert_eq!(talk.refers("13900000002", 301).await, 603);
        assert_eq!(talk.refers("13900000003", 302).await, 202);
        talk.is_busy("13900000003").await;
        assert_eq!(talk.wants("consult", "13900000004").await, None);
        talk.is_busy("13900000004").await;
        for verb in ["consult", "transfer"] {
            assert_eq!(
                talk.wants(verb, "13900000005").await,
                code("outbound_agent_cap")
            );
        }
        assert_eq!(talk.refers("13900000005", 303).await, 603);
        while let Some(heard) = talk.carrier.hear_within(1).await {
            assert!(heard.starts_with("ACK "), "{heard}");
        }
        let path = format!("/api/v1/outbound-calls?within={}", talk.id);
        let counted = talk.ask(&lead(), Method::GET, &path, None).await.json;
        assert_eq!(counted["total"], 4, "{counted}");
        let purposes: Vec<_> = counted["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["purpose"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(purposes, ["consult", "transfer", "transfer", "consult"]);
        let path = "/api/v1/outbound-refusals";
        let refused = talk.ask(&lead(), Method::GET, path, None).await.json;
        assert_eq!(refused["total"], 11, "{refused}");
        let capped = told(&talk.line, "outbound.capped").await;
        let codes: Vec<_> = capped.iter().map(|one| one["code"].clone()).collect();
        assert_eq!(codes, ["outbound_number_cap", "outbound_agent_cap"]);
        assert_eq!(capped[0]["agent_name"], "座席1");
        let (id, router) = (talk.id, talk.router.clone());
        let line = talk.ends().await;
        // With the call, what was called from it is over.
        let path = format!("/api/v1/outbound-calls?within={id}&state=ended");
        until("the calls are over", || async {
            let ended = call(&router, Some(&lead()), Method::GET, &path, None).await;
            ended.json["total"] == 4
        })
        .await;
        line.settled().await;
        line.app.shutdown.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_and_wishes_of_requesters_hold_in_a_call_and_sections_are_asked_at_any_time() {
    let (line, carrier, router) = with_carrier(Kind::Sqlite).await;
    // 21:00 in Guangzhou.
    line.app.clock.advance(std::time::Duration::from_hours(11));
    let manager = principal(&[Role::OpsManager]);
    let section = json!({
        "rule": { "number": "02083300000", "name": "考试科", "active": true }, "source": "约定",
    });
    let path = "/api/v1/rules/outbound-sections";
    let made = call(&router, Some(&manager), Method::POST, path, Some(section)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
    let mut talk = Box::pin(Talk::begin(line, carrier, router)).await;
    assert_eq!(
        talk.wants("transfer", "13900000002").await,
        Some("outbound_outside_hours".to_owned())
    );
    assert_eq!(talk.wants("consult", "02083300000").await, None);
    let invite = talk.is_busy("02083300000").await;
    assert!(must(&invite, "from").contains("sip:12333@"), "{invite}");
    agree(&talk.line.app, "outbound.call_to", "23:00").await;
    let wish = json!({ "number": "13900000002", "reason": "不愿被打扰" });
    let entered = talk.post(&lead(), "/api/v1/do-not-call", wish).await;
    assert!(entered.status.is_success(), "{}", entered.json);
    assert_eq!(
        talk.wants("consult", "13900000002").await,
        Some("outbound_do_not_call".to_owned())
    );
    // Whom the call may be left to, for who may not see the floor.
    let receivers = talk
        .ask(&seat(), Method::GET, "/api/v1/calls/receivers", None)
        .await;
    assert_eq!(receivers.status, StatusCode::OK, "{}", receivers.json);
    let found = &receivers.json;
    assert_eq!(
        found["sections"],
        json!([{ "number": "02083300000", "name": "考试科" }])
    );
    assert_eq!(found["queues"][0]["code"], "hotline");
    assert_eq!(
        found["colleagues"],
        json!([]),
        "nobody else is on the floor"
    );
    let other = talk.line.ready_agent(2, |_| {}).await;
    let path = "/api/v1/calls/receivers?q=8002";
    let found = talk.ask(&seat(), Method::GET, path, None).await.json;
    assert_eq!(
        (
            &found["colleagues"][0]["name"],
            &found["colleagues"][0]["free"]
        ),
        (&json!("座席2"), &json!(true))
    );
    assert_eq!(
        (&found["queues"], &found["sections"]),
        (&json!([]), &json!([]))
    );
    drop(other);
    talk.ends().await.settled().await;
}
