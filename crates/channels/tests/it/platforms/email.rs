use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use channels::platform::email::parse::{Mail, Read, Reference, read};
use channels::platform::{Account, Inbound, MediaKind, Pulled, Sent, What};
use chrono::TimeDelta;
use kernel::Clock;
use mail_parser::{MessageParser, MimeHeaders as _};
use testing::TestApp;
use testing::platforms::mail::{ADDRESS, Mailbox};

use super::{Line, account, adapter, app, code, file, text};

fn line() -> Option<(Mailbox, Line)> {
    let mailbox = Mailbox::start()?;
    let account = account("email", mailbox.settings(), Mailbox::secrets());
    Some((
        mailbox,
        Line {
            kind: "email",
            account,
        },
    ))
}

async fn look(app: &TestApp, line: &Line, cursor: Option<&str>) -> Pulled {
    let pulled = adapter("email")
        .pull(app, &line.account, cursor, None)
        .await;
    pulled.unwrap()
}

/// A mail as somebody's program writes it.
fn mail(id: &str, headers: &str, body: &str) -> Vec<u8> {
    let headers = headers.trim().replace('\n', "\r\n");
    let body = body.replace('\n', "\r\n");
    format!(
        "From: =?UTF-8?B?5bCP546L?= <Wang@Mail.Example>\r\nTo: <{ADDRESS}>\r\nMessage-ID: <{id}@mail.example>\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0800\r\nMIME-Version: 1.0\r\n{headers}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn plain(id: &str, subject: &str, body: &str) -> Vec<u8> {
    let headers = format!("Subject: {subject}\nContent-Type: text/plain; charset=utf-8");
    mail(id, &headers, body)
}

fn said(inbound: &Inbound) -> &str {
    match &inbound.what {
        What::Text { text } => text,
        other => panic!("{other:?}"),
    }
}

/// What a mail says, without a server.
fn parsed(bytes: &[u8]) -> Vec<Inbound> {
    let mail = Mail {
        bytes: bytes.to_vec(),
        whole: true,
        size: bytes.len(),
        at: None,
    };
    match read(&mail, ADDRESS) {
        Read::Said(inbound) => inbound,
        Read::Nothing => Vec::new(),
        Read::Unreadable(why) => panic!("{why}"),
    }
}

#[tokio::test]
async fn mails_are_read_in_order_and_each_once() {
    let app = app().await;
    let Some((mailbox, line)) = line() else {
        return;
    };
    let now = app.clock.now();
    mailbox.comes(&plain("old", "旧信", "上月的"), now - TimeDelta::days(4));
    mailbox.comes(
        &plain("1", "报名", "报名什么时候开始？"),
        now - TimeDelta::hours(2),
    );
    mailbox.comes(
        &plain("2", "证书", "证书何时发？"),
        now - TimeDelta::hours(1),
    );
    let pulled = look(&app, &line, None).await;
    assert_eq!((pulled.more, &pulled.unreadable[..]), (false, &[][..]));
    let texts: Vec<_> = pulled.inbound.iter().map(said).collect();
    assert_eq!(
        texts,
        ["报名\n\n报名什么时候开始？", "证书\n\n证书何时发？"]
    );
    let first = &pulled.inbound[0];
    assert_eq!(first.external_user, "wang@mail.example");
    assert_eq!(first.nickname.as_deref(), Some("小王"));
    assert_eq!(
        first.at.unwrap().timestamp(),
        (now - TimeDelta::hours(2)).timestamp()
    );
    assert!(!first.automatic);

    let cursor = pulled.cursor.unwrap();
    let again = look(&app, &line, Some(&cursor)).await;
    assert!(again.inbound.is_empty());
    assert_eq!(again.cursor.as_deref(), Some(cursor.as_str()));
    mailbox.comes(&plain("3", "又", "还有一问"), now);
    let pulled = look(&app, &line, Some(&cursor)).await;
    assert_eq!(pulled.inbound.len(), 1);
    assert_eq!(
        mailbox.seen(),
        0,
        "people who read the mailbox see what is new"
    );

    // The server numbers its mails anew: they are told again, as the same ones.
    mailbox.forget_numbers();
    let cursor = pulled.cursor.unwrap();
    let pulled = look(&app, &line, Some(&cursor)).await;
    assert_eq!(pulled.inbound.len(), 3);
    assert_eq!(pulled.inbound[0].external_id, first.external_id);
    assert_ne!(
        pulled.cursor.unwrap().split(':').next(),
        cursor.split(':').next()
    );
}

#[tokio::test]
async fn many_mails_come_by_pages() {
    let app = app().await;
    let Some((mailbox, line)) = line() else {
        return;
    };
    for number in 1..=45 {
        mailbox.comes(
            &plain(&number.to_string(), "问", &format!("第{number}问")),
            app.clock.now(),
        );
    }
    let (mut all, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let pulled = look(&app, &line, cursor.as_deref()).await;
        all.extend(pulled.inbound);
        (cursor, pages) = (pulled.cursor, pages + 1);
        if !pulled.more {
            break;
        }
    }
    assert_eq!((all.len(), pages), (45, 3));
    assert!(said(&all[44]).contains("第45问"));
}

#[tokio::test]
async fn a_huge_mail_and_a_broken_one_hold_up_nobody() {
    let app = app().await;
    let Some((mailbox, mut line)) = line() else {
        return;
    };
    line.account
        .settings
        .insert("largest_mb".to_owned(), "1".to_owned());
    let now = app.clock.now();
    let headers = "Subject: 很多材料\nContent-Type: multipart/mixed; boundary=b";
    let huge = format!(
        "--b\nContent-Type: text/plain; charset=utf-8\n\n请看附件\n--b\nContent-Type: application/pdf; name=a.pdf\n\
         Content-Disposition: attachment; filename=a.pdf\nContent-Transfer-Encoding: base64\n\n{}\n--b--\n",
        format!("{}\n", "A".repeat(76)).repeat(40_000)
    );
    mailbox.comes(&mail("huge", headers, &huge), now);
    mailbox.comes(b"\x00\xff\xfe not a mail at all", now);
    mailbox.comes(&plain("after", "问", "轮到我了吗"), now);
    let pulled = look(&app, &line, None).await;
    let texts: Vec<_> = pulled.inbound.iter().map(said).collect();
    assert_eq!(texts.len(), 2, "{:?}", pulled.unreadable);
    assert!(texts[0].starts_with("很多材料\n\n请看附件"));
    assert!(texts[0].contains("邮件共 3 MB"));
    assert_eq!(texts[1], "问\n\n轮到我了吗");
    let [(id, why, beginning)] = &pulled.unreadable[..] else {
        panic!("one")
    };
    assert!(id.as_ref().unwrap().starts_with("uid:"));
    assert!(why.starts_with("mail_"));
    assert!(
        beginning.contains("not a mail at all"),
        "{:?}",
        pulled.unreadable
    );
}

#[tokio::test]
async fn answers_leave_as_answers_over_tls() {
    let app = app().await;
    let Some((mailbox, mut line)) = line() else {
        return;
    };
    let headers = "Subject: =?utf-8?B?6K+B5Lmm?=\nReferences: <a@mail.example> <b@mail.example>\n\
                   In-Reply-To: <b@mail.example>\nContent-Type: text/plain; charset=utf-8";
    mailbox.comes(&mail("q", headers, "证书何时发？\n"), app.clock.now());
    let asked = look(&app, &line, None).await.inbound.remove(0);
    let mut answer = text(&app, &asked.external_user, "您好：\n证书将于下周发放。");
    answer.reply_ref = asked.reply_ref.clone();
    let id = format!("<{}@exam.example>", answer.id);
    let ways = [
        (mailbox.smtps_port, "tls", true),
        (mailbox.starttls_port, "starttls", true),
        (mailbox.smtp_port, "plain", false),
    ];
    for (port, security, tls) in ways {
        let settings = &mut line.account.settings;
        settings.insert("smtp_port".to_owned(), port.to_string());
        settings.insert("smtp_security".to_owned(), security.to_owned());
        assert_eq!(
            line.send(&app, &answer).await,
            Sent::Taken(Some(id.clone()))
        );
        let (about, raw) = mailbox.sent().pop().unwrap();
        assert_eq!(about["tls"], tls, "{security}");
        assert_eq!(about["from"], ADDRESS);
        assert_eq!(about["to"][0], "wang@mail.example");
        let read = MessageParser::default().parse(&raw).unwrap();
        assert_eq!(read.subject(), Some("Re: 证书"));
        assert_eq!(
            format!("<{}>", read.message_id().unwrap()),
            id,
            "the same at each attempt"
        );
        assert_eq!(read.in_reply_to().as_text(), Some("q@mail.example"));
        let thread = read.references().as_text_list().unwrap();
        assert_eq!(
            thread,
            ["a@mail.example", "b@mail.example", "q@mail.example"]
        );
        assert_eq!(read.header_raw("Auto-Submitted").map(str::trim), Some("no"));
        let from = read.from().unwrap().first().unwrap();
        assert_eq!(from.name(), Some("考试服务热线"));
        let body = read.body_text(0).unwrap();
        assert_eq!(
            body.replace("\r\n", "\n").trim(),
            "您好：\n证书将于下周发放。"
        );
        assert_eq!(
            read.date().unwrap().to_timestamp() / 60,
            app.clock.now().timestamp() / 60
        );
    }

    let mut sheet = file(
        &app,
        "wang@mail.example",
        MediaKind::File,
        "名单.xlsx",
        b"PK\x03\x04",
    );
    sheet.text = Some("请查收".to_owned());
    sheet.subject = Some("成绩\r\nBcc: everybody@mail.example".to_owned());
    assert!(matches!(line.send(&app, &sheet).await, Sent::Taken(_)));
    let (about, raw) = mailbox.sent().pop().unwrap();
    assert_eq!(about["to"].as_array().unwrap().len(), 1);
    let read = MessageParser::default().parse(&raw).unwrap();
    assert!(read.bcc().is_none());
    let part = read.attachments().next().unwrap();
    assert_eq!(
        (part.attachment_name(), part.contents()),
        (Some("名单.xlsx"), &b"PK\x03\x04"[..])
    );
}

#[tokio::test]
async fn a_refusal_of_the_mail_server_tells_whether_to_try_again() {
    let app = app().await;
    let Some((_mailbox, mut line)) = line() else {
        return;
    };
    let told = [
        ("nobody@mail.example", ("refused", "smtp_550")),
        ("later@mail.example", ("later", "smtp_452")),
        ("not an address", ("refused", "address_unreadable")),
    ];
    for (to, becomes) in told {
        assert_eq!(
            code(&line.send(&app, &text(&app, to, "您好")).await),
            becomes
        );
    }
    line.account
        .secrets
        .0
        .insert("password".to_owned(), "wrong".to_owned());
    let message = text(&app, "wang@mail.example", "您好");
    assert_eq!(
        code(&line.send(&app, &message).await),
        ("later", "smtp_535")
    );
    line.account
        .settings
        .insert("ca_pem".to_owned(), String::new());
    assert_eq!(
        code(&line.send(&app, &message).await),
        ("later", "unreachable"),
        "nobody vouches for it"
    );
    line.account
        .settings
        .insert("smtp_port".to_owned(), testing::free_port().to_string());
    assert_eq!(
        code(&line.send(&app, &message).await),
        ("later", "unreachable")
    );
    line.account.allow_private = false;
    assert_eq!(
        code(&line.send(&app, &message).await),
        ("later", "url_not_allowed")
    );
    line.account
        .settings
        .insert("smtp_host".to_owned(), "8.8.8.8".to_owned());
    line.account
        .settings
        .insert("smtp_security".to_owned(), "plain".to_owned());
    assert_eq!(
        code(&line.send(&app, &message).await),
        ("later", "plain_not_allowed")
    );
}

#[tokio::test]
async fn a_mailbox_that_does_not_let_us_in_says_why() {
    let app = app().await;
    let Some((mailbox, line)) = line() else {
        return;
    };
    let set = |account: &mut Account, name: &str, value: &str| {
        account.settings.insert(name.to_owned(), value.to_owned());
    };
    let mut wrong = line.account.clone();
    wrong
        .secrets
        .0
        .insert("password".to_owned(), "错".to_owned());
    let mut folder = line.account.clone();
    set(&mut folder, "imap_folder", "没有");
    let mut stranger = line.account.clone();
    set(&mut stranger, "ca_pem", "");
    let mut nobody = line.account.clone();
    set(&mut nobody, "imap_port", &testing::free_port().to_string());
    let mut private = line.account.clone();
    private.allow_private = false;
    let told = [
        (wrong, (409, "mailbox_login")),
        (folder, (409, "mailbox_folder")),
        (stranger, (503, "platform_unreachable")),
        (nobody, (503, "platform_unreachable")),
        (private, (422, "url_not_allowed")),
    ];
    for (account, why) in told {
        let pulled = adapter("email").pull(&app, &account, None, None).await;
        let problem = pulled.unwrap_err();
        assert_eq!((problem.status, problem.code), why);
    }
    // Within one's own network it goes without TLS.
    let mut account = line.account.clone();
    set(&mut account, "imap_security", "plain");
    set(&mut account, "imap_port", &mailbox.imap_port.to_string());
    assert!(
        adapter("email")
            .pull(&app, &account, None, None)
            .await
            .is_ok()
    );
    set(&mut account, "imap_host", "8.8.8.8");
    account.allow_private = false;
    let refused = adapter("email")
        .pull(&app, &account, None, None)
        .await
        .unwrap_err();
    assert_eq!(refused.code, "plain_not_allowed");
}

#[tokio::test]
async fn a_message_that_comes_back_is_told_by_its_id() {
    let app = app().await;
    let Some((mailbox, line)) = line() else {
        return;
    };
    let answer = text(&app, "wang@mail.example", "您好");
    line.send(&app, &answer).await;
    let (_, sent) = mailbox.sent().pop().unwrap();
    let sent = String::from_utf8(sent).unwrap();
    let report = |action: &str, original: &str| {
        format!(
            "Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mail.example>\r\nTo: <{ADDRESS}>\r\n\
             Message-ID: <r{action}{}@mail.example>\r\nSubject: Undelivered Mail Returned to Sender\r\n\
             Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n\
             Final-Recipient: rfc822; wang@mail.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\n--b--\r\n",
            original.len()
        )
    };
    let now = app.clock.now();
    mailbox.comes(report("delayed", &sent).as_bytes(), now);
    mailbox.comes(report("failed", &sent).as_bytes(), now);
    let foreign = plain("x", "spam", "not ours");
    mailbox.comes(
        report("failed", &String::from_utf8(foreign).unwrap()).as_bytes(),
        now,
    );
    // Some write it in words only.
    let words = format!(
        "From: postmaster@qq.example\r\nSubject: 退信\r\n\r\n您的邮件 <{}@exam.example> 未能送达\r\n",
        answer.id
    );
    mailbox.comes(words.as_bytes(), now);
    let pulled = look(&app, &line, None).await;
    let lost = |code: &str| What::NotDelivered {
        message: answer.id.to_string(),
        code: code.to_owned(),
    };
    let told: Vec<_> = pulled.inbound.into_iter().map(|one| one.what).collect();
    assert_eq!(told, [lost("5.1.1"), lost("returned")]);
    let [(_, why, _)] = &pulled.unreadable[..] else {
        panic!("one")
    };
    assert_eq!(*why, "bounce_unknown");
}

#[test]
fn what_a_machine_wrote_is_told_as_such() {
    let machines = [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; type=x",
        "Precedence: bulk",
        "Precedence: LIST",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Return-Path: <>",
        "X-Autoreply: yes",
        "List-Id: <news.mail.example>",
    ];
    for header in machines {
        let headers = format!("Subject: x\n{header}");
        assert!(
            parsed(&mail("m", &headers, "text"))[0].automatic,
            "{header}"
        );
    }
    let people = [
        "Auto-Submitted: no",
        "X-Auto-Response-Suppress: None",
        "Precedence: normal",
        "X-Mailer: y",
    ];
    for header in people {
        let headers = format!("Subject: x\n{header}");
        assert!(
            !parsed(&mail("m", &headers, "text"))[0].automatic,
            "{header}"
        );
    }
    let nobody = b"From: <no-reply@shop.example>\r\nSubject: x\r\n\r\ntext";
    assert!(parsed(nobody)[0].automatic);
    let own = format!(
        "From: <{}>\r\nSubject: x\r\n\r\ntext",
        ADDRESS.to_uppercase()
    );
    assert!(
        parsed(own.as_bytes()).is_empty(),
        "what we wrote ourselves comes from nobody"
    );
}

#[test]
fn forged_references_make_nobody_somebody_else() {
    let ours = "0192f0c8-1c6d-7d3a-8b1e-2f3a4b5c6d7e@exam.example";
    let headers = format!(
        "Subject: Re: x\nIn-Reply-To: <{ours}>\nReferences: <{ours}> <victim@mail.example>"
    );
    let forged = parsed(&mail("f", &headers, "转给所有人"));
    assert_eq!(forged[0].external_user, "wang@mail.example");
    // With our own id it is still a mail of his.
    let same =
        format!("From: <eve@mail.example>\r\nMessage-ID: <{ours}>\r\nSubject: x\r\n\r\n代发");
    assert_eq!(parsed(same.as_bytes())[0].external_user, "eve@mail.example");
    // Who repeats another one's Message-ID keeps his mail away from nobody.
    let first = parsed(b"From: <a@mail.example>\r\nMessage-ID: <1@x>\r\n\r\na");
    let second = parsed(b"From: <b@mail.example>\r\nMessage-ID: <1@x>\r\n\r\nb");
    assert_ne!(first[0].external_id, second[0].external_id);

    let bad = "<a b@x>\n<c@x>\r\nBcc: z@x> no\nSubject\r\nBcc: y@x";
    let reference = Reference::of(bad);
    assert_eq!(reference.answered, None);
    assert!(
        reference
            .thread
            .iter()
            .all(|id| !id.contains(['\r', '\n', ' ']))
    );
    assert!(!reference.subject.contains(['\r', '\n']));
}

#[test]
fn texts_and_files_of_all_kinds_are_read() {
    let chinese = b"From: <a@mail.example>\r\nSubject: =?GB2312?B?1qTK6Q==?=\r\n\
        Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: base64\r\n\r\nxOO6w6Osus7KsbP2s8m8qKO/\r\n";
    assert_eq!(said(&parsed(chinese)[0]), "证书\n\n你好，何时出成绩？");
    let page = mail(
        "h",
        "Subject: 问\nContent-Type: text/html; charset=utf-8",
        "<html><head><style>p{}</style></head><body><p>第一&nbsp;行</p><script>alert(1)</script><p>第二行</p></body></html>",
    );
    let read = parsed(&page);
    assert!(said(&read[0]).contains("第一") && said(&read[0]).contains("第二行"));
    assert!(!said(&read[0]).contains("alert") && !said(&read[0]).contains('<'));

    let mixed = mail(
        "m",
        "Subject: 材料\nContent-Type: multipart/mixed; boundary=b",
        "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/plain; charset=utf-8\n\n请看\n\
         --c\nContent-Type: text/html; charset=utf-8\n\n<p>请看</p>\n--c--\n\
         --b\nContent-Type: image/png; name=\"=?utf-8?B?6K+B5Lu2LnBuZw==?=\"\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment\n\niVBORw==\n\
         --b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"../../x.pdf\"\n\nPDF\n\
         --b\nContent-Type: message/rfc822\n\nFrom: <z@mail.example>\nSubject: inner\n\ninner text\n--b--\n",
    );
    let read = parsed(&mixed);
    assert_eq!(said(&read[0]), "材料\n\n请看");
    let files: Vec<_> = read[1..]
        .iter()
        .map(|one| match &one.what {
            What::Media {
                kind,
                name,
                bytes,
                media_ref: None,
                ..
            } => (*kind, name.as_deref(), bytes.clone().unwrap().to_vec()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        files[0],
        (MediaKind::Image, Some("证件.png"), b"\x89PNG".to_vec())
    );
    assert_eq!((files[1].0, files[1].1), (MediaKind::File, Some("x.pdf")));
    assert_eq!(files[2].1, Some("mail.eml"));
    assert!(String::from_utf8_lossy(&files[2].2).contains("inner text"));
    let ids: Vec<_> = read.iter().map(|one| &one.external_id).collect();
    assert_eq!(*ids[1], format!("{}#1", ids[0]));

    let answer =
        "谢谢，还有一问：能代领吗？\n\n在 2026年11月23日，热线写道：\n> 您好\n> 证书已发\n";
    let answer = mail(
        "r",
        "Subject: Re: 证书\nIn-Reply-To: <q@x>\nContent-Type: text/plain; charset=utf-8",
        answer,
    );
    assert_eq!(said(&parsed(&answer)[0]), "谢谢，还有一问：能代领吗？");
    let below = "> 证书已发\n\n没有收到";
    let below = mail(
        "r",
        "Subject: Re: x\nIn-Reply-To: <q@x>\nContent-Type: text/plain; charset=utf-8",
        below,
    );
    assert_eq!(said(&parsed(&below)[0]), "> 证书已发\n\n没有收到");
    let many = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--",
        "--b\r\n\r\nx\r\n".repeat(600)
    );
    let many = Mail {
        bytes: format!("From: <a@x.example>\r\n{many}").into_bytes(),
        whole: true,
        size: 1,
        at: None,
    };
    assert_eq!(read_code(&many), Some("mail_too_many_parts"));
    let no_sender = Mail {
        bytes: b"Subject: x\r\n\r\ny".to_vec(),
        ..many
    };
    assert_eq!(read_code(&no_sender), Some("mail_without_sender"));
}

fn read_code(mail: &Mail) -> Option<&'static str> {
    match read(mail, ADDRESS) {
        Read::Unreadable(code) => Some(code),
        _ => None,
    }
}

/// A server that says what the script says, whoever asks; `None` hangs up. A tag in the script is `TAG`.
fn scripted(answer: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let _ = stream.write_all(b"* OK here\r\n");
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                let (tag, command) = line.trim().split_once(' ').unwrap();
                let Some(said) = answer(command) else { break };
                let said = String::from_utf8_lossy(&said)
                    .replace("TAG", tag)
                    .into_bytes();
                if stream.write_all(&said).is_err() {
                    break;
                }
                line.clear();
            }
        }
    });
    port
}

fn at(port: u16) -> Line {
    let settings = vec![
        ("address", ADDRESS.to_owned()),
        ("imap_host", "127.0.0.1".to_owned()),
        ("imap_port", port.to_string()),
        ("imap_security", "plain".to_owned()),
    ];
    Line {
        kind: "email",
        account: account("email", settings, Mailbox::secrets()),
    }
}

/// What a server says that has three mails; `mail` says the second.
fn three(command: &str, mail: impl Fn() -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let said = match command.split(' ').collect::<Vec<_>>()[..] {
        ["EXAMINE", ..] => "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] numbered\r\nTAG OK\r\n".to_owned(),
        // It does not know what to search for, as some do.
        ["UID", "SEARCH", ..] => "* SEARCH 3 1 2\r\nTAG OK\r\n".to_owned(),
        ["UID", "FETCH", _, "(UID", "RFC822.SIZE", ..] => "* 1 FETCH (UID 1 RFC822.SIZE 30)\r\n\
            * 2 FETCH (RFC822.SIZE 30 UID 2)\r\n* 5 FETCH (FLAGS ())\r\n* 3 FETCH (UID 3 RFC822.SIZE 30)\r\nTAG OK\r\n"
            .to_owned(),
        ["UID", "FETCH", "2", ..] => return mail(),
        ["UID", "FETCH", uid, ..] => {
            let body = format!("From: <a{uid}@x.example>\r\n\r\nhello");
            format!("* 9 FETCH (UID {uid} BODY[] {{{}}}\r\n{body})\r\nTAG OK\r\n", body.len())
        }
        _ => "TAG OK\r\n".to_owned(),
    };
    Some(said.into_bytes())
}

#[tokio::test]
async fn a_mail_that_the_server_cannot_give_is_set_aside() {
    let app = app().await;
    let line = at(scripted(|command| {
        three(command, || Some(b"TAG NO it is broken\r\n".to_vec()))
    }));
    let pulled = look(&app, &line, None).await;
    let users: Vec<_> = pulled
        .inbound
        .iter()
        .map(|one| one.external_user.as_str())
        .collect();
    assert_eq!(users, ["a1@x.example", "a3@x.example"]);
    assert_eq!(pulled.unreadable[0].1, "mail_not_given");
    assert_eq!(pulled.cursor.as_deref(), Some("7:3"));
    // All three are told of again by the search, and known by their numbers.
    assert!(look(&app, &line, Some("7:3")).await.inbound.is_empty());
}

#[tokio::test]
async fn a_mail_that_breaks_the_connection_is_given_up_after_three_times() {
    let app = app().await;
    let line = at(scripted(|command| three(command, || None)));
    let first = look(&app, &line, None).await;
    assert_eq!(first.inbound.len(), 1, "what came before is kept");
    assert_eq!(first.cursor.as_deref(), Some("7:1"));
    for _ in 0..2 {
        let pulled = adapter("email")
            .pull(&app, &line.account, Some("7:1"), None)
            .await;
        assert_eq!(pulled.unwrap_err().code, "platform_unreachable");
    }
    let pulled = look(&app, &line, Some("7:1")).await;
    assert_eq!(pulled.unreadable[0].1, "mail_not_given");
    assert_eq!(pulled.inbound[0].external_user, "a3@x.example");
    assert_eq!(pulled.cursor.as_deref(), Some("7:3"));
}

#[tokio::test]
async fn a_server_that_says_anything_is_no_panic_and_no_flood() {
    let app = app().await;
    let flood = format!("* 2 FETCH (UID 2 BODY[] {{{}}}\r\n", 900_usize << 20);
    let endless = "* ".to_owned() + &"x".repeat(2 << 20);
    let said: Vec<Vec<u8>> = vec![
        flood.into_bytes(),
        endless.into_bytes(),
        b"* BYE enough\r\n".to_vec(),
        b"* 2 FETCH (UID 2 BODY[] {99999999999999999999}\r\n".to_vec(),
        b"\xff\xfe\x00\r\nTAG\r\n".to_vec(),
        b"* 2 FETCH (UID 2 BODY[] \"unclosed\r\n)))(((\r\nTAG OK\r\n".to_vec(),
        b"* OK still here\r\n".repeat(10_001),
    ];
    for answer in said {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(40)]).into_owned();
        let line = at(scripted(move |command| {
            three(command, || Some(answer.clone()))
        }));
        let pulled = Clock::guard(Duration::from_secs(20), look(&app, &line, None)).await;
        let pulled = pulled.unwrap_or_else(|_| panic!("{shown}"));
        assert_eq!(pulled.inbound[0].external_user, "a1@x.example", "{shown}");
    }
    let line = at(scripted(|_| Some(b"* SEARCH (((\r\nTAG OK\r\n".to_vec())));
    let pulled = adapter("email")
        .pull(&app, &line.account, Some("no:cursor"), None)
        .await;
    assert_eq!(pulled.unwrap_err().code, "platform_unreachable");
}
