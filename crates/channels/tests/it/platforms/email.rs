use channels::platform::{Account, Inbound, MediaKind, Pulled, Sent, What};
use chrono::TimeDelta;
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

pub async fn look(app: &TestApp, line: &Line, cursor: Option<&str>) -> Pulled {
    let pulled = adapter("email")
        .pull(app, &line.account, cursor, None)
        .await;
    pulled.unwrap()
}

/// A mail as somebody's program writes it.
pub fn mail(id: &str, headers: &str, body: &str) -> Vec<u8> {
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

pub fn said(inbound: &Inbound) -> &str {
    match &inbound.what {
        What::Text { text } => text,
        other => panic!("{other:?}"),
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
