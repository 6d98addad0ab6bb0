//! Words found among many rows, on both databases.

use kernel::list::{FOUND, ListQuery, paginate_found};
use kernel::search::WordIndex;
use kernel::word_index;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};
use testing::{TestApp, on_both};

use crate::NOTES;
use crate::note::{ActiveModel, Column, Entity};

const INDEX: WordIndex = WordIndex::of("note_words");

/// Many notes: every one says 准考证, every seventh 费用.
async fn filled(app: &TestApp, many: i64) {
    let (ids, now) = (app.ids.clone(), app.clock.now());
    app.db
        .write(async move |tx| {
            let text = |number: i64| match number % 7 {
                0 => format!("准考证 费用 {number}"),
                _ => format!("准考证 {number}"),
            };
            let rows: Vec<ActiveModel> = (0..many)
                .map(|number| ActiveModel {
                    id: Set(ids.next()),
                    text: Set(text(number)),
                    number: Set(number),
                    at: Set(now),
                })
                .collect();
            for some in rows.chunks(1_000) {
                Entity::insert_many(some.to_vec())
                    .exec_without_returning(&*tx)
                    .await?;
            }
            INDEX
                .put(&*tx, (0..many).map(|number| (number, text(number))))
                .await
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn words_are_found_newest_first_and_rewritten_text_by_its_new_words() {
    let tables = [NOTES, &[word_index!("2026112500_note_words", "note_words")]].concat();
    on_both(&tables, async |app| {
        filled(&app, 50).await;
        let found = async |words: &str, before, limit| {
            INDEX
                .find(app.db.read(), words, before, limit)
                .await
                .unwrap()
        };
        for window in [1, 2, 9, 60] {
            let narrow = INDEX.reading_first(window);
            let found = narrow.find(app.db.read(), "费用", Some(48), 5).await;
            assert_eq!(found.unwrap(), [42, 35, 28, 21, 14], "{window} rows first");
            let all = narrow.find(app.db.read(), "费用", None, 50).await;
            assert_eq!(
                all.unwrap(),
                [49, 42, 35, 28, 21, 14, 7, 0],
                "{window} rows first"
            );
        }
        assert_eq!(found("费用", None, 3).await, [49, 42, 35]);
        assert_eq!(found("费用", Some(42), 2).await, [35, 28]);
        assert_eq!(found("考证 4", None, 2).await, [49, 48]);
        assert_eq!(found("费", None, 1).await, [49], "one character");
        assert_eq!(found("用", None, 1).await, [49], "the last character");
        assert_eq!(found("报名", None, 1).await, [0_i64; 0]);
        assert_eq!(found("！？\"' OR *", None, 1).await, [0_i64; 0]);
        app.db
            .write(async move |tx| INDEX.put(&*tx, [(49, "报名".to_owned())]).await)
            .await
            .unwrap();
        assert_eq!(found("费用", None, 1).await, [42]);
        assert_eq!(found("报名", None, 2).await, [49]);
    })
    .await;
}

#[tokio::test]
async fn pages_of_what_words_found_lose_nothing_however_narrow_the_list() {
    let tables = [NOTES, &[word_index!("2026112500_note_words", "note_words")]].concat();
    on_both(&tables, async |app| {
        let many = 2 * FOUND as i64 + 100;
        filled(&app, many).await;
        let conn = app.db.read();
        let mut query = ListQuery {
            per_page: Some(20),
            ..ListQuery::default()
        };
        let (mut seen, mut last_total) = (Vec::new(), 0);
        loop {
            let before = query.found_before().unwrap();
            let found = INDEX
                .find(conn, "准考证", before, FOUND as u64 + 1)
                .await
                .unwrap();
            let select = Entity::find().filter(Column::Number.into_expr().modulo(100).eq(0));
            let page = paginate_found(conn, select, &query, found, Column::Number)
                .await
                .unwrap();
            seen.extend(page.items.into_iter().map(|note| note.number));
            last_total = Ord::max(last_total, page.total);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        let all: Vec<i64> = (0..many).rev().filter(|number| number % 100 == 0).collect();
        assert_eq!(seen, all);
        assert_eq!(last_total, all.len() as u64);
        query.cursor = None;
        query.sort = Some("number".to_owned());
        let refused = paginate_found(conn, Entity::find(), &query, vec![1], Column::Number).await;
        assert_eq!(refused.unwrap_err().code, "search_is_newest_first");
    })
    .await;
}
