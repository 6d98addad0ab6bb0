//! Floods: a source has its limit, all strangers together have one, and neither touches who belongs here.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::super::hotline::raw::{Raw, sdp, status};
use super::super::hotline::{Hotline, SECRET, hotline_with};

/// Two calls a second: 80 datagrams a second of one source, 160 at once; eight times that of all strangers.
async fn narrow() -> Hotline {
    hotline_with(|settings| {
        settings.sip.trunks = vec!["127.0.0.9".parse().unwrap()];
        settings.sip.invites_per_second = 2;
    })
    .await
}

async fn answered(phone: &mut Raw) -> bool {
    let request = phone.request("OPTIONS", "sip:127.0.0.1", "x", &[], "");
    phone
        .ask(&request)
        .await
        .is_some_and(|answer| status(&answer) == 200)
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_from_one_source_is_cut_and_its_neighbour_is_served() {
    let line = narrow().await;
    let flooder = Raw::new(line.sip).await;
    for n in 0..2000 {
        flooder
            .send(&format!("OPTIONS sip:a SIP/2.0\r\nX: {n}\r\n\r\n"))
            .await;
        if n % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    let mut neighbour = Raw::at("127.0.0.4:0", line.sip).await;
    assert!(answered(&mut neighbour).await);
    let turned = line.telephony.stack().unwrap().turned();
    assert!(turned.too_many.load(Relaxed) >= 1000, "{turned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_with_many_addresses_stops_strangers_but_no_trunk_and_no_registered_phone() {
    let line = narrow().await;
    let mut phone = Raw::at("127.0.0.3:0", line.sip).await;
    phone.register("agent1", SECRET).await;
    let mut trunk = Raw::at("127.0.0.9:0", line.sip).await;
    let mut neighbour = Raw::at("127.0.0.3:0", line.sip).await;
    // 127.1.x.y: each within its own limit, together far beyond what strangers have.
    for high in 0..4 {
        for low in 1..=200 {
            let source = std::net::UdpSocket::bind(format!("127.1.{high}.{low}:0")).unwrap();
            for n in 0..8 {
                let _ = source.send_to(
                    format!("OPTIONS sip:a SIP/2.0\r\nX: {n}\r\n\r\n").as_bytes(),
                    line.sip,
                );
            }
            if low % 20 == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
    for _ in 0..3 {
        assert!(answered(&mut trunk).await, "the trunk");
        assert!(answered(&mut phone).await, "the registered phone");
    }
    let invite = trunk.request("INVITE", "sip:110@127.0.0.1", "x", &[], &sdp(9, "sendrecv"));
    assert_eq!(
        status(&trunk.ask(&invite).await.unwrap()),
        404,
        "its calls are looked at"
    );
    phone.register("agent1", SECRET).await;
    let turned = line
        .telephony
        .stack()
        .unwrap()
        .turned()
        .too_many
        .load(Relaxed);
    assert!(turned >= 1000, "{turned} turned away");
    // Another port of the phone's address is a stranger like others.
    let request = neighbour.request("OPTIONS", "sip:127.0.0.1", "x", &[], "");
    let stranger = neighbour.ask(&request).await;
    line.app.clock.advance(Duration::from_secs(3));
    assert!(
        answered(&mut neighbour).await,
        "when the flood is over; before: {stranger:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn register_flood_costs_no_memory_and_the_phone_still_registers() {
    let line = narrow().await;
    let mut flooder = Raw::new(line.sip).await;
    for n in 0..1000 {
        let request = flooder.request("REGISTER", "sip:127.0.0.1", &format!("u{n}"), &[], "");
        flooder.send(&request).await;
        if n % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    // What overflowed the kernel's buffer a phone would send again.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut phone = Raw::at("127.0.0.3:0", line.sip).await;
    phone.register("agent1", SECRET).await;
    assert_eq!(line.telephony.stack().unwrap().registrar().all().len(), 1);
}
