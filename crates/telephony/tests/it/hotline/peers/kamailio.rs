//! Kamailio as the carrier: registrar and proxy that stays in the way and helps who is behind a NAT.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::nets::{Nets, Side};

/// Seconds that it grants a registration at most.
pub const GRANTS_S: u32 = 20;

/// The secret of a subscriber.
pub fn secret_of(user: &str) -> String {
    format!("secret-of-{user}")
}

const CONFIG: &str = r#"#!KAMAILIO
debug=2
log_stderror=yes
children=2
tcp_children=2
auto_aliases=no
alias="carrier.example"
alias="@ADDRESS@:@PORT@"
listen=udp:@ADDRESS@:@PORT@
listen=tcp:@ADDRESS@:@PORT@
@SECURE@
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "nathelper.so"
@TLS@
modparam("rr", "enable_full_lr", 1)
modparam("nathelper|registrar", "received_avp", "$avp(received)")
modparam("registrar", "max_expires", @GRANTS@)
modparam("registrar", "min_expires", 5)

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  xlog("L_NOTICE", "HEARD $rm $ru from $fU\n");
  force_rport();
  # Private addresses, or a Via that is not where it came from.
  if (nat_uac_test("19")) {
    if (is_method("REGISTER")) fix_nated_register();
    else if (is_first_hop()) set_contact_alias();
    if (has_body("application/sdp")) fix_nated_sdp("2");
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) { handle_ruri_alias(); route(RELAY); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  t_check_trans();
  if (is_method("OPTIONS") && uri == myself && $rU == $null) { sl_send_reply("200", "OK"); exit; }
  $var(secret) = "secret-of-" + $au;
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("carrier.example", "$var(secret)", "0") || $au != $tU) {
      auth_challenge("carrier.example", "0");
      exit;
    }
    # The latest contact is the one.
    if (!save("location", "0x04")) { sl_reply_error(); exit; }
    xlog("L_NOTICE", "REGISTERED $tU at $su\n");
    exit;
  }
  if (!pv_proxy_authenticate("carrier.example", "$var(secret)", "0") || $au != $fU) {
    auth_challenge("carrier.example", "0");
    exit;
  }
  consume_credentials();
  record_route();
  # The hotline's number is its subscriber's.
  if ($rU == "12333") $rU = "u12333";
  if (!lookup("location")) { sl_send_reply("480", "Not registered"); exit; }
  xlog("L_NOTICE", "CALLS $ru at $du\n");
  route(RELAY);
}

route[RELAY] {
  if (is_method("INVITE")) t_on_reply("ANSWERED");
  if (!t_relay()) sl_reply_error();
}

onreply_route[ANSWERED] {
  if (nat_uac_test("19")) {
    set_contact_alias();
    if (has_body("application/sdp")) fix_nated_sdp("2");
  }
}
"#;

/// Where and how it takes TLS.
pub struct Tls {
    pub port: u16,
    /// PEM.
    pub certificate: String,
    pub key: String,
}

/// A running one; it ends with this value.
pub struct Kamailio {
    process: Child,
    folder: tempfile::TempDir,
    /// How it is run.
    words: Vec<OsString>,
}

impl Kamailio {
    /// Outside of the NAT, at this address.
    pub fn outside(nets: &Nets, address: Ipv4Addr) -> Self {
        Self::granting(nets, address, GRANTS_S)
    }

    /// As [`Kamailio::outside`], for registrations of up to so many seconds.
    pub fn granting(nets: &Nets, address: Ipv4Addr, seconds: u32) -> Self {
        let command = nets.command(Side::Outside, "kamailio");
        Self::at(&command, address, 5060, None, seconds)
    }

    /// On this machine, at this port.
    pub fn here(port: u16, tls: Option<&Tls>) -> Self {
        let command = Command::new("kamailio");
        Self::at(&command, Ipv4Addr::LOCALHOST, port, tls, GRANTS_S)
    }

    fn at(
        command: &Command,
        address: Ipv4Addr,
        port: u16,
        tls: Option<&Tls>,
        grants_s: u32,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secure = tls.map_or_else(String::new, |tls| {
            let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
            std::fs::write(&certificate, &tls.certificate).unwrap();
            std::fs::write(&key, &tls.key).unwrap();
            format!(
                "loadmodule \"tls.so\"\nmodparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\n\
                 modparam(\"tls\", \"certificate\", \"{}\")\nmodparam(\"tls\", \"private_key\", \"{}\")\n",
                certificate.display(),
                key.display(),
            )
        });
        // Kamailio wants to know before the module is loaded.
        let listens = tls.map_or_else(String::new, |tls| {
            format!(
                "enable_tls=yes\nlisten=tls:{address}:{0}\nalias=\"{address}:{0}\"",
                tls.port
            )
        });
        let config = CONFIG
            .replace("@SECURE@", &listens)
            .replace("@ADDRESS@", &address.to_string())
            .replace("@PORT@", &port.to_string())
            .replace("@GRANTS@", &grants_s.to_string())
            .replace("@TLS@", &secure);
        std::fs::write(folder.path().join("kamailio.cfg"), config).unwrap();
        let words: Vec<_> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(OsString::from)
            .collect();
        Self {
            process: start(&words, folder.path()),
            folder,
            words,
        }
    }

    /// Stops it as a restart does: whoever was registered is forgotten.
    pub fn stop(&mut self) {
        let pid = self.process.id().to_string();
        super::runs("kill", &["-TERM", &pid]);
        for _ in 0..50 {
            if self.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again.
    pub fn starts_again(&mut self) {
        self.process = start(&self.words, self.folder.path());
    }

    /// What it has said since it was first started.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join("kamailio.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// How often a line that contains this was said.
    pub fn said(&self, text: &str) -> usize {
        self.log()
            .lines()
            .filter(|line| line.contains(text))
            .count()
    }
}

fn start(words: &[OsString], folder: &Path) -> Child {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("kamailio.log"))
        .unwrap();
    Command::new(&words[0])
        .args(&words[1..])
        .arg("-f")
        .arg(folder.join("kamailio.cfg"))
        .arg("-P")
        .arg(folder.join("kamailio.pid"))
        .arg("-Y")
        .arg(folder)
        // In the foreground, with little memory.
        .args(["-DD", "-E", "-m", "16", "-M", "4"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("kamailio runs")
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!("--- Kamailio said:\n{}", self.log());
        }
    }
}
