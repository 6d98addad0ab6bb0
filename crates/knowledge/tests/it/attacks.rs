//! Nobody on the supplier's side puts anything into force, by whichever door, and no two hands decide at once.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::world::{World, content, on_both, text};

const SUPPLIER: [&str; 8] = [
    "agent1", "lead", "manager", "quality", "trainer", "analyst", "liaison", "hr",
];

#[tokio::test]
async fn no_supplier_publishes_returns_ratifies_or_withdraws_by_any_door() {
    on_both(async |world| {
        let waiting = world.drafted("trainer", content("甲")).await;
        world.verb(&waiting, "trainer", "submit", json!({})).await;
        let holds = world.published(content("乙")).await;
        let emergency = world.drafted("trainer", content("丙")).await;
        world
            .verb(&emergency, "lead", "emergency", json!({"reason": "急"}))
            .await;
        let tries = [
            (&waiting, "approve", json!({})),
            (&waiting, "return", json!({"opinion": "x"})),
            (&emergency, "ratify", json!({})),
            (&emergency, "refuse", json!({"opinion": "x"})),
            (&holds, "withdraw", json!({"reason": "x"})),
            (&holds, "review", json!({})),
        ];
        for who in SUPPLIER.into_iter().chain([
            "counterpart",
            "reviewer",
            "sysadmin",
            "secadmin",
            "auditor",
        ]) {
            for (article, verb, body) in &tries {
                let code = world.not_done(article, who, verb, body.clone()).await;
                assert_eq!(code, (403, "forbidden".to_owned()), "{who} {verb}");
            }
        }
        assert_eq!(world.article(&waiting).await["current"], json!(null));
        assert_eq!(world.article(&holds).await["current"], 1);
        for who in [
            "agent1",
            "quality",
            "trainer",
            "analyst",
            "purchaser",
            "section",
        ] {
            let other = world.drafted("trainer", content("丁")).await;
            let code = world
                .not_done(&other, who, "emergency", json!({"reason": "急"}))
                .await;
            assert_eq!(code.0, 403, "{who} declares no emergency");
        }
    })
    .await;
}

#[tokio::test]
async fn no_field_of_a_draft_puts_it_into_force() {
    on_both(async |world| {
        for forged in [
            json!({"kind": "script", "matter": "107", "content": content("甲"), "state": "effective"}),
            json!({"kind": "script", "matter": "107", "content": content("甲"), "current": 1}),
        ] {
            let code = world.refused("trainer", Method::POST, "/api/v1/articles", forged).await;
            assert_eq!(code.0, 422);
        }
        let article = world.drafted("trainer", content("甲")).await;
        let version = world.article(&article).await["version"].clone();
        let forged = json!({"version": version, "current": 1});
        assert_eq!(world.refused("trainer", Method::PATCH, &article.path, forged).await.0, 422);
    })
    .await;
}

#[tokio::test]
async fn consent_to_a_version_that_was_changed_meanwhile_is_stale() {
    on_both(async |world| {
        let article = world.drafted("agent1", content("好")).await;
        world.verb(&article, "agent1", "submit", json!({})).await;
        let read = world.change(&article).await;
        world.verb(&article, "agent1", "recall", json!({})).await;
        world.edit(&article, "agent1", content("坏")).await;
        world.verb(&article, "agent1", "submit", json!({})).await;
        let (path, body) = World::door_of(&read, "approve", json!({}));
        let code = world.refused("purchaser", Method::POST, &path, body).await;
        assert_eq!(
            code,
            (409, "stale_version".to_owned()),
            "what he read is not what is there"
        );
        assert_eq!(world.article(&article).await["current"], json!(null));
    })
    .await;
}

#[tokio::test]
async fn of_two_decisions_at_once_one_stands() {
    on_both(async |world| {
        let article = world.drafted("agent1", content("甲")).await;
        world.verb(&article, "agent1", "submit", json!({})).await;
        let read = world.change(&article).await;
        let decide = async |who: &str, verb: &str, body| {
            let (path, body) = World::door_of(&read, verb, body);
            let who = world.who(who);
            world
                .ask(&who, Method::POST, &path, Some(body))
                .await
                .status
        };
        let (one, two, three) = tokio::join!(
            decide("purchaser", "approve", json!({})),
            decide("section", "approve", json!({})),
            decide("titles", "return", json!({"opinion": "再改"})),
        );
        let mut statuses = [one, two, three];
        statuses.sort_unstable();
        assert_eq!(
            statuses,
            [StatusCode::OK, StatusCode::CONFLICT, StatusCode::CONFLICT]
        );
        let change = world.change(&article).await;
        let decided = change["lines"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| matches!(text(&line["action"]), "approved" | "returned"))
            .count();
        assert_eq!(decided, 1);
    })
    .await;
}

#[tokio::test]
async fn an_agent_leaves_the_proposals_of_others_alone() {
    on_both(async |world| {
        let article = world.drafted("agent1", content("甲")).await;
        let version = world.article(&article).await["version"].clone();
        let body = json!({"version": version, "content": content("乙")});
        let code = world
            .refused("agent2", Method::PATCH, &article.path, body)
            .await;
        assert_eq!(code, (409, "article_not_yours".to_owned()));
        let code = world
            .not_done(&article, "agent2", "submit", json!({}))
            .await;
        assert_eq!(code, (409, "article_not_yours".to_owned()));
        world.verb(&article, "trainer", "submit", json!({})).await;
    })
    .await;
}

#[tokio::test]
async fn a_field_of_ten_megabytes_and_a_null_byte_are_turned_away() {
    on_both(async |world| {
        let large = content(&"长".repeat(4 << 20));
        let new = json!({"kind": "article", "matter": "107", "content": large});
        let code = world
            .refused("trainer", Method::POST, "/api/v1/articles", new)
            .await;
        assert_eq!(code.0, 413);
        let broken = content("a\u{0}b");
        let new = json!({"kind": "article", "matter": "107", "content": broken});
        let code = world
            .refused("trainer", Method::POST, "/api/v1/articles", new)
            .await;
        assert!(code.0 == 400 || code.0 == 422, "{code:?}");
    })
    .await;
}
