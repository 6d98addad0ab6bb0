use std::collections::BTreeSet;

use kernel::App;
use kernel::list::{ListQuery, beginning_with, containing, paginate};
use sea_orm::{Condition, EntityTrait as _, QueryFilter as _};
use testing::on_both;

use crate::note::{Column, Entity};
use crate::{NOTES, note};

async fn fill(app: &App, count: usize) {
    let writer = app.clone();
    app.db
        .write(async move |tx| {
            for number in 0..count {
                // Many rows share their number and their time: the id alone keeps them apart.
                note(&writer, &*tx, &format!("{number:05}")).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

async fn walk(app: &App, sort: &str, per_page: u64) -> Vec<String> {
    let sortable = [
        ("at", Column::At),
        ("text", Column::Text),
        ("number", Column::Number),
    ];
    let mut query = ListQuery {
        sort: Some(sort.into()),
        per_page: Some(per_page),
        ..ListQuery::default()
    };
    let mut texts = Vec::new();
    loop {
        let page = paginate(app.db.read(), Entity::find(), &query, &sortable, Column::Id)
            .await
            .unwrap();
        assert!(page.items.len() as u64 <= per_page);
        texts.extend(page.items.into_iter().map(|note| note.text));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return texts,
        }
    }
}

#[tokio::test]
async fn walking_the_pages_meets_every_row_once_in_either_direction() {
    on_both(NOTES, async |app| {
        fill(&app, 95).await;
        for sort in ["at", "-at", "number", "-number", "text", "-text"] {
            let texts = walk(&app, sort, 10).await;
            assert_eq!(texts.len(), 95, "{sort}");
            assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), 95, "{sort}");
        }
        let mut rising = walk(&app, "text", 7).await;
        assert!(rising.is_sorted());
        rising.reverse();
        assert_eq!(rising, walk(&app, "-text", 7).await);
        assert_eq!(walk(&app, "text", 95).await.len(), 95);
    })
    .await;
}

#[tokio::test]
async fn counting_stops_at_ten_thousand() {
    on_both(NOTES, async |app| {
        fill(&app, 10_001).await;
        let query = ListQuery {
            per_page: Some(1),
            ..ListQuery::default()
        };
        let page = paginate(
            app.db.read(),
            Entity::find(),
            &query,
            &[("at", Column::At)],
            Column::Id,
        )
        .await
        .unwrap();
        assert_eq!((page.total, page.total_capped), (10_000, true));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_list_query_is_a_400_that_names_its_field() {
    on_both(NOTES, async |app| {
        fill(&app, 3).await;
        let sortable = [("at", Column::At), ("text", Column::Text)];
        let ask = async |query: &ListQuery| {
            paginate(app.db.read(), Entity::find(), query, &sortable, Column::Id).await
        };
        let plain = ListQuery::default();
        let one = ask(&ListQuery {
            per_page: Some(1),
            ..plain.clone()
        })
        .await
        .unwrap();
        let wrong = [
            (
                ListQuery {
                    per_page: Some(0),
                    ..plain.clone()
                },
                "per_page",
            ),
            (
                ListQuery {
                    per_page: Some(201),
                    ..plain.clone()
                },
                "per_page",
            ),
            (
                ListQuery {
                    sort: Some("id; drop table notes".into()),
                    ..plain.clone()
                },
                "sort",
            ),
            (
                ListQuery {
                    cursor: Some("zz".into()),
                    ..plain.clone()
                },
                "cursor",
            ),
            (
                ListQuery {
                    cursor: Some("你".into()),
                    ..plain.clone()
                },
                "cursor",
            ),
            // A cursor of one order does not fit another.
            (
                ListQuery {
                    cursor: one.next,
                    sort: Some("text".into()),
                    ..plain.clone()
                },
                "cursor",
            ),
        ];
        for (query, field) in wrong {
            let problem = ask(&query).await.unwrap_err();
            assert_eq!(
                (problem.status, problem.field.as_deref()),
                (400, Some(field)),
                "{query:?}"
            );
        }
        assert!(
            ListQuery {
                q: Some("a\0".into()),
                ..plain.clone()
            }
            .words()
            .is_err()
        );
        assert!(
            ListQuery {
                q: Some("a".repeat(201)),
                ..plain.clone()
            }
            .words()
            .is_err()
        );
        assert_eq!(
            ListQuery {
                q: Some(" 张 ".into()),
                ..plain
            }
            .words()
            .unwrap(),
            Some("张")
        );
    })
    .await;
}

async fn found(app: &App, which: Condition) -> Vec<String> {
    let notes = Entity::find().filter(which).all(app.db.read()).await;
    let mut texts: Vec<String> = notes.unwrap().into_iter().map(|note| note.text).collect();
    texts.sort();
    texts
}

const TEXTS: [&str; 9] = [
    "Anna",
    "anna_b",
    "ANNA%",
    "bo",
    "Bo\\",
    "张三",
    "张\u{10ffff}",
    "王五",
    "Émile",
];

async fn fill_with_texts(app: &App) {
    let writer = app.clone();
    let filled = app.db.write(async move |tx| {
        for text in TEXTS {
            note(&writer, &*tx, text).await?;
        }
        Ok(())
    });
    filled.await.unwrap();
}

#[tokio::test]
async fn text_is_sorted_by_its_bytes_whatever_the_server_is_set_to() {
    on_both(NOTES, async |app| {
        fill_with_texts(&app).await;
        let mut sorted = TEXTS.map(str::to_owned);
        sorted.sort();
        assert_eq!(walk(&app, "text", 2).await, sorted);
    })
    .await;
}

#[tokio::test]
async fn what_is_looked_for_stands_for_itself_in_either_case() {
    on_both(NOTES, async |app| {
        fill_with_texts(&app).await;
        let holding = async |words| found(&app, containing(Column::Text, words)).await;
        assert_eq!(holding("nNa").await, ["ANNA%", "Anna", "anna_b"]);
        assert_eq!(holding("%").await, ["ANNA%"]);
        assert_eq!(holding("A_").await, ["anna_b"]);
        assert_eq!(holding("o\\").await, ["Bo\\"]);
        assert_eq!(holding("三").await, ["张三"]);
        // Only the Latin letters have a case that both databases know.
        assert_eq!(holding("é").await, [""; 0]);

        let beginning = async |words| found(&app, beginning_with(Column::Text, words)).await;
        assert_eq!(beginning("ann").await, ["ANNA%", "Anna", "anna_b"]);
        assert_eq!(beginning("nna").await, [""; 0]);
        assert_eq!(beginning("anna_").await, ["anna_b"]);
        assert_eq!(beginning("张").await, ["张三", "张\u{10ffff}"]);
        assert_eq!(beginning("张\u{10ffff}").await, ["张\u{10ffff}"]);
        assert_eq!(beginning("\u{10ffff}").await, [""; 0]);
    })
    .await;
}
