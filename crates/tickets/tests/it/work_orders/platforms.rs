//! Platforms are rows.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{manager, send};
use crate::desk::{agent, lead, on_both};

fn setup() -> Value {
    json!({
        "name": "网上信访",
        "columns": {"columns": [
            {"column": "信访编号", "field": "order_no"},
            {"column": "信访目的", "field": "request_type"},
            {"column": "概况", "field": "content"},
            {"column": "登记机构", "field": null},
        ]},
        "words": {"request_type": {"申诉": "help", "揭发控告": "report"}},
        "active": true,
    })
}

#[tokio::test]
async fn another_platform_with_its_own_columns_and_words_is_set_up_and_used() {
    on_both(async |desk| {
        let path = "/api/v1/platforms/petition";
        let made = desk.ask(&manager(), Method::PUT, path, Some(setup())).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
        let text = "信访编号,信访目的,概况,登记机构\nX-1,申诉,请帮助核实,市局\n";
        let import = "/api/v1/work-orders/import?platform=petition";
        let answer = send(&desk, &lead(), import, text.as_bytes().to_vec()).await;
        assert_eq!(answer.json["new"], 1, "{}", answer.json);
        let page = desk
            .get(&lead(), "/api/v1/work-orders?platform=petition")
            .await;
        assert_eq!(page["items"][0]["request_type"], "help");
        assert_eq!(
            page["items"][0]["order"]["raw"],
            json!({"登记机构": "市局"})
        );
        let same = send(
            &desk,
            &lead(),
            "/api/v1/work-orders/import?platform=12345",
            "工单编号,诉求类型,诉求内容\nX-1,求助,另一平台\n"
                .as_bytes()
                .to_vec(),
        )
        .await;
        assert_eq!(
            same.json["new"], 1,
            "a number belongs to its platform: {}",
            same.json
        );

        let mut off = setup();
        off["version"] = json!(1);
        off["active"] = json!(false);
        let answer = desk
            .ask(&manager(), Method::PUT, path, Some(off.clone()))
            .await;
        assert_eq!(
            (answer.status, &answer.json["version"]),
            (StatusCode::OK, &json!(2))
        );
        let stale = desk.ask(&manager(), Method::PUT, path, Some(off)).await;
        assert_eq!(stale.json["code"], "stale_version");
        let refused = send(&desk, &lead(), import, text.as_bytes().to_vec()).await;
        assert_eq!(refused.json["code"], "platform_not_in_use");
    })
    .await;
}

#[tokio::test]
async fn a_set_up_that_cannot_work_is_refused_with_the_reason() {
    on_both(async |desk| {
        let path = "/api/v1/platforms/petition";
        let put = async |path: &str, body: Value| {
            desk.ask(&manager(), Method::PUT, path, Some(body))
                .await
                .json["code"]
                .clone()
        };
        let mut without = setup();
        without["columns"]["columns"]
            .as_array_mut()
            .unwrap()
            .remove(2);
        assert_eq!(put(path, without).await, "columns_invalid");
        let mut twice = setup();
        twice["columns"]["columns"][3]["field"] = json!("content");
        assert_eq!(put(path, twice).await, "columns_invalid");
        let mut words = setup();
        words["words"]["request_type"]["申诉"] = json!("appeal");
        assert_eq!(put(path, words).await, "words_invalid");
        assert_eq!(
            put("/api/v1/platforms/Petition", setup()).await,
            "platform_code_invalid"
        );
        assert_eq!(
            put("/api/v1/platforms/12345", setup()).await,
            "stale_version"
        );
        let answer = desk.ask(&lead(), Method::PUT, path, Some(setup())).await;
        assert_eq!(answer.json["permission"], "platforms:manage");
        let all = desk.get(&agent(1), "/api/v1/platforms").await;
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
        assert_eq!(all["items"][0]["code"], "12345");
    })
    .await;
}
