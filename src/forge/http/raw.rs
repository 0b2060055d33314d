//! A server of bare bytes: it answers, breaks off, hangs up or keeps silent, and counts.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What every request gets.
#[derive(Clone, Debug)]
pub(in crate::forge) enum Answer {
    /// These bytes, then the end of the connection.
    Bytes(String),
    /// The end of the connection.
    HangUp,
    /// Nothing, for as long as the client waits.
    Silence,
}

impl Answer {
    pub(in crate::forge) fn status(status: u16, headers: &str, body: &str) -> Self {
        Self::Bytes(format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ))
    }

    /// A success whose body ends before it said it would.
    pub(in crate::forge) fn cut() -> Self {
        Self::Bytes(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"id\": 1"
                .to_owned(),
        )
    }
}

/// Serves `answer` while `client` runs, and returns what `client` made and how many requests came.
pub(in crate::forge) async fn serve<T, Client>(
    answer: Answer,
    client: impl FnOnce(SocketAddr) -> Client,
) -> (T, usize)
where
    Client: Future<Output = T>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = AtomicUsize::new(0);
    let server = async {
        let mut silent = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            if !read_request(&mut stream).await {
                continue;
            }
            count.fetch_add(1, Ordering::SeqCst);
            match &answer {
                Answer::Bytes(bytes) => {
                    let _ = stream.write_all(bytes.as_bytes()).await;
                    let _ = stream.shutdown().await;
                }
                Answer::HangUp => drop(stream),
                Answer::Silence => silent.push(stream),
            }
        }
    };
    let made = tokio::select! {
        made = client(address) => made,
        () = server => unreachable!("the server never ends"),
    };
    // What a client sends after it has answered would be counted too.
    (made, count.load(Ordering::SeqCst))
}

/// Reads one request to its end; false if none came.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let due = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .and_then(|length| length.trim().parse::<usize>().ok());
        let whole = match due {
            Some(due) => body.len() >= due,
            None => !head.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
        };
        if whole {
            return true;
        }
    }
}
