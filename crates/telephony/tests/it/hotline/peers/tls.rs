//! A carrier over TLS: its certificate is verified, and what is wrong with it stands on the trunk.

use std::net::Ipv4Addr;
use std::sync::Mutex;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use super::super::trunks::{add, doors};
use super::super::{CALLER_HZ, hotline_with};
use super::baresip::{Baresip, Plan};
use super::kamailio::{Kamailio, Tls, secret_of};
use super::{
    REQUESTER, Seat, a_call_comes_in, a_call_goes_out, installed, is_registered, now, within,
};

/// A free port that was not given out before: nobody listens on it yet.
fn another_port() -> u16 {
    static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());
    let mut given = GIVEN.lock().unwrap();
    loop {
        let port = testing::free_port();
        if !given.contains(&port) {
            given.push(port);
            return port;
        }
    }
}

/// Whom the hotline trusts.
struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().pem();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate of this name; of a time long ago when it is `old`.
    fn signs(&self, name: &str, old: bool) -> Tls {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if old {
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Tls {
            port: another_port(),
            certificate,
            key: key.serialize_pem(),
        }
    }
}

fn self_signed() -> Tls {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    Tls {
        port: another_port(),
        certificate: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
    }
}

fn trunk(name: &str, port: u16, kind: &str, user: &str) -> Value {
    json!({
        "version": null, "name": name, "kind": kind, "host": "127.0.0.1", "port": port,
        "transport": "tls", "srtp": "off", "priority": 10, "weight": 1, "options_s": 5, "enabled": true,
        "auth_user": user, "secret": secret_of(user),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_over_tls_is_trusted_only_with_its_own_certificate() {
    if !installed(&["kamailio", "baresip", "sox"]) || !super::kamailio_speaks_tls() {
        return;
    }
    let authority = Authority::new();
    let good = authority.signs("127.0.0.1", false);
    let bad = [
        (
            "别名",
            authority.signs("sip.other.example", false),
            "certificate_name",
        ),
        (
            "过期",
            authority.signs("127.0.0.1", true),
            "certificate_expired",
        ),
        ("自签", self_signed(), "certificate_untrusted"),
    ];
    let port = another_port();
    let carrier = Kamailio::here(port, Some(&good));
    let others: Vec<_> = bad
        .iter()
        .map(|(_, tls, _)| Kamailio::here(another_port(), Some(tls)))
        .collect();
    let line = hotline_with(|settings| {
        settings.sip.trunks.clear();
        settings.sip.tls_trusted = Some(authority.certificate.clone().into_bytes());
    })
    .await;
    within(20, "all of them listen", || async {
        let ports = bad.iter().map(|(_, tls, _)| tls.port).chain([good.port]);
        let mut listening = true;
        for port in ports {
            let reached = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
            listening &= reached.is_ok();
        }
        listening
    })
    .await;
    let router = doors(&line).await;
    for (name, tls, _) in &bad {
        add(&router, trunk(name, tls.port, "address", "other")).await;
        let registering = format!("{name}注册");
        add(
            &router,
            trunk(&registering, tls.port, "registration", "other"),
        )
        .await;
    }
    // Nobody there at all.
    add(&router, trunk("无人", another_port(), "address", "other")).await;
    for (name, _, fault) in &bad {
        for name in [(*name).to_owned(), format!("{name}注册")] {
            within(20, &name, || async {
                let now = now(&router, &name).await;
                now["health"] == json!("down") && now["fault"] == json!(fault)
            })
            .await;
            assert!(now(&router, &name).await["registered_until"].is_null());
        }
    }
    for other in &others {
        assert_eq!(other.said("HEARD"), 0, "not a word to whom we do not trust");
    }
    within(20, "nobody", || async {
        now(&router, "无人").await["fault"] == json!("unreachable")
    })
    .await;

    add(&router, trunk("加密", good.port, "registration", "u12333")).await;
    let secret = secret_of(REQUESTER);
    let at = format!("127.0.0.1:{port}");
    let plan = Plan {
        user: REQUESTER,
        secret: &secret,
        registrar: &at,
        at: Ipv4Addr::LOCALHOST.into(),
        hz: CALLER_HZ,
        more: ";answermode=auto",
    };
    let mut requester = Baresip::start(std::process::Command::new("baresip"), &plan);
    within(20, "both are registered", || async {
        is_registered(&router, "加密").await && carrier.said(&format!("REGISTERED {REQUESTER}")) > 0
    })
    .await;
    let registered = now(&router, "加密").await;
    assert_eq!(
        (&registered["fault"], &registered["status"]),
        (&json!(null), &json!(200))
    );
    let mut seat = Seat::of(&line).await;
    a_call_comes_in(&line, &mut seat, &mut requester, &at).await;
    a_call_goes_out(&line, &mut seat, &requester).await;
    for row in line.records().await {
        assert_eq!(row.outcome.as_deref(), Some("answered"));
    }
}
