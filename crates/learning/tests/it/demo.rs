//! What the demo begins with.

use serde_json::json;

use crate::world::on_both;

#[tokio::test]
async fn the_demo_has_a_course_a_bank_six_certificates_and_a_test_that_is_being_sat() {
    on_both(async |world| {
        learning::demo::seed(&world.app).await.unwrap();
        learning::demo::seed(&world.app).await.unwrap();
        let bank = world.read("trainer", "/api/v1/questions").await;
        assert_eq!(bank["total"], 62);
        let certificates = world
            .read("purchaser", "/api/v1/certificates?state=valid&sort=number")
            .await;
        assert_eq!(
            (&certificates["total"], &certificates["items"][5]["number"]),
            (&json!(6), &json!("SJ-Z2026-0006"))
        );
        let today = world.now().with_timezone(&calendar::SHANGHAI).date_naive();
        for agent in ["agent1", "agent2", "agent3", "agent4", "agent5", "agent6"] {
            let conn = world.app.db.read();
            assert!(
                learning::has_pass(conn, world.id(agent), today)
                    .await
                    .unwrap(),
                "{agent}"
            );
            let mine = world.read(agent, "/api/v1/my-exams").await;
            let told = mine["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["state"] == "certified");
            assert!(told, "{mine}");
        }
        let mine = world.read("agent5", "/api/v1/my-exams").await;
        assert_eq!(
            (&mine["open"], &mine["items"][0]["state"]),
            (&json!(1), &json!("in_progress"))
        );
        let mine = world.read("agent6", "/api/v1/my-exams").await;
        assert_eq!(
            (&mine["open"], &mine["items"][0]["state"]),
            (&json!(1), &json!("assigned"))
        );
        let hours = world
            .read(
                "agent1",
                "/api/v1/training-hours?from=2026-11-01&to=2026-11-30",
            )
            .await;
        assert_eq!(hours["people"][0]["minutes"], 180);
    })
    .await;
}
