//! Who is told of what.

use std::sync::Arc;

use futures::future::BoxFuture;
use kernel::{Event, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::{House, TICKET, admin, agent, lead, manager, on_both, section, told};

async fn told_kinds(house: &House) -> Vec<(&'static str, Vec<String>)> {
    let mut all = Vec::new();
    for (name, who) in [
        ("agent1", agent(1)),
        ("agent2", agent(2)),
        ("lead", lead()),
        ("manager", manager()),
        ("section", section()),
        ("admin", admin()),
    ] {
        let kinds = house.kinds(&who).await;
        if !kinds.is_empty() {
            all.push((name, kinds));
        }
    }
    all
}

fn only(people: &[(&'static str, &str)]) -> Vec<(&'static str, Vec<String>)> {
    people
        .iter()
        .map(|(name, kind)| (*name, vec![(*kind).to_owned()]))
        .collect()
}

#[tokio::test]
async fn each_event_reaches_those_it_concerns_and_nobody_else() {
    on_both(async |house| {
        let to_agent2 = json!({ "transfer_to": agent(2).user_id });
        let alarm = |note: &str| json!({ "note": note });
        let review = json!({ "state": "pending_review", "by": agent(1).user_id });
        let stories = [
            (
                "ticket.dispatched",
                json!({}),
                vec![("agent1", "ticket_dispatched")],
            ),
            (
                "ticket.reassigned",
                json!({}),
                vec![("agent1", "ticket_reassigned")],
            ),
            (
                "ticket.transfer_offered",
                to_agent2,
                vec![("agent2", "ticket_transfer_offered")],
            ),
            (
                "ticket.transfer_fell_back",
                json!({}),
                vec![("agent1", "ticket_transfer_fell_back")],
            ),
            (
                "ticket.transfer_refused",
                json!({}),
                vec![("agent1", "ticket_transfer_refused")],
            ),
            (
                "ticket.alarm",
                alarm("half"),
                vec![("agent1", "ticket_half")],
            ),
            (
                "ticket.alarm",
                alarm("most_used"),
                vec![("agent1", "ticket_most_used")],
            ),
            (
                "ticket.alarm",
                alarm("due"),
                vec![("agent1", "ticket_due"), ("lead", "ticket_due")],
            ),
            (
                "ticket.alarm",
                alarm("overdue"),
                vec![
                    ("agent1", "ticket_overdue"),
                    ("lead", "ticket_overdue"),
                    ("manager", "ticket_overdue"),
                ],
            ),
            (
                "ticket.alarm",
                alarm("sign_due"),
                vec![("agent1", "ticket_sign_due"), ("lead", "ticket_sign_due")],
            ),
            (
                "ticket.alarm",
                alarm("supervision_due"),
                vec![
                    ("agent1", "ticket_supervision_due"),
                    ("lead", "ticket_supervision_due"),
                ],
            ),
            (
                "ticket.replied",
                review,
                vec![("section", "ticket_to_review")],
            ),
            ("ticket.replied", json!({ "state": "replied" }), vec![]),
            (
                "ticket.sent_back",
                json!({}),
                vec![("agent1", "ticket_sent_back")],
            ),
            (
                "ticket.granted",
                json!({}),
                vec![("agent1", "ticket_granted")],
            ),
            (
                "ticket.refused",
                json!({}),
                vec![("agent1", "ticket_refused")],
            ),
            ("ticket.edited", json!({}), vec![]),
            // Of 5,000 imported work orders the owner hears once.
            ("ticket.dispatched", json!({ "many": 5000 }), vec![]),
            (
                "work_orders.imported",
                json!({ "new": 5000 }),
                vec![("agent1", "work_orders_imported")],
            ),
            ("work_orders.imported", json!({ "new": 0 }), vec![]),
            (
                "ticket.return_asked",
                json!({}),
                vec![("lead", "ticket_return_asked")],
            ),
            ("ticket.urged", json!({}), vec![("agent1", "ticket_urged")]),
            (
                "instruction.submitted",
                json!({}),
                vec![("section", "instruction_submitted")],
            ),
            (
                "instruction.replied",
                json!({ "author_id": agent(2).user_id }),
                vec![("agent2", "instruction_replied")],
            ),
            (
                "escalation.promoted",
                json!({ "recipients": [manager().user_id] }),
                vec![("manager", "escalation_promoted")],
            ),
            (
                "trunk.down",
                json!({ "number": "电信" }),
                vec![("lead", "trunk_down"), ("admin", "trunk_down")],
            ),
            (
                "trunk.up",
                json!({ "number": "电信" }),
                vec![("lead", "trunk_up"), ("admin", "trunk_up")],
            ),
            (
                "recording.not_intact",
                json!({ "condition": "damaged" }),
                vec![
                    ("lead", "recording_not_intact"),
                    ("admin", "recording_not_intact"),
                ],
            ),
            (
                "contact.owed",
                json!({ "agent": agent(2).user_id }),
                vec![("agent2", "contact_owed"), ("lead", "contact_owed")],
            ),
        ];
        let stories = stories.into_iter().chain(of_learning());
        for (event, more, expected) in stories {
            house.sql("delete from notice_deliveries", vec![]).await;
            house.sql("delete from notices", vec![]).await;
            house.happens(event, TICKET, told(more.clone())).await;
            assert_eq!(told_kinds(&house).await, only(&expected), "{event} {more}");
        }
    })
    .await;
}

/// What is told of an event, to whom.
type Story = (&'static str, Value, Vec<(&'static str, &'static str)>);

/// Who learns hears what concerns him; who set the exam hears nothing of it.
fn of_learning() -> Vec<Story> {
    let mine = |state: &str| json!({ "user_id": agent(2).user_id, "state": state });
    let people = json!({ "people": [agent(1).user_id, agent(2).user_id, lead().user_id], "by": lead().user_id });
    let both = |kind| vec![("agent1", kind), ("agent2", kind)];
    vec![
        (
            "learning.training_planned",
            people.clone(),
            both("training_planned"),
        ),
        (
            "learning.training_cancelled",
            people,
            both("training_cancelled"),
        ),
        (
            "learning.exam_assigned",
            mine("assigned"),
            vec![("agent2", "exam_assigned")],
        ),
        (
            "learning.exam_changed",
            mine("assigned"),
            vec![("agent2", "exam_rescheduled")],
        ),
        ("learning.exam_changed", mine("in_progress"), vec![]),
        ("learning.exam_handed_in", mine("submitted"), vec![]),
        (
            "learning.exam_passed",
            mine("passed"),
            vec![("agent2", "exam_passed")],
        ),
        (
            "learning.exam_failed",
            mine("failed"),
            vec![("agent2", "exam_failed")],
        ),
        (
            "learning.exam_failed_finally",
            mine("replacement"),
            vec![("agent2", "exam_failed_finally")],
        ),
        (
            "learning.exam_result_corrected",
            mine("passed"),
            vec![("agent2", "exam_result_corrected")],
        ),
        (
            "learning.certificate_issued",
            mine("valid"),
            vec![("agent2", "certificate_issued")],
        ),
        (
            "learning.certificate_revoked",
            mine("revoked"),
            vec![("agent2", "certificate_revoked")],
        ),
    ]
}

#[tokio::test]
async fn an_exam_that_was_handed_in_or_need_not_be_sat_waits_no_more() {
    on_both(async |house| {
        let mine = |state: &str| told(json!({ "user_id": agent(1).user_id, "state": state }));
        for over in ["learning.exam_handed_in", "learning.exam_excused"] {
            house.sql("delete from notice_deliveries", vec![]).await;
            house.sql("delete from notices", vec![]).await;
            house
                .happens("learning.exam_assigned", TICKET, mine("assigned"))
                .await;
            let page = house.get(&agent(1), "/api/v1/notices").await;
            assert_eq!(page["items"][0]["subject_kind"], "exam_attempt");
            assert!(page["items"][0]["done_at"].is_null(), "{page}");
            house.happens(over, TICKET, mine("submitted")).await;
            let page = house.get(&agent(1), "/api/v1/notices").await;
            assert!(!page["items"][0]["done_at"].is_null(), "{over}: {page}");
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_is_told_of_what_he_did_or_of_a_complaint_about_himself() {
    on_both(async |house| {
        let by_himself = told(json!({ "by": agent(1).user_id }));
        house.happens("ticket.dispatched", TICKET, by_himself).await;
        let about_the_lead = told(json!({ "note": "due", "complained_agent_id": lead().user_id }));
        house.happens("ticket.alarm", TICKET, about_the_lead).await;
        assert_eq!(told_kinds(&house).await, only(&[("agent1", "ticket_due")]));
    })
    .await;
}

#[tokio::test]
async fn an_event_heard_twice_tells_once() {
    on_both(async |house| {
        house.is_reached(&agent(1), "one", "13900000001").await;
        let event = Event {
            id: house.app.ids.next(),
            kind: "ticket.alarm".to_owned(),
            subject_id: TICKET.to_string(),
            payload: told(json!({ "note": "sign_due" })),
            occurred_at: house.app.clock.now(),
        };
        house.hears(&event).await;
        house.hears(&event).await;
        assert_eq!(house.kinds(&agent(1)).await, ["ticket_sign_due"]);
        house.until("email", "sent").await;
        house.until("sms", "sent").await;
        assert_eq!(house.outside.mails().len(), 1);
        assert_eq!(house.outside.texts().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_notice_keeps_no_title_and_no_person() {
    on_both(async |house| {
        house
            .happens("ticket.dispatched", TICKET, told(json!({})))
            .await;
        let page = house.get(&agent(1), "/api/v1/notices").await;
        let told = &page["items"][0];
        assert_eq!(told["subject_kind"], "ticket");
        assert_eq!(told["subject_id"], TICKET.to_string());
        assert_eq!(told["parameters"]["number"], "SJ20261123-0001");
        assert!(!told.to_string().contains("张三"), "{told}");
    })
    .await;
}

/// Of the section for examinations only agent 2 is on duty; of another nobody.
struct OneOnDuty;

impl notices::Duty for OneOnDuty {
    fn on_duty<'a>(&'a self, section: &'a str) -> BoxFuture<'a, Result<Vec<Uuid>>> {
        let people = if section == "考试科" {
            vec![agent(2).user_id]
        } else {
            vec![]
        };
        Box::pin(async move { Ok(people) })
    }
}

#[tokio::test]
async fn of_a_section_those_on_duty_are_told_and_everybody_when_nobody_is() {
    on_both(async |house| {
        house.notices.attach_duty(Arc::new(OneOnDuty));
        let review = told(json!({ "state": "pending_review" }));
        house.happens("ticket.replied", TICKET, review).await;
        assert_eq!(
            told_kinds(&house).await,
            only(&[("agent2", "ticket_to_review")])
        );
        let elsewhere = told(json!({ "state": "pending_review", "section": "职称科" }));
        house.happens("ticket.replied", TICKET, elsewhere).await;
        assert_eq!(house.kinds(&section()).await, ["ticket_to_review"]);
    })
    .await;
}
