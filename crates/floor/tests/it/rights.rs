use axum::http::Method;
use kernel::Role;
use serde_json::json;
use testing::{call, principal};

use crate::hall::{agent, on_both};

/// Who may pass a route, as the table of the README says.
#[tokio::test]
async fn each_route_lets_pass_whom_the_readme_names() {
    use Role::{
        Agent, Analyst, Counterpart, Liaison, OpsManager, PurchaserAdmin, PurchaserBusiness,
        Quality, ShiftLead, Trainer,
    };
    let state = format!("/api/v1/agents/{}/state", agent(1));
    let skills = format!("/api/v1/agents/{}/skills", agent(1));
    let view: &[Role] = &[ShiftLead, OpsManager, Quality, PurchaserAdmin];
    let leads: &[Role] = &[ShiftLead, OpsManager];
    let board: &[Role] = &[
        Agent,
        ShiftLead,
        OpsManager,
        Quality,
        Trainer,
        Analyst,
        Liaison,
        Counterpart,
        PurchaserAdmin,
        PurchaserBusiness,
    ];
    let queues: &[Role] = &[
        Agent,
        ShiftLead,
        OpsManager,
        Quality,
        Analyst,
        Counterpart,
        PurchaserAdmin,
        PurchaserBusiness,
    ];
    let routes: [(Method, &str, &[Role]); 11] = [
        (Method::GET, "/api/v1/agent-state", &[Agent]),
        (Method::PUT, "/api/v1/agent-state", &[Agent]),
        (Method::POST, "/api/v1/agent-state/wrap-up/end", &[Agent]),
        (Method::POST, "/api/v1/agent-state/wrap-up/extend", &[Agent]),
        (Method::PUT, &state, leads),
        (Method::GET, &skills, view),
        (Method::PUT, &skills, leads),
        (Method::GET, "/api/v1/floor", view),
        (Method::GET, "/api/v1/wallboard", board),
        (Method::GET, "/api/v1/queues", queues),
        (Method::PUT, "/api/v1/queues/hotline", leads),
    ];
    on_both(async |hall| {
        for (method, path, may) in &routes {
            let body = (*method != Method::GET).then(|| json!({}));
            let stranger = call(&hall.door.0, None, method.clone(), path, body.clone()).await;
            assert_eq!(stranger.status, 401, "{method} {path}");
            for role in Role::ALL {
                let answer = hall
                    .door
                    .ask(&principal(&[*role]), method.clone(), path, body.clone())
                    .await;
                assert_eq!(
                    answer.status != 403,
                    may.contains(role),
                    "{method} {path} as {role:?}: {} {}",
                    answer.status,
                    answer.json
                );
            }
        }
    })
    .await;
}
