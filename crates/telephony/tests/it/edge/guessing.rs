//! Guessers of names and secrets: they learn nothing, and lock out nobody but themselves.

use std::time::{Duration, Instant};

use super::super::hotline::raw::{Raw, authorization, header, sdp, status};
use super::super::hotline::{Hotline, SECRET, hotline, hotline_with};

async fn register(phone: &mut Raw, user: &str, extra: &[&str]) -> String {
    let request = phone.request("REGISTER", "sip:127.0.0.1", user, extra, "");
    phone.ask(&request).await.unwrap()
}

/// One guess of agent1's secret.
async fn guess(phone: &mut Raw, user: &str) -> u16 {
    let challenge = register(phone, user, &[]).await;
    let proof = authorization(&challenge, user, "a guess", 1);
    status(&register(phone, user, &[&proof]).await)
}

async fn strangers() -> Hotline {
    hotline_with(|settings| settings.sip.trunks = vec!["127.0.0.9".parse().unwrap()]).await
}

/// A response without what differs from one request to the next: ids, and the name that was asked for.
fn shape(response: &str, user: &str) -> Vec<String> {
    let varies = ["via", "call-id", "cseq", "from", "to"];
    response
        .lines()
        .filter(|line| {
            !varies.contains(
                &line
                    .split(':')
                    .next()
                    .unwrap()
                    .to_ascii_lowercase()
                    .as_str(),
            )
        })
        .map(|line| match line.split_once("nonce=\"") {
            Some((before, _)) => before.to_owned(),
            None => line.replace(user, "USER"),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn extension_guessing_register_invite_options_and_more_answer_the_same_whether_the_name_exists()
 {
    let line = strangers().await;
    let bodies = sdp(9, "sendrecv");
    for method in [
        "REGISTER",
        "INVITE",
        "OPTIONS",
        "SUBSCRIBE",
        "MESSAGE",
        "PUBLISH",
        "REFER",
        "NOTIFY",
        "BYE",
        "INFO",
    ] {
        let mut shapes = Vec::new();
        for user in ["agent1", "agent2", "agent99", "root", "100", "12333"] {
            let mut phone = Raw::new(line.sip).await;
            let body = if method == "INVITE" {
                bodies.as_str()
            } else {
                ""
            };
            let request = phone.request(method, &format!("sip:{user}@127.0.0.1"), user, &[], body);
            let answer = phone.ask(&request).await;
            shapes.push(answer.map(|answer| shape(&answer, user)));
        }
        assert!(
            shapes.iter().all(|shape| *shape == shapes[0]),
            "{method}: {shapes:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn extension_guessing_takes_as_long_whether_the_name_exists() {
    let line = strangers().await;
    let mut times = [Vec::new(), Vec::new()];
    let mut phone = Raw::new(line.sip).await;
    for round in 0..60 {
        for (at, user) in ["agent1", "nobody1"].into_iter().enumerate() {
            let challenge = register(&mut phone, user, &[]).await;
            let proof = authorization(&challenge, user, "a guess", 1);
            let begun = Instant::now();
            let answer = register(&mut phone, user, &[&proof]).await;
            if round >= 10 {
                times[at].push(begun.elapsed());
            }
            assert_eq!(status(&answer), 403);
            // Not what a lock answers.
            line.app.clock.advance(Duration::from_secs(301));
        }
    }
    let [there, not] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    let apart = there.abs_diff(not);
    assert!(
        apart < Duration::from_millis(1) && apart < there.max(not) / 2,
        "{there:?} for a name that is there, {not:?} for one that is not"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn password_spraying_one_source_is_cut_off_after_thirty_names() {
    let line = strangers().await;
    let mut phone = Raw::new(line.sip).await;
    for number in 0..30 {
        assert_eq!(guess(&mut phone, &format!("user{number}")).await, 403);
    }
    let challenge = register(&mut phone, "agent1", &[]).await;
    let proof = authorization(&challenge, "agent1", SECRET, 1);
    assert_eq!(
        status(&register(&mut phone, "agent1", &[&proof]).await),
        403,
        "even with the right one"
    );
    let mut other = Raw::at("127.0.0.3:0", line.sip).await;
    other.register("agent1", SECRET).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn distributed_guessing_of_one_account_locks_it_for_strangers_while_its_phone_goes_on() {
    let line = strangers().await;
    let mut phone = Raw::at("127.0.0.3:0", line.sip).await;
    phone.register("agent1", SECRET).await;
    for host in 10..30 {
        let mut guesser = Raw::at(&format!("127.0.0.{host}:0"), line.sip).await;
        assert_eq!(guess(&mut guesser, "agent1").await, 403);
    }
    // The lock holds: a stranger's right guess is worth nothing now.
    let mut lucky = Raw::at("127.0.0.77:0", line.sip).await;
    let challenge = register(&mut lucky, "agent1", &[]).await;
    let proof = authorization(&challenge, "agent1", SECRET, 1);
    assert_eq!(
        status(&register(&mut lucky, "agent1", &[&proof]).await),
        403
    );
    // The phone that was here before registers again, also from another port after a restart.
    phone.register("agent1", SECRET).await;
    let mut restarted = Raw::at("127.0.0.3:0", line.sip).await;
    restarted.register("agent1", SECRET).await;
    // The window slides: five minutes without a guess, and it is over.
    line.app.clock.advance(Duration::from_secs(301));
    lucky.register("agent1", SECRET).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_behind_the_phones_own_address_does_not_keep_the_registered_phone_out() {
    let line = strangers().await;
    let mut phone = Raw::at("127.0.0.3:0", line.sip).await;
    phone.register("agent1", SECRET).await;
    let mut neighbour = Raw::at("127.0.0.3:0", line.sip).await;
    for _ in 0..8 {
        assert_eq!(guess(&mut neighbour, "agent1").await, 403);
    }
    phone.register("agent1", SECRET).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scanners_that_say_so_hear_nothing_but_a_trunk_and_a_registered_phone_do() {
    let line = strangers().await;
    let agents = [
        "friendly-scanner",
        "SIPVicious 0.3",
        "sipcli/v1.8",
        "sundayddr",
    ];
    let mut scanner = Raw::new(line.sip).await;
    for agent in agents {
        let name = format!("User-Agent: {agent}");
        let request = scanner.request("OPTIONS", "sip:100@127.0.0.1", "100", &[&name], "");
        assert!(scanner.ask(&request).await.is_none(), "{agent}");
    }
    let mut trunk = Raw::at("127.0.0.9:0", line.sip).await;
    let request = trunk.request(
        "OPTIONS",
        "sip:127.0.0.1",
        "x",
        &["User-Agent: friendly-scanner"],
        "",
    );
    assert_eq!(status(&trunk.ask(&request).await.unwrap()), 200);
    let mut phone = Raw::at("127.0.0.3:0", line.sip).await;
    phone.register("agent1", SECRET).await;
    let request = phone.request(
        "OPTIONS",
        "sip:127.0.0.1",
        "x",
        &["User-Agent: sipcli/v1.8"],
        "",
    );
    assert_eq!(status(&phone.ask(&request).await.unwrap()), 200);
    let turned = line.telephony.stack().unwrap().turned();
    assert!(turned.scans.load(std::sync::atomic::Ordering::Relaxed) >= agents.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_authorization_schemes_are_asked_for_ours() {
    let line = hotline().await;
    let mut phone = Raw::new(line.sip).await;
    for scheme in [
        "Authorization: NoOneKnowsThisScheme opaque-data=here",
        "Authorization: Basic YWdlbnQxOmEgc2VjcmV0",
        "Authorization: Digest username=\"agent1\"",
        "Authorization:",
    ] {
        let answer = register(&mut phone, "agent1", &[scheme]).await;
        assert_eq!(status(&answer), 401, "{scheme}");
        assert!(
            header(&answer, "www-authenticate")
                .unwrap()
                .starts_with("Digest ")
        );
    }
}
