//! What an agent finds while the requester speaks.

use axum::http::{Method, StatusCode};
use knowledge::search::words::{excerpt, initials, place_of_letters, places, tokens};
use knowledge::search::{Entry, FoundBy, Index, Narrow};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, content, on_both, text, with};

fn entry(number: u128, title: &str, answer: &str, keywords: &[&str]) -> Entry {
    Entry {
        article_id: Uuid::from_u128(number),
        n: 1,
        number: format!("ZS{number:04}"),
        kind: "article".to_owned(),
        matter: "107".to_owned(),
        title: title.to_owned(),
        question: format!("{title}？"),
        answer: answer.to_owned(),
        keywords: keywords.iter().map(|&word| word.to_owned()).collect(),
        source_no: format!("粤人社发〔2024〕{number}号"),
        source_title: "本次考试报名公告".to_owned(),
        in_force: true,
    }
}

fn shelf() -> Index {
    let mut index = Index::default();
    for entry in [
        entry(
            1,
            "准考证什么时候打印",
            "以公告为准，考前几天开放，请核对姓名和考点。",
            &["准考证"],
        ),
        entry(
            2,
            "成绩什么时候公布",
            "考试结束后一段时间公布，准考证号可用于查询。",
            &["查分"],
        ),
        entry(
            3,
            "职称申报系统登录不了",
            "请确认登录入口和浏览器。",
            &["登录", "职称"],
        ),
        entry(
            4,
            "报名费交错了可以退吗",
            "通常缴费成功后不退费。",
            &["退费", "缴费"],
        ),
    ] {
        index.put(entry.article_id, std::slice::from_ref(&entry));
    }
    index
}

fn numbers(index: &Index, text: &str) -> Vec<u128> {
    let question = index.question(text);
    let found = index.find(&question, &Narrow::default(), 10);
    found
        .iter()
        .map(|found| found.article_id.as_u128())
        .collect()
}

#[test]
fn what_stands_in_the_title_comes_before_what_stands_in_an_answer() {
    let index = shelf();
    assert_eq!(numbers(&index, "准考证"), [1, 2]);
    assert_eq!(numbers(&index, "怎么打印准考证呀")[0], 1);
    assert_eq!(numbers(&index, "职称系统登录不上去")[0], 3);
    assert_eq!(numbers(&index, "火星移民"), Vec::<u128>::new());
    assert_eq!(numbers(&index, "的"), Vec::<u128>::new());
}

#[test]
fn first_letters_numbers_and_words_that_mean_the_same_find_too() {
    let mut index = shelf();
    let why = |index: &Index, text: &str| {
        let found = index.find(&index.question(text), &Narrow::default(), 10);
        found
            .first()
            .map(|found| (found.article_id.as_u128(), found.why.clone()))
    };
    assert_eq!(why(&index, "zkz"), Some((1, vec![FoundBy::Pinyin])));
    assert_eq!(why(&index, "CJSM"), Some((2, vec![FoundBy::Pinyin])));
    assert_eq!(why(&index, "zs0003").unwrap(), (3, vec![FoundBy::Number]));
    let (number, reasons) = why(&index, "粤人社发[2024] 4 号").unwrap();
    assert_eq!(number, 4);
    assert!(reasons.contains(&FoundBy::Document));
    assert_eq!(
        why(&index, "打印凭证在哪下载").unwrap().0,
        1,
        "by the word 打印"
    );
    index.set_synonyms(vec![
        vec!["准考证".into(), "考试凭证".into()],
        vec!["查分".into(), "看分数".into()],
    ]);
    let (number, reasons) = why(&index, "看分数").unwrap();
    assert_eq!((number, reasons.contains(&FoundBy::Synonym)), (2, true));
}

#[test]
fn what_is_taken_out_is_not_found_and_its_place_is_used_again() {
    let mut index = shelf();
    for round in 0..2_000_u128 {
        let entry = entry(1, &format!("第{round}版准考证"), "答", &[]);
        index.put(entry.article_id, std::slice::from_ref(&entry));
    }
    assert_eq!(index.len(), 4);
    assert_eq!(numbers(&index, "准考证"), [1, 2]);
    index.remove(Uuid::from_u128(1));
    assert_eq!(numbers(&index, "准考证"), [2]);
}

#[test]
fn words_are_cut_and_marked_by_characters() {
    assert_eq!(tokens("请问准考证怎么打印？"), ["考证", "准考证", "打印"]);
    assert_eq!(initials("报名条件ABC１"), "bmtjabc1");
    let places = places("准考证打印，准考证丢了", ["准考证", "考证", "丢"]);
    assert_eq!(
        places
            .iter()
            .map(|place| (place.start, place.end))
            .collect::<Vec<_>>(),
        [(0, 3), (6, 10)]
    );
    let place = place_of_letters("（新）准考证打印", "zkz").unwrap();
    assert_eq!((place.start, place.end), (3, 6));
    assert_eq!(excerpt(&"长".repeat(300), ["无"], 10).chars().count(), 10);
}

proptest! {
    #[test]
    fn no_text_breaks_the_index_and_marks_lie_in_their_text(title in ".{1,40}", said in ".{0,60}") {
        let mut index = shelf();
        let entry = entry(9, &title, &said, &["词"]);
        index.put(entry.article_id, std::slice::from_ref(&entry));
        let question = index.question(&said);
        index.find(&question, &Narrow::default(), 10);
        let count = title.chars().count();
        for place in places(&title, question.terms.iter().map(|term| term.token.as_str())) {
            prop_assert!(place.start < place.end && place.end <= count);
        }
        for letters in &question.letters {
            if let Some(place) = place_of_letters(&title, letters) {
                prop_assert!(place.start < place.end && place.end <= count);
            }
        }
    }
}

async fn search(world: &World, query: &str) -> Vec<Value> {
    let query: String = query
        .bytes()
        .fold(String::new(), |all, byte| all + &format!("%{byte:02X}"));
    let path = format!("/api/v1/articles/search?q={query}");
    world.read("agent1", &path).await["items"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn an_agent_finds_what_holds_with_the_match_marked_and_loses_it_the_moment_it_is_withdrawn() {
    on_both(async |world| {
        let article = world.published(content("考前三天开放打印。")).await;
        world
            .drafted(
                "agent2",
                with(content("草稿"), &json!({"title": "准考证草稿"})),
            )
            .await;
        let hits = search(&world, "准考证打印").await;
        assert_eq!(hits.len(), 1, "drafts are not said to anybody");
        let hit = &hits[0];
        assert_eq!(
            (&hit["citation"], &hit["in_force"]),
            (&json!(article.citation(1)), &json!(true))
        );
        assert!(hit["effective_at"].is_string(), "since when it holds");
        assert_eq!(hit["why"], json!(["word"]));
        let marks = hit["marks"].as_array().unwrap();
        assert!(
            marks.contains(&json!({"field": "title", "start": 0, "end": 3})),
            "{marks:?}"
        );
        assert_eq!(search(&world, "zkz").await[0]["why"], json!(["pinyin"]));
        assert_eq!(
            search(&world, "考函 2026 1号").await[0]["number"],
            hit["number"]
        );

        world
            .edit(
                &article,
                "trainer",
                with(content("考前五天。"), &json!({"title": "打印时间"})),
            )
            .await;
        world.verb(&article, "trainer", "submit", json!({})).await;
        assert_eq!(search(&world, "准考证").await[0]["n"], 1);
        world
            .verb(&article, "purchaser", "approve", json!({}))
            .await;
        let hit = &search(&world, "打印时间").await[0];
        assert_eq!((&hit["n"], &hit["title"]), (&json!(2), &json!("打印时间")));
        world
            .verb(&article, "purchaser", "withdraw", json!({"reason": "错"}))
            .await;
        assert_eq!(search(&world, "打印时间").await.len(), 0);
        let all = world
            .read("agent1", "/api/v1/articles/search?q=zkz&all=true")
            .await;
        assert_eq!(all["items"].as_array().unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_the_requester_wrote_suggests_answers() {
    on_both(async |world| {
        world.published(content("考前三天开放打印。")).await;
        world.published(with(content("以公告为准。"), &json!({"title": "成绩什么时候公布", "question": "成绩什么时候公布？", "keywords": ["查分"]}))).await;
        let said = json!({"text": "你好，我报了一级建造师，上次考完之后一直没有看到成绩，想问一下成绩哪天公布？谢谢", "limit": 1});
        let found = world.post("agent1", "/api/v1/articles/suggest", said).await;
        assert_eq!(found["items"][0]["title"], "成绩什么时候公布");
        let long = json!({"text": "成绩".repeat(2_000)});
        let code = world.refused("agent1", Method::POST, "/api/v1/articles/suggest", long).await;
        assert_eq!(code, (422, "text_too_long".to_owned()));
        for wrong in ["q=a&limit=0", "q=a&limit=51"] {
            let path = format!("/api/v1/articles/search?{wrong}");
            let answer = world.ask(&world.who("agent1"), Method::GET, &path, None).await;
            assert_eq!(answer.json["code"], "limit_out_of_range");
        }
        let path = format!("/api/v1/articles/search?q={}", "a".repeat(201));
        let answer = world.ask(&world.who("agent1"), Method::GET, &path, None).await;
        assert_eq!(answer.json["code"], "search_too_long");
    })
    .await;
}

#[tokio::test]
async fn the_house_says_which_words_mean_the_same() {
    on_both(async |world| {
        world.published(content("考前三天开放打印。")).await;
        assert_eq!(search(&world, "入场凭条").await.len(), 0);
        let path = "/api/v1/synonyms";
        let words = json!({"words": ["准考证", "入场凭条"]});
        assert_eq!(
            world
                .refused("agent1", Method::POST, path, words.clone())
                .await
                .0,
            403
        );
        let all = world.post("manager", path, words).await;
        let hits = search(&world, "入场凭条").await;
        assert_eq!(hits[0]["why"], json!(["synonym"]));
        let one = format!("{path}/{}", text(&all["items"][0]["id"]));
        let short = json!({"version": 1, "words": ["准考证"]});
        let code = world.refused("manager", Method::PUT, &one, short).await;
        assert_eq!(code, (422, "synonyms_too_few".to_owned()));
        world
            .send(
                "section",
                Method::PUT,
                &one,
                json!({"version": 1, "words": ["准考证", "进场单"]}),
            )
            .await;
        assert_eq!(search(&world, "入场凭条").await.len(), 0);
        let stale = json!({"version": 1, "words": ["准考证", "旧单"]});
        assert_eq!(
            world.refused("manager", Method::PUT, &one, stale).await.1,
            "stale_version"
        );
        let answer = world
            .ask(&world.who("manager"), Method::DELETE, &one, None)
            .await;
        assert_eq!(
            (answer.status, &answer.json["items"]),
            (StatusCode::OK, &json!([]))
        );
    })
    .await;
}

#[tokio::test]
async fn what_nobody_found_is_counted_becomes_a_draft_and_closes_by_itself() {
    on_both(async |world| {
        let path = "/api/v1/knowledge-gaps";
        let ask = async |who: &str, query: &str| {
            let body = json!({"query": query, "source": "call", "note": "诉求人很急"});
            world.post(who, path, body).await
        };
        ask("agent1", "残疾考生能延长时间吗？").await;
        let gap = ask("agent2", "残疾考生 能延长时间吗").await;
        assert_eq!(gap["asked"], 2);
        assert_eq!(gap["askings"].as_array().unwrap().len(), 2);
        let (one, two) = tokio::join!(ask("agent1", "能带橡皮吗"), ask("agent2", "能带橡皮吗"));
        assert_eq!(one["id"], two["id"], "asked twice at once it is one");
        let list = world
            .read("lead", &format!("{path}?state=open&sort=-asked"))
            .await;
        assert_eq!(list["total"], 2);

        let this = format!("{path}/{}", text(&gap["id"]));
        let body = json!({"version": gap["version"]});
        let code = world
            .refused("trainer", Method::POST, &format!("{this}/draft"), body)
            .await;
        assert_eq!(
            code,
            (422, "text_missing".to_owned()),
            "a draft needs a matter"
        );
        let body = json!({"version": gap["version"], "matter": "108"});
        assert_eq!(
            world
                .refused(
                    "agent1",
                    Method::POST,
                    &format!("{this}/draft"),
                    body.clone()
                )
                .await
                .0,
            403
        );
        let made = world.post("trainer", &format!("{this}/draft"), body).await;
        assert_eq!(made["gap"]["state"], "drafted");
        let article = crate::world::Article {
            path: format!("/api/v1/articles/{}", text(&made["article"]["id"])),
        };
        world
            .edit(&article, "trainer", content("按公告申请。"))
            .await;
        world.verb(&article, "trainer", "submit", json!({})).await;
        world.verb(&article, "section", "approve", json!({})).await;
        let closed = world.read("lead", &this).await;
        assert_eq!(closed["state"], "closed");
        let again = ask("agent1", "残疾考生能延长时间吗").await;
        assert_eq!(
            (&again["asked"], again["id"] == gap["id"]),
            (&json!(1), false),
            "asked again it is a new gap"
        );

        let other = format!("{path}/{}", text(&one["id"]));
        let version = world.read("lead", &other).await["version"].clone();
        let body = json!({"version": version, "reason": "考场规则已写明"});
        let done = world.post("quality", &format!("{other}/close"), body).await;
        let body = json!({"version": done["version"], "reason": "再关"});
        let code = world
            .refused("quality", Method::POST, &format!("{other}/close"), body)
            .await;
        assert_eq!(code, (409, "gap_not_open".to_owned()));
    })
    .await;
}
