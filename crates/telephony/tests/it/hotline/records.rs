//! The store of calls: what a list may be narrowed to, its pages, and who sees what.

use chrono::TimeDelta;
use kernel::list::ListQuery;
use kernel::masked::keyed_hash;
use kernel::{App, Scope};
use sea_orm::{EntityTrait as _, IntoActiveModel as _, Set};
use telephony::calls::rows::{call, event};
use telephony::calls::store::{self, Filter};
use uuid::Uuid;

use super::recovery::left_open;
use super::{agent, migrations};

async fn insert(app: &App, row: call::Model) {
    app.db
        .write(async move |tx| {
            call::Entity::insert(row.into_active_model())
                .exec_without_returning(&*tx)
                .await?;
            Ok(())
        })
        .await
        .unwrap();
}

/// Six calls a minute apart: 1, 3 and 5 answered by agent 1, 6 still open.
async fn six_calls(app: &App) -> Vec<call::Model> {
    let mut rows = Vec::new();
    for number in 1..=6 {
        let at = app.clock.now() + TimeDelta::minutes(i64::from(number));
        let mut row = left_open(u128::from(number as u32), at, number % 2 == 1);
        row.caller = format!("1390000000{number}");
        row.caller_hash = keyed_hash(app.key.bytes(), &row.caller);
        row.requester_id = (number == 2).then(|| Uuid::from_u128(77));
        if number == 4 {
            row.queue = Some("exams".to_owned());
        }
        if number != 6 {
            row.ended_at = Some(at + TimeDelta::seconds(30));
            row.outcome = Some(
                if row.agent_id.is_some() {
                    "answered"
                } else {
                    "abandoned"
                }
                .to_owned(),
            );
            row.state = "ended".to_owned();
        }
        insert(app, row.clone()).await;
        rows.push(row);
    }
    rows
}

#[tokio::test]
async fn a_list_is_narrowed_by_each_filter_and_by_the_scope() {
    testing::on_both(&migrations(), async |app| {
        let rows = six_calls(&app).await;
        let list = async |scope: Scope, filter: Filter, query: ListQuery| -> Vec<u128> {
            let page = store::list(&app, app.db.read(), &scope, &filter, &query)
                .await
                .unwrap();
            page.items.iter().map(|row| row.id.as_u128()).collect()
        };
        let all = async |filter: Filter| list(Scope::All, filter, ListQuery::default()).await;
        assert_eq!(all(Filter::default()).await, [6, 5, 4, 3, 2, 1]);
        let filter = Filter {
            agent: Some(agent(1)),
            ..Filter::default()
        };
        assert_eq!(all(filter).await, [5, 3, 1]);
        let filter = Filter {
            queue: Some("exams".to_owned()),
            ..Filter::default()
        };
        assert_eq!(all(filter).await, [4]);
        let filter = Filter {
            state: Some("queued".to_owned()),
            ..Filter::default()
        };
        assert_eq!(all(filter).await, [6]);
        let filter = Filter {
            outcome: Some("open".to_owned()),
            ..Filter::default()
        };
        assert_eq!(all(filter).await, [6]);
        let filter = Filter {
            outcome: Some("abandoned".to_owned()),
            ..Filter::default()
        };
        assert_eq!(all(filter).await, [4, 2]);
        let filter = Filter {
            requester: Some(Uuid::from_u128(77)),
            ..Filter::default()
        };
        assert_eq!(all(filter).await, [2]);
        // At or after the second, before the fourth.
        let filter = Filter {
            from: Some(rows[1].arrived_at),
            to: Some(rows[3].arrived_at),
            ..Filter::default()
        };
        assert_eq!(all(filter).await, [3, 2]);
        for (q, found) in [
            ("13900000003", vec![3]),
            ("+86 139 0000 0003", vec![3]),
            ("1390000", vec![]),
            ("%", vec![]),
        ] {
            let query = ListQuery {
                q: Some(q.to_owned()),
                ..ListQuery::default()
            };
            assert_eq!(
                list(Scope::All, Filter::default(), query).await,
                found,
                "{q}"
            );
        }
        assert_eq!(
            list(
                Scope::Own(agent(1)),
                Filter::default(),
                ListQuery::default()
            )
            .await,
            [5, 3, 1]
        );
        assert_eq!(
            list(
                Scope::Own(agent(2)),
                Filter::default(),
                ListQuery::default()
            )
            .await,
            [0u128; 0]
        );
        let exams = Scope::Queues(vec!["exams".to_owned()]);
        assert_eq!(
            list(exams.clone(), Filter::default(), ListQuery::default()).await,
            [4]
        );
        // A call outside the scope is not there, and neither is its journal.
        let hidden = store::get(app.db.read(), &exams, rows[0].id)
            .await
            .unwrap_err();
        assert_eq!(hidden.status, 404);
        let hidden = store::events(app.db.read(), &Scope::Own(agent(2)), rows[0].id)
            .await
            .unwrap_err();
        assert_eq!(hidden.status, 404);
    })
    .await;
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    testing::on_both(&migrations(), async |app| {
        let rows = six_calls(&app).await;
        // Two calls of the same millisecond.
        let mut twin = rows[3].clone();
        twin.id = Uuid::from_u128(40);
        insert(&app, twin).await;
        for (sort, order) in [
            (None, [6, 5, 40, 4, 3, 2, 1]),
            (Some("arrived_at"), [1, 2, 3, 4, 40, 5, 6]),
        ] {
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let query = ListQuery {
                    per_page: Some(3),
                    sort: sort.map(str::to_owned),
                    cursor: cursor.take(),
                    ..ListQuery::default()
                };
                let page =
                    store::list(&app, app.db.read(), &Scope::All, &Filter::default(), &query)
                        .await
                        .unwrap();
                assert_eq!(page.total, 7);
                seen.extend(page.items.iter().map(|row| row.id.as_u128()));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, order);
        }
    })
    .await;
}

#[tokio::test]
async fn a_journal_is_read_in_the_order_it_happened() {
    testing::on_both(&migrations(), async |app| {
        let rows = six_calls(&app).await;
        // Written late and in another order.
        for (seq, kind) in [(3, "queued"), (1, "arrived"), (2, "greeted")] {
            let line = event::ActiveModel {
                id: Set(app.ids.next()),
                call_id: Set(rows[0].id),
                seq: Set(seq),
                at: Set(rows[0].arrived_at + TimeDelta::seconds(seq)),
                event: Set(kind.to_owned()),
                details: Set(serde_json::json!({ "seq": seq })),
            };
            app.db
                .write(async move |tx| {
                    event::Entity::insert(line)
                        .exec_without_returning(&*tx)
                        .await?;
                    Ok(())
                })
                .await
                .unwrap();
        }
        let lines = store::events(app.db.read(), &Scope::All, rows[0].id)
            .await
            .unwrap();
        let kinds: Vec<_> = lines.iter().map(|line| line.event.as_str()).collect();
        assert_eq!(kinds, ["arrived", "greeted", "queued"]);
        assert_eq!(lines[2].at, rows[0].arrived_at + TimeDelta::seconds(3));
        assert_eq!(lines[2].details["seq"], 3);
        assert_eq!(
            store::events(app.db.read(), &Scope::All, rows[1].id)
                .await
                .unwrap(),
            []
        );
    })
    .await;
}
