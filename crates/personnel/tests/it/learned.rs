//! What learning tells comes into the staff file once.

use kernel::audit::Who;
use personnel::Learned;
use serde_json::json;
use uuid::Uuid;

use crate::world::on_both;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_and_the_last_failed_try_come_from_learning_once() {
    on_both(true, async |world| {
        let user = world.id("agent4");
        let app = (*world.app).clone();
        let learned = Learned {
            user,
            event: Uuid::from_u128(7),
            on: "2026-11-23".parse().unwrap(),
        };
        let who = Who::system("learning");
        let tell = async |what: &'static str| {
            let (app, learned, who) = (app.clone(), learned.clone(), who.clone());
            let db = app.db.clone();
            db.write(move |tx| async move {
                match what {
                    "certified" => {
                        let of = ("SJ-Z2026-0001", None, Some(88));
                        personnel::certified(&app, &tx, &who, &learned, of).await
                    }
                    "typing" => {
                        let learned = Learned {
                            event: Uuid::from_u128(8),
                            ..learned
                        };
                        personnel::typing_passed(&app, &tx, &who, &learned, (200, 180)).await
                    }
                    "revoked" => {
                        let of = ("SJ-Z2026-0001", "有误");
                        personnel::revoked(&app, &tx, &who, learned.user, of).await
                    }
                    _ => personnel::failed_finally(&app, &tx, &who, &learned).await,
                }
            })
            .await
            .unwrap();
        };
        let before = world.file("agent4").await["evidence"]
            .as_array()
            .unwrap()
            .len();
        for what in ["certified", "certified", "typing", "typing"] {
            tell(what).await;
        }
        let file = world.file("agent4").await;
        let evidence = file["evidence"].as_array().unwrap();
        assert_eq!(evidence.len(), before + 2, "each once");
        tell("revoked").await;
        let file = world.file("agent4").await;
        let certificate = file["evidence"].as_array().unwrap().iter();
        let certificate = certificate
            .clone()
            .find(|one| one["note"] == "SJ-Z2026-0001")
            .unwrap();
        assert_eq!(certificate["state"], "withdrawn");
        tell("failed").await;
        tell("failed").await;
        let open = world.read("purchaser", "/api/v1/replacements").await;
        assert_eq!(open["items"].as_array().unwrap().len(), 1);
        let one = &open["items"][0];
        assert_eq!(
            (&one["cause"], &one["sudden"]),
            (&json!("exam_failed"), &json!(true))
        );
    })
    .await;
}
