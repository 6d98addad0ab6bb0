//! A-10 and A-05 (domain G, scenario 3): the orders of 12345 come in as a file, are handled by the rules of
//! their type, and go back; another platform is set up without a new program.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testing::Kind;
use tickets::work_order::link::{NONCE, SIGNATURE, Stamp, TIMESTAMP};

use crate::support::{OPEN, Person, TestServer};

const IMPORT: &str = "/api/v1/work-orders/import?platform=12345";

/// Forty orders; `damage` is what is done to the sheet afterwards.
fn workbook(damage: &str) -> Option<Vec<u8>> {
    testing::openpyxl(&format!(
        "page.append(['工单编号','受理渠道','诉求类型','诉求分类','标题','诉求内容','诉求人','联系电话','是否保密',\
         '紧急程度','转办时间','办理时限'])\n\
         kinds = ['咨询','求助','投诉','举报','建议']\n\
         for n in range(40):\n\
         \x20   page.append(['GD20261123-%04d' % n, '电话', kinds[n % 5], '人事考试/准考证', '准考证打印 %d' % n,\n\
         \x20       '准考证页面打不开，第%d件。' % n, '王%d' % n, 13900000100 + n, '否', '一般',\n\
         \x20       '2026-11-23 09:%02d' % n, '2026/12/14'])\n\
         # Two of them are of one person about one matter.\n\
         page['H8'] = 13900000100\n\
         {damage}\n"
    ))
}

/// Does a verb at a door of the ticket with the version that stands now.
async fn does(who: &Person, reader: &Person, id: &str, door: &str, mut verb: Value) -> Value {
    let ticket = reader.get(&format!("/api/v1/tickets/{id}")).await;
    verb["version"] = ticket["version"].clone();
    who.post(&format!("/api/v1/tickets/{id}/{door}"), verb)
        .await
}

async fn order(lead: &Person, n: usize) -> Value {
    let path = format!("/api/v1/work-orders?q=GD20261123-{n:04}");
    lead.get(&path).await["items"][0].clone()
}

fn id(order: &Value) -> String {
    order["id"].as_str().unwrap().to_owned()
}

async fn story(kind: Kind, damaged: Vec<u8>, whole: Vec<u8>) {
    let database = testing::database(kind, &server::migrations()).await;
    let settings = [("database.url", database.url.clone())];
    let server = TestServer::started_at(OPEN, &settings).await;
    let lead = server.sign_in("lead").await;
    let agent = server.sign_in("agent1").await;
    let section = server.sign_in("section").await;

    // Three bad rows: a dry run names them, an import writes nothing.
    let dry = format!("{IMPORT}&dry_run=true");
    let (status, report) = lead.send_file(&dry, damaged.clone()).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    let errors: Vec<(&Value, &Value, &Value)> = report["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (&error["row"], &error["column"], &error["code"]))
        .collect();
    assert_eq!(
        errors,
        [
            (&json!(5), &json!("K"), &json!("date_invalid")),
            (&json!(12), &json!("C"), &json!("request_type_unknown")),
            (&json!(20), &json!("F"), &json!("value_missing")),
        ]
    );
    let (status, problem) = lead.send_file(IMPORT, damaged).await;
    assert_eq!(
        (status, &problem["code"]),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!("import_has_errors")
        )
    );
    assert_eq!(lead.get("/api/v1/work-orders").await["total"], 0);

    // The mended file: all forty, and once.
    let (status, report) = lead.send_file(IMPORT, whole.clone()).await;
    assert_eq!(
        (status, &report["new"]),
        (StatusCode::OK, &json!(40)),
        "{report}"
    );
    let (_, again) = lead.send_file(IMPORT, whole).await;
    assert_eq!(again["unchanged"], 40, "{again}");
    assert_eq!(
        lead.get("/api/v1/work-orders?platform=12345").await["total"],
        40
    );

    // 咨询 2, 求助 and 建议 10, 投诉 and 举报 15 working days, to the end of service.
    let due = [
        "2026-11-25T10:00:00Z",
        "2026-12-07T10:00:00Z",
        "2026-12-14T10:00:00Z",
        "2026-12-14T10:00:00Z",
        "2026-12-07T10:00:00Z",
    ];
    for (n, due) in due.iter().enumerate() {
        assert_eq!(&order(&lead, n).await["due_at"], due, "order {n}");
    }

    // 并单: the second order of one person about one matter.
    let (first, twin) = (order(&lead, 0).await, order(&lead, 6).await);
    let detail = lead
        .get(&format!("/api/v1/work-orders/{}", id(&twin)))
        .await;
    assert_eq!(detail["alike"][0]["id"], first["id"], "{detail}");
    let merge = json!({"into": first["id"], "reason": "同一诉求重复登记"});
    let merged = does(&lead, &lead, &id(&twin), "merge", merge).await;
    assert_eq!(merged["state"], "merged");

    // Five go to one agent, who signs them and is their first owner for good.
    let me = agent.get("/api/v1/session").await["user"]["id"].clone();
    for n in [0, 1, 2, 3, 5] {
        let ticket = id(&order(&lead, n).await);
        let give = json!({"action": "reassign", "to": me, "reason": "按事项派单"});
        does(&lead, &lead, &ticket, "dispatch", give).await;
        let signed = does(&agent, &agent, &ticket, "handle", json!({"action": "sign"})).await;
        assert_eq!(signed["first_owner_id"], me);
    }

    // 退单 with evidence, accepted by the purchaser.
    let returned = id(&order(&lead, 1).await);
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"三定.pdf\"\r\n\r\n%PDF-1.4\r\n--x--\r\n";
    let path = format!("/api/v1/tickets/{returned}/files");
    let (status, file) = agent
        .send_form(
            &path,
            "multipart/form-data; boundary=x",
            form.as_bytes().to_vec(),
        )
        .await;
    assert_eq!(status, StatusCode::CREATED, "{file}");
    let ask = json!({"action": "ask_return", "reason": "不属本单位三定职责，见附件"});
    does(&agent, &agent, &returned, "handle", ask).await;
    let grant = json!({"action": "decide", "granted": true, "reason": "同意退单"});
    let over = does(&section, &lead, &returned, "sign-off", grant).await;
    assert_eq!(over["state"], "returned");

    // 延期 once, granted by the lead.
    let extended = id(&order(&lead, 5).await);
    let ask =
        json!({"action": "ask_extension", "unit": "working_days", "n": 2, "reason": "需外省核查"});
    does(&agent, &agent, &extended, "handle", ask.clone()).await;
    let grant = json!({"action": "decide", "granted": true, "reason": "同意"});
    let later = does(&lead, &lead, &extended, "dispatch", grant).await;
    assert_eq!(later["due_at"], "2026-11-27T10:00:00Z");
    let twice = json!({"action": "ask_extension", "unit": "working_days", "n": 1, "reason": "再延",
        "version": later["version"]});
    let path = format!("/api/v1/tickets/{extended}/handle");
    let (status, problem) = agent.ask(Method::POST, &path, Some(twice)).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("ticket_asked_too_often"))
    );

    // A complaint leaves only with the purchaser's sign-off (A.6 item 11).
    let complaint = id(&order(&lead, 2).await);
    let reply = |text: &str| json!({"action": "reply", "answer": text});
    let waits = does(
        &agent,
        &agent,
        &complaint,
        "handle",
        reply("经查，已恢复打印"),
    )
    .await;
    assert_eq!(waits["state"], "pending_review");
    let approved = does(
        &section,
        &lead,
        &complaint,
        "sign-off",
        json!({"action": "approve"}),
    )
    .await;
    assert_eq!(approved["state"], "replied");

    // 不满意 → 重办 → 满意 → 办结.
    let unhappy = id(&order(&lead, 0).await);
    does(&agent, &agent, &unhappy, "handle", reply("请更换浏览器")).await;
    let visit = |said: &str| json!({"action": "revisit", "said": said});
    let anew = does(&lead, &lead, &unhappy, "dispatch", visit("dissatisfied")).await;
    assert_eq!(
        (&anew["state"], &anew["reopenings"]),
        (&json!("in_handling"), &json!(1))
    );
    does(
        &agent,
        &agent,
        &unhappy,
        "handle",
        reply("已代为打印并寄出"),
    )
    .await;
    let closed = does(&lead, &lead, &unhappy, "dispatch", visit("satisfied")).await;
    assert_eq!(closed["state"], "closed");
    assert_eq!(closed["first_owner_id"], me);

    // The way back, in the template; and who may not take it out.
    let exported = lead
        .send(
            Method::GET,
            "/api/v1/work-orders/export?platform=12345",
            None,
        )
        .await;
    assert_eq!(exported.status(), StatusCode::OK);
    assert!(exported.bytes().await.unwrap().starts_with(b"PK"));
    let path = "/api/v1/work-orders/export?platform=12345";
    let (status, _) = agent.ask(Method::GET, path, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);

    // another platform is a row.
    let manager = server.sign_in("manager").await;
    let columns = json!({"columns": [
        {"column": "信访编号", "field": "order_no"},
        {"column": "信访目的", "field": "request_type"},
        {"column": "概况", "field": "content"},
    ]});
    let setup = json!({"name": "网上信访", "columns": columns,
        "words": {"request_type": {"申诉": "help"}}, "active": true});
    manager.put("/api/v1/platforms/petition", setup).await;
    let text = "信访编号,信访目的,概况\nX-1,申诉,请核实报名资格\n";
    let path = "/api/v1/work-orders/import?platform=petition";
    let (status, report) = lead.send_file(path, text.as_bytes().to_vec()).await;
    assert_eq!(
        (status, &report["new"]),
        (StatusCode::OK, &json!(1)),
        "{report}"
    );
    let trail = server
        .sign_in("auditor")
        .await
        .get("/api/v1/audit?per_page=200")
        .await;
    for action in [
        "work_orders.imported",
        "work_orders.exported",
        "platform.set_up",
    ] {
        assert!(trail.to_string().contains(action), "{action}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_orders_come_in_are_handled_by_their_rules_and_go_back() {
    let damage = "page['K5'] = '昨天'\npage['C12'] = '咨洵'\npage['F20'] = None";
    let (Some(damaged), Some(whole)) = (workbook(damage), workbook("")) else {
        return;
    };
    for kind in Kind::all() {
        story(*kind, damaged.clone(), whole.clone()).await;
    }
}

const SECRET: &str = "a-secret-of-both-sides";

/// The platform's side of the link: hands out two pages of orders, hears what becomes of them, fails once.
#[derive(Clone, Default)]
struct Simulator(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    events: Vec<Value>,
    pulls: Vec<String>,
    tries: usize,
}

fn is_signed(method: &str, uri: &OriginalUri, headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let stamp = Stamp {
        timestamp: text(TIMESTAMP).parse().unwrap(),
        nonce: text(NONCE),
    };
    let target = uri.path_and_query().unwrap().as_str();
    stamp.signature(SECRET, method, target, body) == text(SIGNATURE)
}

async fn hand_out(
    State(sim): State<Simulator>,
    uri: OriginalUri,
    headers: HeaderMap,
) -> axum::Json<Value> {
    assert!(is_signed("GET", &uri, &headers, b""));
    let after = uri.query().unwrap().to_owned();
    sim.0.lock().unwrap().pulls.push(after.clone());
    let order = |no: &str, kind: &str| json!({"工单编号": no, "诉求类型": kind, "诉求内容": "平台推送的诉求", "联系电话": "13900000777"});
    axum::Json(match after.as_str() {
        "after=" => json!({"orders": [order("P-1", "咨询"), order("P-2", "不明")], "next": "p/2"}),
        "after=p%2F2" => json!({"orders": [order("P-3", "求助")], "next": "p3"}),
        _ => json!({"orders": []}),
    })
}

async fn hear(
    State(sim): State<Simulator>,
    uri: OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    assert!(is_signed("POST", &uri, &headers, &body));
    let mut heard = sim.0.lock().unwrap();
    heard.tries += 1;
    if heard.tries == 1 {
        return StatusCode::BAD_GATEWAY;
    }
    heard.events.push(serde_json::from_slice(&body).unwrap());
    StatusCode::OK
}

async fn link_story(kind: Kind) {
    let sim = Simulator::default();
    let router = Router::new()
        .route("/api/orders", get(hand_out))
        .route("/api/events", post(hear))
        .with_state(sim.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let database = testing::database(kind, &server::migrations()).await;
    let settings = [
        ("database.url", database.url.clone()),
        ("platform_link.platform", "12345".to_owned()),
        ("platform_link.url", format!("http://{address}/api")),
        ("platform_link.secret", SECRET.to_owned()),
        ("platform_link.allow_private", "true".to_owned()),
    ];
    let server = TestServer::started_at(OPEN, &settings).await;
    let lead = server.sign_in("lead").await;
    let agent = server.sign_in("agent1").await;

    // Pull: both pages, what is wrong in one order does not hold the others up.
    server.clock.advance(Duration::from_mins(5));
    let within = Duration::from_secs(10);
    lead.until("/api/v1/work-orders", within, |page| page["total"] == 2)
        .await;
    let pulls = sim.0.lock().unwrap().pulls.clone();
    assert_eq!(pulls[..2], ["after=", "after=p%2F2"]);
    let imports = lead.get("/api/v1/work-orders/imports").await;
    assert_eq!(imports["items"][1]["state"], "partly_imported", "{imports}");

    // Push of a reply: tried again until the platform has it, with the same id.
    let pulled = lead.get("/api/v1/work-orders?q=P-1").await["items"][0].clone();
    let ticket = id(&pulled);
    let me = agent.get("/api/v1/session").await["user"]["id"].clone();
    let give = json!({"action": "reassign", "to": me, "reason": "派单"});
    does(&lead, &lead, &ticket, "dispatch", give).await;
    does(&agent, &agent, &ticket, "handle", json!({"action": "sign"})).await;
    let reply = json!({"action": "reply", "answer": "已处理"});
    does(&agent, &agent, &ticket, "handle", reply).await;
    let mut told = Value::Null;
    for _ in 0..100 {
        if let Some(event) = sim.0.lock().unwrap().events.first() {
            told = event.clone();
            break;
        }
        server.clock.advance(Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        (&told["kind"], &told["order_no"], &told["answer"]),
        (&json!("reply"), &json!("P-1"), &json!("已处理"))
    );

    // What comes in from now on is given by rule; nobody has to be there.
    let rule = json!({"name": "平台推送", "platform": "12345", "section": null, "matter": null,
        "way": "round_robin", "agents": [me], "active": true});
    let manager = server.sign_in("manager").await;
    let new = json!({"rule": rule, "source": "班组分工"});
    manager.post("/api/v1/rules/dispatch", new).await;

    // The platform sends by itself: signed, fresh, once.
    let path = "/api/v1/platform-inbox/12345";
    let body = json!({"orders": [{"工单编号": "Q-1", "诉求类型": "投诉", "诉求内容": "推送"}]})
        .to_string();
    let send = async |stamp: &Stamp, signature: &str, body: &str| {
        let request = reqwest::Client::new().post(server.url(path));
        let answer = request
            .header(TIMESTAMP, stamp.timestamp.to_string())
            .header(NONCE, &stamp.nonce)
            .header(SIGNATURE, signature)
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await.unwrap();
        (
            status,
            answer["code"].as_str().unwrap_or("taken").to_owned(),
        )
    };
    let stamp = |nonce: &str, off: i64| Stamp {
        timestamp: server.clock.now().timestamp() + off,
        nonce: nonce.to_owned(),
    };
    let fresh = stamp("nonce-0001", 0);
    let signed = fresh.signature(SECRET, "POST", path, body.as_bytes());
    let forged = send(&fresh, &signed, &body.replace("Q-1", "Q-9")).await;
    assert_eq!(forged, (401, "signature_wrong".to_owned()));
    let swapped = send(&stamp("nonce-0002", 0), &signed, &body).await;
    assert_eq!(swapped, (401, "signature_wrong".to_owned()));
    for off in [-301, 302] {
        let stale = stamp("nonce-0003", off);
        let old = stale.signature(SECRET, "POST", path, body.as_bytes());
        assert_eq!(
            send(&stale, &old, &body).await,
            (401, "signature_stale".to_owned())
        );
    }
    let unsigned = server
        .anonymous()
        .ask(Method::POST, path, Some(json!({})))
        .await;
    assert_eq!(unsigned.1["code"], "signature_missing");
    assert_eq!(
        send(&fresh, &signed, &body).await,
        (200, "taken".to_owned())
    );
    assert_eq!(
        send(&fresh, &signed, &body).await,
        (409, "nonce_used".to_owned())
    );
    let bad = body.replace("投诉", "不明");
    let other = stamp("nonce-0004", 0);
    let signed = other.signature(SECRET, "POST", path, bad.as_bytes());
    assert_eq!(
        send(&other, &signed, &bad).await,
        (422, "import_has_errors".to_owned())
    );
    let pushed = lead.get("/api/v1/work-orders?q=Q-").await;
    assert_eq!(pushed["total"], 1);
    assert_eq!(pushed["items"][0]["current_owner_id"], me);
    assert_eq!(sim.0.lock().unwrap().events.len(), 1, "told once");
    server.stop().await;
    peer.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_with_an_api_is_pulled_from_pushed_to_and_heard_when_it_signs() {
    for kind in Kind::all() {
        link_story(*kind).await;
    }
}
