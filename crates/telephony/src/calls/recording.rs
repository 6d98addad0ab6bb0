//! Where recordings lie, how they are measured, and how a browser gets a part of one.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use kernel::problem::{Problem, Result, internal, not_found, too_large};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::archive::{Archive, Bytes as Parts};

/// Bytes read from the disk at once.
const CHUNK: u64 = 64 * 1024;

/// The path of a call's recording inside the file store, one folder a day.
pub fn path_of(call: Uuid, arrived_at: DateTime<Utc>) -> String {
    format!("recordings/{}/{call}.wav", arrived_at.format("%Y/%m/%d"))
}

/// Size in bytes and SHA-256 in hex of a finished recording.
pub(crate) async fn measure(path: PathBuf) -> std::io::Result<(u64, String)> {
    let measured = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; CHUNK as usize];
        let mut size = 0;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            size += read as u64;
        }
        Ok((size, hex::encode(hash.finalize())))
    });
    measured
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

/// What a Range header asks of a file of this size.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(RangeInclusive<u64>),
    /// 416
    Nothing,
}

/// One range of bytes (RFC 9110 §14); several ranges, or none we understand, mean the whole file.
fn wanted(headers: &HeaderMap, size: u64) -> Wanted {
    let range = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
        return Wanted::Whole;
    };
    let Some((first, last)) = range.split_once('-') else {
        return Wanted::Whole;
    };
    if range.contains(',') {
        return Wanted::Whole;
    }
    let part = match (first.trim(), last.trim()) {
        ("", suffix) => match suffix.parse::<u64>() {
            Ok(0) => return Wanted::Nothing,
            Ok(suffix) => size.saturating_sub(suffix)..=size.saturating_sub(1),
            Err(_) => return Wanted::Whole,
        },
        (first, last) => {
            let Ok(first) = first.parse::<u64>() else {
                return Wanted::Whole;
            };
            let end = size.saturating_sub(1);
            let last = if last.is_empty() {
                Ok(end)
            } else {
                last.parse::<u64>()
            };
            let Ok(last) = last else { return Wanted::Whole };
            first..=last.min(end)
        }
    };
    if size == 0 || part.start() >= &size || part.is_empty() {
        Wanted::Nothing
    } else {
        Wanted::Part(part)
    }
}

/// Where a recording lies.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// On this machine's disk.
    Local(PathBuf),
    /// In the archive, under this path.
    Archive(Archive, String),
}

/// A file that cannot be read.
pub(crate) fn unread(error: std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::NotFound => not_found("recording"),
        _ => internal(error),
    }
}

impl Source {
    async fn size(&self) -> Result<u64> {
        match self {
            Self::Local(path) => Ok(tokio::fs::metadata(path).await.map_err(unread)?.len()),
            Self::Archive(archive, path) => archive.size(path).await,
        }
    }

    async fn read(&self, start: u64, length: u64) -> Result<Parts> {
        match self {
            Self::Local(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || std::fs::File::open(path));
                let file = opened.await.map_err(internal)?.map_err(unread)?;
                Ok(stream(file, start, length))
            }
            Self::Archive(archive, path) => archive.read(path, start, length).await,
        }
    }
}

/// All of a recording, unless it is too large.
pub(crate) async fn whole(source: &Source, most: u64) -> Result<Vec<u8>> {
    let size = source.size().await?;
    if size > most {
        return Err(too_large(
            "the recording is too long to be taken in one piece",
        ));
    }
    let mut parts = source.read(0, size).await?;
    let mut bytes = Vec::with_capacity(size as usize);
    while let Some(part) = parts.next().await {
        bytes.extend_from_slice(&part.map_err(unread)?);
    }
    Ok(bytes)
}

/// The file as a WAV response, whole or the asked part of it.
pub(crate) async fn serve(source: &Source, headers: &HeaderMap, name: &str) -> Result<Response> {
    let size = source.size().await?;
    let (status, part) = match wanted(headers, size) {
        Wanted::Whole => (StatusCode::OK, 0..=size.saturating_sub(1)),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => {
            let problem = Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range_not_satisfiable",
                format!("the recording has {size} bytes"),
            );
            return Err(problem);
        }
    };
    let length = if size == 0 {
        0
    } else {
        part.end() - part.start() + 1
    };
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "audio/wav")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_LENGTH, length)
        .header(header::CACHE_CONTROL, "private, no-store")
        .header(
            header::CONTENT_DISPOSITION,
            format!("inline; filename=\"{name}.wav\""),
        );
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{size}", part.start(), part.end());
        if let (Some(headers), Ok(value)) = (response.headers_mut(), HeaderValue::from_str(&range))
        {
            headers.insert(header::CONTENT_RANGE, value);
        }
    }
    let parts = source.read(*part.start(), length).await?;
    response.body(Body::from_stream(parts)).map_err(internal)
}

/// Reads in a blocking thread, no faster than the client takes it.
fn stream(mut file: std::fs::File, start: u64, mut left: u64) -> Parts {
    let (chunks, mut read) = mpsc::channel::<std::io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut send = || -> std::io::Result<()> {
            file.seek(SeekFrom::Start(start))?;
            while left > 0 {
                let mut buffer = vec![0; left.min(CHUNK) as usize];
                file.read_exact(&mut buffer)?;
                left -= buffer.len() as u64;
                if chunks.blocking_send(Ok(buffer.into())).is_err() {
                    // The client has heard enough.
                    return Ok(());
                }
            }
            Ok(())
        };
        if let Err(error) = send() {
            let _ = chunks.blocking_send(Err(error));
        }
    });
    futures::stream::poll_fn(move |context| read.poll_recv(context)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(range: &str) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        wanted(&headers, 1000)
    }

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(wanted(&HeaderMap::new(), 1000), Wanted::Whole);
        assert_eq!(ask("bytes=0-499"), Wanted::Part(0..=499));
        assert_eq!(ask("bytes=500-"), Wanted::Part(500..=999));
        assert_eq!(ask("bytes=-100"), Wanted::Part(900..=999));
        assert_eq!(ask("bytes=-5000"), Wanted::Part(0..=999));
        assert_eq!(ask("bytes=900-5000"), Wanted::Part(900..=999));
        assert_eq!(ask("bytes=1000-"), Wanted::Nothing);
        assert_eq!(ask("bytes=5-2"), Wanted::Nothing);
        assert_eq!(ask("bytes=-0"), Wanted::Nothing);
        assert_eq!(ask("bytes=0-1,5-6"), Wanted::Whole);
        assert_eq!(ask("lines=1-2"), Wanted::Whole);
        assert_eq!(ask("bytes=a-b"), Wanted::Whole);
    }
}
