//! `PostgreSQL`: one throw-away cluster for all test processes of this user, one database a test.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, FromQueryResult, Statement};

use crate::template;

/// Made for tests: a crash may lose everything, so nothing is flushed.
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off \
    -c full_page_writes=off -c synchronous_commit=off -c max_connections=500 -c shared_buffers=128MB \
    -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off";

pub fn skipped() -> bool {
    std::env::var("SHOUJIE_TEST_POSTGRES").is_ok_and(|value| value == "skip")
}

/// The newest Debian package's programs.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, bin): &(u32, PathBuf)| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin)
}

/// The user that owns the cluster; PostgreSQL refuses to run as root.
fn as_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

fn command(program: &Path, arguments: &[&str]) -> Command {
    let mut command = if as_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // A server that keeps our pipes open would look like a test that never ends.
    command
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

fn must(mut command: Command, what: &str, log: &Path) {
    let status = command.stderr(Stdio::null()).status();
    if !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
        let log = std::fs::read_to_string(log).unwrap_or_default();
        panic!("{what} failed ({status:?}): {command:?}\n{log}");
    }
}

fn folder() -> PathBuf {
    template::shared_folder().join("postgres")
}

/// The cluster of this folder runs; its port alone could have gone to somebody else meanwhile.
fn answers(folder: &Path, port: &str) -> bool {
    let Ok(pid_file) = std::fs::read_to_string(folder.join("data/postmaster.pid")) else {
        return false;
    };
    let pid = pid_file.lines().next().unwrap_or_default();
    Path::new("/proc").join(pid).exists()
        && port
            .parse()
            .is_ok_and(|port: u16| TcpStream::connect(("127.0.0.1", port)).is_ok())
}

/// The port of the running cluster, started when it is not.
fn port() -> String {
    let folder = folder();
    let _lock = template::lock(&template::shared_folder().join("postgres.lock"));
    if let Ok(port) = std::fs::read_to_string(folder.join("port"))
        && answers(&folder, &port)
    {
        return port;
    }
    let Some(bin) = programs() else {
        panic!(
            "PostgreSQL is not installed, and every store test runs on both databases: run `make packages` \
             (Debian package postgresql), or leave it out with SHOUJIE_TEST_POSTGRES=skip"
        );
    };
    let (data, log) = (folder.join("data"), folder.join("log"));
    // What a killed machine left may be damaged, and holds nothing of value.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder of the cluster");
    if as_root() {
        let status = Command::new("chown").arg("postgres").arg(&folder).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "no user postgres to run the cluster as"
        );
    }
    let data = data.display().to_string();
    let init = [
        "-D",
        &data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-N",
    ];
    must(command(&bin.join("initdb"), &init), "initdb", &log);
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
        .to_string();
    let settings = format!("{SETTINGS} -c port={port}");
    let log_file = log.display().to_string();
    let start = ["-D", &data, "-l", &log_file, "-o", &settings, "-w", "start"];
    must(command(&bin.join("pg_ctl"), &start), "pg_ctl start", &log);
    std::fs::write(folder.join("port"), &port).expect("the port's file");
    port
}

/// Stops the cluster and removes it; the next test starts a new one.
pub fn stop() {
    let folder = folder();
    let _lock = template::lock(&template::shared_folder().join("postgres.lock"));
    if let Some(bin) = programs() {
        let data = folder.join("data").display().to_string();
        // It may not run at all.
        let _ = command(
            &bin.join("pg_ctl"),
            &["-D", &data, "-m", "immediate", "stop"],
        )
        .stderr(Stdio::null())
        .status();
    }
    let _ = std::fs::remove_dir_all(&folder);
}

fn url(port: &str, name: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{name}")
}

async fn administrate(port: &str) -> DatabaseConnection {
    Database::connect(url(port, "postgres"))
        .await
        .expect("the test cluster answers")
}

#[derive(FromQueryResult)]
struct Found {
    #[expect(dead_code, reason = "asked for to see that there is a row")]
    datname: String,
}

async fn exists(cluster: &DatabaseConnection, name: &str) -> bool {
    let sql = format!("select datname::text from pg_database where datname = '{name}'");
    let statement = Statement::from_string(cluster.get_database_backend(), sql);
    Found::find_by_statement(statement)
        .one(cluster)
        .await
        .expect("the list of databases")
        .is_some()
}

async fn sql(cluster: &DatabaseConnection, statement: &str) {
    cluster
        .execute_unprepared(statement)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

pub async fn clone_template(key: &str, prepare: impl AsyncFnOnce(&str)) -> String {
    assert!(
        !skipped(),
        "SHOUJIE_TEST_POSTGRES=skip, and this test asks for PostgreSQL"
    );
    let port = tokio::task::spawn_blocking(port)
        .await
        .expect("a cluster to test on");
    let cluster = administrate(&port).await;
    let template = format!("template_zh_{key}");
    if !exists(&cluster, &template).await {
        let lock = template::locked(&template).await;
        if !exists(&cluster, &template).await {
            build(&cluster, &port, &template, prepare).await;
        }
        drop(lock);
    }
    let name = format!("test_{}", template::unique());
    sql(
        &cluster,
        &format!("create database {name} template {template}"),
    )
    .await;
    cluster.close().await.expect("an end to the connection");
    url(&port, &name)
}

async fn build(
    cluster: &DatabaseConnection,
    port: &str,
    template: &str,
    prepare: impl AsyncFnOnce(&str),
) {
    // A half prepared one goes with the cluster.
    let half = format!("half_{}", template::unique());
    // A server of the country sorts by its language: what leans on the order of bytes must say so.
    sql(
        cluster,
        &format!(
            "create database {half} template template0 locale_provider icu icu_locale 'zh-CN'"
        ),
    )
    .await;
    prepare(&url(port, &half)).await;
    sql(
        cluster,
        &format!("alter database {half} rename to {template}"),
    )
    .await;
}

/// Drops the database of a finished test, whoever is still connected.
pub fn remove(url: &str) {
    let Some((server, name)) = url.rsplit_once('/') else {
        return;
    };
    let (server, name) = (format!("{server}/postgres"), name.to_owned());
    // Drop may run inside a runtime that cannot wait; a thread has one of its own.
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            runtime.block_on(async {
                if let Ok(cluster) = Database::connect(server).await {
                    // A leftover database goes with the cluster.
                    let _ = cluster
                        .execute_unprepared(&format!("drop database if exists {name} with (force)"))
                        .await;
                }
            });
        }
    });
    let _ = thread.join();
}
