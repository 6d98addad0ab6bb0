//! the supplier's archive of contracts: months of hotlines of public offices, what overlaps counted once, by what
//! the purchaser verified.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::cases::{on_both, path};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_six_months_are_counted_once_and_by_what_was_verified() {
    on_both(async |server| {
        let (hr, purchaser) = (server.sign_in("hr").await, server.sign_in("purchaser").await);
        let at = "/api/v1/past-contracts";
        let new = |title: &str, from: &str, until: &str, government: bool| {
            json!({"title": title, "client": "某市人社局", "government": government, "from_day": from, "until_day": until,
                "scale": "十席"})
        };
        assert_eq!(purchaser.ask(Method::POST, at, Some(new("甲", "2020-01-01", "2021-12-31", true))).await.0,
            StatusCode::FORBIDDEN);
        hr.post(at, new("政务热线一", "2020-01-01", "2021-12-31", true)).await;
        hr.post(at, new("政务热线二", "2021-01-01", "2022-12-31", true)).await;
        let archive = hr.post(at, new("银行热线", "2015-01-01", "2019-12-31", false)).await;
        assert_eq!((&archive["months_claimed"], &archive["months_verified"]), (&json!(36), &json!(0)));
        assert_eq!((&archive["enough"], &archive["months_needed"]), (&json!(false), &json!(36)));
        let of = |archive: &Value, title: &str| {
            archive["items"].as_array().unwrap().iter().find(|one| one["title"] == title).unwrap().clone()
        };
        for (title, enough) in [("政务热线一", false), ("政务热线二", true)] {
            let one = of(&archive, title);
            let said = json!({"version": one["version"], "note": "合同与用户证明齐全"});
            let door = format!("{}/verify", path("past-contracts", &one));
            assert_eq!(hr.ask(Method::POST, &door, Some(said.clone())).await.0, StatusCode::FORBIDDEN);
            assert_eq!(purchaser.post(&door, said).await["enough"], json!(enough), "{title}");
        }
        let archive = hr.get(at).await;
        assert_eq!(archive["months_verified"], 36, "the year of both counts once");
        let two = of(&archive, "政务热线二");
        let void = json!({"version": two["version"], "note": "合同终止"});
        let archive = hr.post(&format!("{}/void", path("past-contracts", &two)), void).await;
        assert_eq!((&archive["months_verified"], &archive["enough"]), (&json!(24), &json!(false)));
    })
    .await;
}
