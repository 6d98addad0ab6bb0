//! Showing that a number is one's own, and those who try to show that another's is.

use std::time::Duration;

use kernel::audit::Who;
use kernel::problem::Result;
use requesters::{CallWay, ProofOutcome};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Desk, on_both};

const WEB: &str = "visitor-0000-0001";

fn who() -> Who {
    Who::system("test")
}

impl Desk {
    async fn code(&self, writer: Uuid) -> Result<String> {
        let app = (*self.app).clone();
        self.app
            .db
            .write(async move |tx| {
                let code = requesters::start_proof(&app, &*tx, writer).await?;
                assert!(!format!("{code:?}").contains(code.reveal()), "in no log");
                Ok(code.reveal().to_owned())
            })
            .await
    }

    async fn reads_out(&self, code: &str, caller: Uuid, way: CallWay) -> Result<ProofOutcome> {
        let (app, code) = ((*self.app).clone(), code.to_owned());
        self.app
            .db
            .write(async move |tx| {
                requesters::finish_proof(&app, &tx, &who(), &code, (caller, way)).await
            })
            .await
    }

    async fn sms(&self, writer: Uuid, number: &'static str) -> Result<String> {
        let app = (*self.app).clone();
        self.app
            .db
            .write(async move |tx| {
                let sms = requesters::start_sms_proof(&app, &*tx, writer, number).await?;
                assert!(!format!("{sms:?}").contains(number), "in no log");
                Ok(sms.code.reveal().to_owned())
            })
            .await
    }

    async fn types(&self, writer: Uuid, code: &str) -> Result<ProofOutcome> {
        let (app, code) = ((*self.app).clone(), code.to_owned());
        self.app
            .db
            .write(async move |tx| {
                requesters::finish_sms_proof(&app, &tx, &who(), writer, &code).await
            })
            .await
    }

    async fn writer(&self) -> Uuid {
        self.writes("web", WEB).await.requester.id
    }
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

#[tokio::test]
async fn a_code_read_out_on_a_call_to_the_number_makes_one_person() {
    on_both(async |desk| {
        let (caller, writer) = (desk.rings("13900000001").await.id, desk.writer().await);
        let code = desk.code(writer).await.unwrap();
        let spoken = format!("{} {}", &code[..3], &code[3..]);
        let proven = desk
            .reads_out(&spoken, caller, CallWay::WeCalled)
            .await
            .unwrap();
        let person_id = caller;
        assert_eq!(
            proven,
            ProofOutcome::Proven {
                writer,
                caller,
                person_id
            }
        );
        for id in [caller, writer] {
            let shown = desk.get(&format!("/api/v1/requesters/{id}")).await;
            assert_eq!(
                (&shown["identity"], &shown["proven_by"], &shown["person_id"]),
                (&json!("proven"), &json!("code"), &json!(caller))
            );
            assert!(shown["proven_at"].is_string());
        }
        let replayed = desk
            .reads_out(&code, caller, CallWay::WeCalled)
            .await
            .unwrap();
        assert!(
            matches!(replayed, ProofOutcome::Wrong { .. }),
            "a code serves once"
        );
    })
    .await;
}

#[tokio::test]
async fn a_code_on_a_call_that_came_in_suggests_and_joins_nobody() {
    on_both(async |desk| {
        // Whoever writes calls with the number of somebody else.
        let (victim, writer) = (desk.rings("13900000001").await.id, desk.writer().await);
        let code = desk.code(writer).await.unwrap();
        let heard = desk
            .reads_out(&code, victim, CallWay::CalledUs)
            .await
            .unwrap();
        assert_eq!(
            heard,
            ProofOutcome::Suggested {
                writer,
                caller: victim
            }
        );
        assert_eq!(desk.person(victim).await.len(), 1);
        let shown = desk.get(&format!("/api/v1/requesters/{victim}")).await;
        assert_eq!(shown["identity"], "unverified");
        assert_eq!(
            desk.suggested(writer).await,
            [(victim, json!(["code_heard"]))]
        );
    })
    .await;
}

#[tokio::test]
async fn guessing_ends_after_five_tries() {
    on_both(async |desk| {
        let (caller, writer) = (desk.rings("13900000001").await.id, desk.writer().await);
        let code = desk.code(writer).await.unwrap();
        let wrong = other_than(&code);
        for left in [4, 3, 2, 1, 0] {
            let outcome = desk
                .reads_out(&wrong, caller, CallWay::WeCalled)
                .await
                .unwrap();
            assert_eq!(outcome, ProofOutcome::Wrong { left });
        }
        let right = desk.reads_out(&code, caller, CallWay::WeCalled).await;
        assert_eq!(right.unwrap_err().code, "proof_too_many_tries");
        desk.app.clock.advance(Duration::from_mins(16));
        let late = desk
            .reads_out(&code, caller, CallWay::WeCalled)
            .await
            .unwrap();
        assert_eq!(
            late,
            ProofOutcome::Wrong { left: 4 },
            "the code is too old by now"
        );

        let code = desk.sms(writer, "13900000002").await.unwrap();
        let wrong = other_than(&code);
        let guesses = (0..12).map(|_| desk.types(writer, &wrong));
        let guessed = futures::future::join_all(guesses).await;
        let looked_at = guessed.iter().filter(|guess| guess.is_ok()).count();
        assert_eq!(looked_at, 5, "also when they come at once");
        let right = desk.types(writer, &code).await;
        assert_eq!(right.unwrap_err().code, "proof_none_open");
    })
    .await;
}

#[tokio::test]
async fn a_message_to_the_number_proves_it_to_its_own_writer_alone() {
    on_both(async |desk| {
        let writer = desk.writer().await;
        let thief = desk.writes("qq_bot", "10001000").await.requester.id;
        let code = desk.sms(writer, "139 0000 0001").await.unwrap();
        let stolen = desk.types(thief, &code).await;
        assert_eq!(stolen.unwrap_err().code, "proof_none_open");
        desk.sms(thief, "13900000009").await.unwrap();
        let stolen = desk.types(thief, &code).await.unwrap();
        assert_eq!(stolen, ProofOutcome::Wrong { left: 4 });
        let read_out = desk.rings("13900000003").await.id;
        let wrong_way = desk
            .reads_out(&code, read_out, CallWay::WeCalled)
            .await
            .unwrap();
        assert_eq!(
            wrong_way,
            ProofOutcome::Wrong { left: 4 },
            "it was sent to be typed"
        );

        let proven = desk.types(writer, &code).await.unwrap();
        let ProofOutcome::Proven { caller, .. } = proven else {
            panic!("{proven:?}");
        };
        // Nobody had called from the number yet.
        assert_eq!(desk.rings("13900000001").await.id, caller);
        assert_eq!(desk.person(writer).await.len(), 2);
        let again = desk.types(writer, &code).await;
        assert_eq!(again.unwrap_err().code, "proof_none_open");
    })
    .await;
}

#[tokio::test]
async fn codes_are_given_seldom_and_strangers_are_not_troubled() {
    on_both(async |desk| {
        let writer = desk.writer().await;
        let first = desk.code(writer).await.unwrap();
        let caller = desk.rings("13900000001").await.id;
        desk.code(writer).await.unwrap();
        let replaced = desk
            .reads_out(&first, caller, CallWay::WeCalled)
            .await
            .unwrap();
        assert!(
            matches!(replaced, ProofOutcome::Wrong { .. }),
            "the last one holds"
        );
        desk.code(writer).await.unwrap();
        assert_eq!(
            desk.code(writer).await.unwrap_err().code,
            "proof_too_many_codes"
        );

        for visitor in ["visitor-a-0001", "visitor-b-0001", "visitor-c-0001"] {
            let another = desk.writes("web", visitor).await.requester.id;
            desk.sms(another, "13900000005").await.unwrap();
        }
        let another = desk.writes("web", "visitor-d-0001").await.requester.id;
        let fourth = desk.sms(another, "13900000005").await;
        assert_eq!(fourth.unwrap_err().code, "proof_too_many_codes");
        for number in ["12345", "02083300000", "anonymous", ""] {
            let refused = desk.sms(another, number).await;
            assert_eq!(refused.unwrap_err().code, "number_no_mobile");
        }
        for number in ["anonymous", "12345"] {
            let nobody = desk.rings(number).await.id;
            let refused = desk.reads_out("000000", nobody, CallWay::WeCalled).await;
            assert_eq!(refused.unwrap_err().code, "proof_no_number");
        }
    })
    .await;
}

#[tokio::test]
async fn a_code_that_two_enter_at_once_serves_one() {
    on_both(async |desk| {
        let writer = desk.writer().await;
        let code = desk.code(writer).await.unwrap();
        let (a, b) = (
            desk.rings("13900000001").await.id,
            desk.rings("13900000002").await.id,
        );
        let (first, second) = futures::future::join(
            desk.reads_out(&code, a, CallWay::WeCalled),
            desk.reads_out(&code, b, CallWay::WeCalled),
        )
        .await;
        let proven = [first.unwrap(), second.unwrap()];
        let made = proven
            .iter()
            .filter(|one| matches!(one, ProofOutcome::Proven { .. }));
        assert_eq!(made.count(), 1, "{proven:?}");
        assert_eq!(desk.person(writer).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_proof_speaks_for_nobody_once_it_is_taken_back() {
    on_both(async |desk| {
        let (caller, writer) = (desk.rings("13900000001").await.id, desk.writer().await);
        let code = desk.code(writer).await.unwrap();
        desk.reads_out(&code, caller, CallWay::WeCalled)
            .await
            .unwrap();
        desk.unmerge(writer).await;
        for id in [caller, writer] {
            let shown = desk.get(&format!("/api/v1/requesters/{id}")).await;
            assert_eq!(
                (&shown["identity"], &shown["proven_by"]),
                (&json!("unverified"), &json!(null))
            );
        }
        assert_eq!(desk.suggested(writer).await, []);

        // With another number proven, neither proof nor decision joins the two.
        let other = desk.writes("qq_bot", "10001000").await.requester.id;
        for (id, number) in [(writer, "13900000001"), (other, "13900000002")] {
            let code = desk.sms(id, number).await.unwrap();
            desk.types(id, &code).await.unwrap();
        }
        let both = desk.merge(other, writer).await;
        assert_eq!(both.json["code"], "requester_two_proven");
        let code = desk.sms(writer, "13900000002").await.unwrap();
        let taken = desk.types(writer, &code).await;
        assert_eq!(taken.unwrap_err().code, "requester_two_proven");
    })
    .await;
}
