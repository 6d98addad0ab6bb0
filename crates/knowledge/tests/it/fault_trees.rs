//! Fault trees: drawn, consented to, walked in the call.

use axum::http::Method;
use knowledge::fault_tree::{FaultAnswer, FaultNode, FaultOutcome, FaultStep, Tree};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{World, content, on_both, text};

const TREES: &str = "/api/v1/fault-trees";

fn asks(id: &str, answers: &[(&str, &str)]) -> FaultNode {
    FaultNode {
        id: id.to_owned(),
        text: format!("{id}？"),
        answers: answers
            .iter()
            .map(|(label, to)| FaultAnswer {
                label: (*label).to_owned(),
                to: (*to).to_owned(),
            })
            .collect(),
        outcome: None,
        article_id: None,
    }
}

fn ends(id: &str) -> FaultNode {
    FaultNode {
        outcome: Some(FaultOutcome::Solved),
        ..asks(id, &[])
    }
}

fn codes(nodes: Vec<FaultNode>) -> Vec<(String, &'static str)> {
    let faults = Tree(nodes).faults();
    faults
        .into_iter()
        .map(|fault| (fault.node, fault.code))
        .collect()
}

#[test]
fn a_tree_names_everything_that_is_wrong_with_it() {
    let fault = |node: &str, code: &'static str| (node.to_owned(), code);
    assert_eq!(
        codes(vec![
            asks("a", &[("是", "b"), ("否", "c")]),
            ends("b"),
            ends("c")
        ]),
        []
    );
    assert_eq!(codes(vec![]), [fault("", "tree_size")]);
    assert_eq!(
        codes(vec![asks("a", &[("是", "b")])]),
        [fault("a", "answer_dangling")]
    );
    assert_eq!(codes(vec![asks("a", &[])]), [fault("a", "node_dangling")]);
    assert_eq!(
        codes(vec![ends("a"), ends("b")]),
        [fault("b", "node_unreachable")]
    );
    assert_eq!(
        codes(vec![
            asks("a", &[("是", "b"), ("否", "c")]),
            asks("b", &[("回", "a")]),
            ends("c")
        ]),
        [fault("a", "tree_in_a_circle")]
    );
    let article = FaultNode {
        outcome: Some(FaultOutcome::Article),
        ..ends("a")
    };
    assert_eq!(codes(vec![article]), [fault("a", "article_missing")]);
    let both = FaultNode {
        outcome: Some(FaultOutcome::Solved),
        ..asks("a", &[("是", "b")])
    };
    assert_eq!(codes(vec![both, ends("b")]), [fault("a", "node_both")]);
    assert_eq!(
        codes(vec![ends("a"), ends("a")])[0],
        fault("a", "node_twice")
    );
    // As deep as a tree may be, and each question leading to the two next ones: nothing takes forever.
    let mut deep: Vec<FaultNode> = (0..198)
        .map(|n| {
            asks(
                &format!("n{n}"),
                &[
                    ("是", &format!("n{}", n + 1)),
                    ("否", &format!("n{}", (n + 2).min(198))),
                ],
            )
        })
        .collect();
    deep.push(ends("n198"));
    assert_eq!(codes(deep), []);
}

proptest! {
    #[test]
    fn whatever_is_answered_a_sound_tree_is_walked_to_an_end(
        shape in prop::collection::vec(prop::collection::vec(1usize..4, 0..4), 1..20),
        choices in prop::collection::vec(0usize..4, 30),
    ) {
        let last = shape.len() - 1;
        let nodes: Vec<FaultNode> = shape.iter().enumerate().map(|(at, steps)| {
            let targets: Vec<String> = steps.iter().map(|step| format!("n{}", (at + step).min(last))).collect();
            let labels: Vec<(&str, &str)> = targets.iter().map(|to| ("答", to.as_str())).collect();
            if at == last || labels.is_empty() { ends(&format!("n{at}")) } else { asks(&format!("n{at}"), &labels) }
        }).collect();
        let tree = Tree(nodes);
        let faults = tree.faults();
        prop_assert!(faults.iter().all(|fault| fault.code == "node_unreachable"), "{faults:?}");
        let mut steps = Vec::new();
        for choice in choices {
            let at = tree.walk(&steps).unwrap().at;
            if at.outcome.is_some() { break; }
            let answer = choice % at.answers.len();
            steps.push(FaultStep { node: at.id.clone(), answer });
        }
        let walked = tree.walk(&steps).unwrap();
        prop_assert!(walked.at.outcome.is_some());
        prop_assert_eq!(walked.path.len(), steps.len());
    }
}

fn drawn(article: Option<&str>) -> Value {
    json!({
        "title": "报名系统登录不了", "symptom": "点登录后没有反应或提示错误",
        "nodes": [
            {"id": "what", "text": "页面提示什么？", "answers": [{"label": "密码错误", "to": "password"}, {"label": "打不开", "to": "browser"}]},
            {"id": "password", "text": "请用找回密码功能。", "outcome": if article.is_some() { "article" } else { "solved" }, "article_id": article},
            {"id": "browser", "text": "换浏览器后能打开吗？", "answers": [{"label": "能", "to": "done"}, {"label": "不能", "to": "report"}]},
            {"id": "done", "text": "好了。", "outcome": "solved"},
            {"id": "report", "text": "登记报错截图和时间，转技术单位。", "outcome": "escalate"},
        ],
    })
}

async fn begun(world: &World, content: Value) -> String {
    let new = json!({"matter": "114", "owner_section": "exams", "content": content});
    let made = world.post("trainer", TREES, new).await;
    format!("{TREES}/{}", text(&made["id"]))
}

async fn verb(world: &World, path: &str, who: &str, verb: &str) -> (u16, Value) {
    let tree = world.read("lead", path).await;
    let version = if tree["working"].is_null() {
        &tree["in_force"]
    } else {
        &tree["working"]
    };
    let (path, body) = World::door_of(&version["approval"], verb, json!({}));
    let answer = world
        .ask(&world.who(who), Method::POST, &path, Some(body))
        .await;
    (answer.status.as_u16(), answer.json)
}

#[tokio::test]
async fn a_tree_is_walked_once_the_purchaser_consents_and_the_way_is_kept_with_the_ticket() {
    on_both(async |world| {
        let article = world.published(content("用找回功能。")).await;
        let path = begun(&world, drawn(Some(article.id()))).await;
        let (ticket, call) = (world.app.ids.next(), world.app.ids.next());
        let steps = json!([{"node": "what", "answer": 1}, {"node": "browser", "answer": 1}]);
        let walk = json!({"n": 1, "steps": steps, "ticket_id": ticket, "call_id": call, "note": "Chrome 120"});
        let walks = format!("{path}/walks");
        let code = world.refused("agent1", Method::POST, &walks, walk.clone()).await;
        assert_eq!(code, (409, "fault_tree_not_in_force".to_owned()));
        verb(&world, &path, "trainer", "submit").await;
        assert_eq!(verb(&world, &path, "manager", "approve").await.0, 403);
        let queue = world.read("purchaser", "/api/v1/approvals?waiting=true&kind=fault_tree").await;
        assert_eq!(queue["items"][0]["title"], "报名系统登录不了");
        assert_eq!(verb(&world, &path, "section", "approve").await.0, 200);
        let kept = world.post("agent1", &walks, walk).await;
        assert_eq!((&kept["outcome"], &kept["outcome_text"]), (&json!("escalate"), &json!("登记报错截图和时间，转技术单位。")));
        let answers: Vec<&str> = kept["path"].as_array().unwrap().iter().map(|step| text(&step["answer"])).collect();
        assert_eq!(answers, ["打不开", "不能"]);
        let half = json!({"n": 1, "steps": [{"node": "what", "answer": 1}]});
        assert_eq!(world.refused("agent1", Method::POST, &walks, half).await.1, "walk_unfinished");
        let half = json!({"n": 1, "steps": [{"node": "what", "answer": 1}], "broken_off": true, "ticket_id": ticket});
        world.post("agent1", &walks, half).await;
        for (steps, code) in [
            (json!([{"node": "browser", "answer": 0}]), "walk_off_the_tree"),
            (json!([{"node": "what", "answer": 7}]), "walk_no_such_answer"),
        ] {
            let forged = json!({"n": 1, "steps": steps});
            assert_eq!(world.refused("agent1", Method::POST, &walks, forged).await.1, code);
        }
        let told = world.events("fault_tree.walked").await;
        assert_eq!((told.len(), &told[0]["ticket_id"]), (2, &json!(ticket)));
        let of_ticket = world.read("agent2", &format!("/api/v1/fault-tree-walks?ticket={ticket}")).await;
        assert_eq!(of_ticket["total"], 2, "who has the ticket goes on");
        assert_eq!(world.read("agent2", "/api/v1/fault-tree-walks").await["total"], 0);
        assert_eq!(world.read("lead", "/api/v1/fault-tree-walks").await["total"], 2);

        let agent1 = world.who("agent1").user_id;
        for (filter, total) in [
            (format!("agent={agent1}"), 2),
            ("agent=00000000-0000-7000-8000-000000000001".to_owned(), 0),
            ("outcome=escalate".to_owned(), 1),
            ("outcome=broken_off".to_owned(), 1),
            ("from=2026-01-01T00:00:00Z&to=2099-01-01T00:00:00Z".to_owned(), 2),
            ("to=2026-01-01T00:00:00Z".to_owned(), 0),
            ("from=2099-01-01T00:00:00Z".to_owned(), 0),
        ] {
            let page = world.read("lead", &format!("/api/v1/fault-tree-walks?{filter}")).await;
            assert_eq!(page["total"], total, "{filter}");
        }

        // A new version does not change what was walked.
        let version = world.read("lead", &path).await["version"].clone();
        let mut next = drawn(None);
        next["nodes"][4]["text"] = json!("改：直接升级。");
        let body = json!({"version": version, "content": next});
        world.send("trainer", Method::PATCH, &path, body).await;
        verb(&world, &path, "trainer", "submit").await;
        verb(&world, &path, "section", "approve").await;
        let of_ticket = world.read("lead", &format!("/api/v1/fault-tree-walks?ticket={ticket}")).await;
        assert!(of_ticket.to_string().contains("登记报错截图和时间"));
        assert_eq!(world.read("lead", &path).await["current"], 2);
    })
    .await;
}

#[tokio::test]
async fn a_tree_that_cannot_be_walked_is_not_written() {
    on_both(async |world| {
        let mut circle = drawn(None);
        circle["nodes"][3] =
            json!({"id": "done", "text": "再来", "answers": [{"label": "回", "to": "what"}]});
        let told = world
            .post("trainer", &format!("{TREES}/check"), circle.clone())
            .await;
        assert_eq!(told["faults"][0]["code"], "tree_in_a_circle");
        let new = json!({"matter": "114", "content": circle});
        let answer = world
            .ask(&world.who("trainer"), Method::POST, TREES, Some(new))
            .await;
        assert_eq!(
            (&answer.json["code"], &answer.json["faults"][0]["node"]),
            (&json!("tree_invalid"), &json!("what"))
        );
        let nowhere = drawn(Some("00000000-0000-7000-8000-000000000001"));
        let new = json!({"matter": "114", "content": nowhere});
        assert_eq!(
            world.refused("trainer", Method::POST, TREES, new).await.1,
            "article_unknown"
        );
        assert_eq!(world.read("lead", TREES).await["total"], 0);
    })
    .await;
}
