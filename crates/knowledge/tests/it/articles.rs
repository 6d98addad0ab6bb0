//! Articles and answer scripts: written in versions, cited by version.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::{content, on_both, text, with};

#[tokio::test]
async fn a_version_that_was_submitted_never_changes_and_the_next_one_is_compared_with_it() {
    on_both(async |world| {
        let article = world
            .published(content("考前三天开放打印。\n请核对姓名。"))
            .await;
        let shown = world.article(&article).await;
        assert_eq!(
            (&shown["current"], &shown["latest"], &shown["state"]),
            (&json!(1), &json!(1), &json!("effective"))
        );
        assert_eq!(shown["working"], Value::Null);
        assert!(text(&shown["number"]).starts_with("ZS"));

        let drafted = world
            .edit(
                &article,
                "agent1",
                content("考前五天开放打印。\n请核对姓名。"),
            )
            .await;
        assert_eq!(
            (&drafted["current"], &drafted["latest"], &drafted["state"]),
            (&json!(1), &json!(2), &json!("draft"))
        );
        assert_eq!(
            drafted["in_force"]["answer"],
            "考前三天开放打印。\n请核对姓名。"
        );
        let diff = world
            .read("purchaser", &format!("{}/diff?from=1&to=2", article.path))
            .await;
        let changed: Vec<&str> = diff["fields"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|field| field["changed"] == true)
            .map(|field| text(&field["field"]))
            .collect();
        assert_eq!(changed, ["answer"]);

        world.verb(&article, "agent1", "submit", json!({})).await;
        let version = world.article(&article).await["version"].clone();
        let body = json!({"version": version, "content": content("改一下")});
        let code = world
            .refused("agent1", Method::PATCH, &article.path, body)
            .await;
        assert_eq!(code, (409, "article_under_approval".to_owned()));
        world.verb(&article, "agent1", "recall", json!({})).await;
        world
            .edit(&article, "agent1", content("考前七天开放打印。"))
            .await;
        world
            .verb(&article, "agent1", "submit", json!({"note": "按新公告"}))
            .await;
        world
            .verb(&article, "section", "approve", json!({"opinion": "同意"}))
            .await;
        let shown = world.article(&article).await;
        assert_eq!(
            (&shown["current"], &shown["in_force"]["answer"]),
            (&json!(2), &json!("考前七天开放打印。"))
        );
        let versions = world
            .read("agent2", &format!("{}/versions", article.path))
            .await;
        let states: Vec<&str> = versions["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| text(&version["approval"]["state"]))
            .collect();
        assert_eq!(states, ["effective", "superseded"]);
        let first = world
            .read("agent2", &format!("{}/versions/1", article.path))
            .await;
        assert_eq!(
            first["answer"], "考前三天开放打印。\n请核对姓名。",
            "what was said then can be read for good"
        );
    })
    .await;
}

#[tokio::test]
async fn an_answer_cites_the_version_in_force_and_no_other() {
    on_both(async |world| {
        let article = world.published(content("考前三天开放打印。")).await;
        let (conn, now) = (world.app.db.read(), world.app.clock.now());
        let cited = knowledge::cite(conn, &article.citation(1), now)
            .await
            .unwrap();
        assert_eq!((cited.version, cited.in_force), (1, true));
        assert_eq!(cited.title, "准考证什么时候打印");
        world.edit(&article, "trainer", content("改")).await;
        let code = |problem: kernel::Problem| problem.code;
        let draft = knowledge::cite(conn, &article.citation(2), now).await;
        assert_eq!(draft.map_err(code), Err("article_not_in_force"));
        for wrong in [
            article.citation(9),
            article.id().to_owned(),
            "x@1".to_owned(),
            format!("{}@-", article.id()),
        ] {
            let unknown = knowledge::cite(conn, &wrong, now).await;
            assert_eq!(unknown.map_err(code), Err("article_unknown"), "{wrong}");
        }
        let old = knowledge::cited(conn, &article.citation(2), now)
            .await
            .unwrap();
        assert!(!old.in_force);
    })
    .await;
}

#[tokio::test]
async fn articles_are_listed_by_what_they_are_filed_under() {
    on_both(async |world| {
        let one = world.published(content("甲")).await;
        world
            .drafted(
                "agent1",
                with(content("乙"), &json!({"title": "成绩什么时候公布"})),
            )
            .await;
        let count = async |query: &str| {
            world
                .read("agent1", &format!("/api/v1/articles?{query}"))
                .await["total"]
                .clone()
        };
        assert_eq!(count("in_force=true").await, 1);
        assert_eq!(count("state=draft").await, 1);
        assert_eq!(count("matter=107").await, 2);
        assert_eq!(count("matter=108").await, 0);
        assert_eq!(count("q=%E6%88%90%E7%BB%A9").await, 1);
        assert_eq!(count("tag=%E5%87%86%E8%80%83%E8%AF%81").await, 2);
        let version = world.article(&one).await["version"].clone();
        let filed =
            json!({"version": version, "matter": "108", "owner_section": "", "tags": ["打印"]});
        let shown = world.send("trainer", Method::PATCH, &one.path, filed).await;
        assert_eq!(
            (&shown["matter"], &shown["owner_section"], &shown["current"]),
            (&json!("108"), &Value::Null, &json!(1))
        );
        let version = shown["version"].clone();
        let filed = json!({"version": version, "matter": "101"});
        let code = world
            .refused("agent1", Method::PATCH, &one.path, filed)
            .await;
        assert_eq!(
            code,
            (409, "article_not_yours".to_owned()),
            "where it is filed is not for who proposes"
        );
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_at_its_field() {
    on_both(async |world| {
        let post = async |content: Value| {
            let new = json!({"kind": "article", "matter": "107", "content": content});
            let answer = world
                .ask(
                    &world.who("trainer"),
                    Method::POST,
                    "/api/v1/articles",
                    Some(new),
                )
                .await;
            (
                answer.json["code"].as_str().unwrap_or_default().to_owned(),
                answer.json["field"].as_str().unwrap_or_default().to_owned(),
            )
        };
        for (fields, code, field) in [
            (json!({"answer": "  "}), "text_missing", "answer"),
            (json!({"source_title": ""}), "text_missing", "source_title"),
            (json!({"title": "长".repeat(121)}), "text_too_long", "title"),
            (
                json!({"answer": "长".repeat(2_001)}),
                "text_too_long",
                "answer",
            ),
            (json!({"answer": "a\u{7}"}), "text_not_plain", "answer"),
            (
                json!({"valid_to": "2026-01-01T00:00:00Z"}),
                "validity_over",
                "valid_to",
            ),
            (
                json!({"valid_from": "2027-01-02T00:00:00Z", "valid_to": "2027-01-01T00:00:00Z"}),
                "validity_reversed",
                "valid_to",
            ),
            (
                json!({"review_due": "2026-01-01T00:00:00Z"}),
                "review_in_past",
                "review_due",
            ),
            (
                json!({"keywords": (0..41).map(|i| i.to_string()).collect::<Vec<_>>()}),
                "too_many_words",
                "keywords",
            ),
        ] {
            assert_eq!(
                post(with(content("答"), &fields)).await,
                (code.to_owned(), field.to_owned())
            );
        }
    })
    .await;
}
