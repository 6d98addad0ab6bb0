//! What the demo begins with.

use serde_json::json;

use crate::world::{on_both, text};

#[tokio::test]
async fn the_demo_has_thirty_answers_some_to_be_looked_at_some_withdrawn_and_is_seeded_once() {
    on_both(async |world| {
        knowledge::demo::seed(&world.app).await.unwrap();
        knowledge::demo::seed(&world.app).await.unwrap();
        let count = async |path: &str| world.read("lead", path).await["total"].clone();
        assert_eq!(
            count("/api/v1/articles?kind=article&in_force=true").await,
            30
        );
        assert_eq!(count("/api/v1/articles?state=withdrawn").await, 2);
        assert_eq!(count("/api/v1/approvals?state=superseded").await, 4);
        assert_eq!(count("/api/v1/approvals?waiting=true").await, 1);
        assert_eq!(count("/api/v1/articles?state=returned").await, 1);
        world
            .until("reviews come due by themselves", async || {
                count("/api/v1/articles?due_for_review=true").await == 3
            })
            .await;
        assert_eq!(count("/api/v1/exam-plans").await, 5);
        assert_eq!(count("/api/v1/title-batches").await, 3);
        assert_eq!(count("/api/v1/fault-trees?in_force=true").await, 2);
        assert_eq!(count("/api/v1/knowledge-gaps").await, 2);
        let mine = world.read("agent1", "/api/v1/my-reading").await;
        assert_eq!(
            (&mine["open"], &mine["items"][0]["title"]),
            (&json!(1), &json!("报名高峰期统一口径"))
        );
        for (said, title) in [
            (
                "%E6%88%91%E7%9A%84%E5%85%A5%E5%9C%BA%E8%AF%81%E4%B8%A2%E4%BA%86",
                "准考证丢了怎么办",
            ),
            ("zpscsb", "照片上传失败怎么处理"),
            ("%E9%80%80%E9%92%B1", "报名费交了能不能退"),
        ] {
            let found = world
                .read("agent1", &format!("/api/v1/articles/search?q={said}"))
                .await;
            assert_eq!(text(&found["items"][0]["title"]), title);
        }
    })
    .await;
}
