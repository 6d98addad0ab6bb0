//! Two nodes over one database: what is changed on one holds on the other without a restart.

use std::time::Duration;

use axum::http::Method;
use chrono::TimeDelta;
use floor::Floor;
use kernel::Role;
use serde_json::{Value, json};
use telephony::{Settings, Telephony};
use testing::{call, principal};

use super::{on_both, people, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_line_and_the_trunks_of_another_node_hold_here_after_some_seconds() {
    on_both(async |line| {
        // The other node, whose doors are used and which alone hears the events. It has no sockets here.
        let settings = Settings::load(&line.app.config).unwrap();
        let floor = Floor::new(&line.app, people());
        let other = Telephony::with_settings(&line.app, &floor, false, settings).unwrap();
        let router = line.app.start(vec![telephony::capability(&other)]).await;
        let ask = async |role: Role, method: Method, path: &str, body: Value| {
            let who = principal(&[role]);
            let answer = call(&router, Some(&who), method, path, Some(body)).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.json);
            answer.json
        };
        let until_when = line.app.clock.now() + TimeDelta::hours(2);
        let closed = json!({ "on": true, "reason": "临时停电", "until": until_when });
        ask(Role::ShiftLead, Method::PUT, "/api/v1/line/holiday", closed).await;
        let trunk = json!({
            "version": null, "name": "电信", "kind": "address", "host": "127.0.0.77", "port": 5060, "transport": "udp",
            "srtp": "off", "priority": 10, "weight": 1, "options_s": 0, "enabled": true,
        });
        ask(Role::SysAdmin, Method::POST, "/api/v1/trunks", trunk).await;
        let stack = line.telephony.stack().unwrap();
        let source = "127.0.0.77".parse().unwrap();
        assert!(!stack.board().knows(source), "not yet");
        line.app.clock.advance(Duration::from_secs(6));
        until("the trunk is known here", || async {
            stack.board().knows(source)
        })
        .await;
        line.call(|_| {}).await.unwrap();
        let outcome = line.record().await.outcome;
        assert_eq!(outcome.as_deref(), Some("after_hours"), "the line is closed here too");
        line.settled().await;
    })
    .await;
}
