//! HTTP/2 with prior knowledge, on a connection of its own.

use std::net::SocketAddr;

use bytes::Bytes;
use http::HeaderMap;

use crate::{Answer, DEADLINE, Request};

/// Sends a request, with trailers where there are some, and reads the answer.
pub(crate) fn send(address: SocketAddr, request: &Request, trailers: &[(&str, &str)]) -> Answer {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        tokio::time::timeout(DEADLINE, exchange(address, request, trailers))
            .await
            .expect("no answer in time")
            .unwrap()
    })
}

async fn exchange(
    address: SocketAddr,
    request: &Request,
    trailers: &[(&str, &str)],
) -> Result<Answer, h2::Error> {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await?;
    tokio::spawn(connection);

    let mut head = http::Request::builder()
        .method(request.method.as_str())
        .uri(format!("http://webhooks.test{}", request.target()));
    for (name, value) in &request.headers {
        head = head.header(name, value);
    }
    let ends = request.body.is_empty() && trailers.is_empty();
    let mut client = client.ready().await?;
    let (answer, mut upload) = client.send_request(head.body(()).unwrap(), ends)?;
    if !ends {
        // An early answer resets the upload; the answer is what counts.
        let _ = send_body(&mut upload, request.body.clone().into(), trailers).await;
    }

    let (head, mut body) = answer.await?.into_parts();
    let mut received = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        received.extend_from_slice(&data);
    }
    let headers = head.headers.iter().map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Ok(Answer { status: head.status.as_u16(), headers: headers.collect(), body: received })
}

/// Sends as much as the window allows at a time.
async fn send_body(
    upload: &mut h2::SendStream<Bytes>,
    mut body: Bytes,
    trailers: &[(&str, &str)],
) -> Result<(), h2::Error> {
    while !body.is_empty() {
        upload.reserve_capacity(body.len());
        let Some(capacity) = std::future::poll_fn(|context| upload.poll_capacity(context)).await
        else {
            return Ok(());
        };
        let part = body.split_to(capacity?.min(body.len()));
        upload.send_data(part, body.is_empty() && trailers.is_empty())?;
    }
    if !trailers.is_empty() {
        let mut map = HeaderMap::new();
        for (name, value) in trailers {
            map.append(
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        upload.send_trailers(map)?;
    }
    Ok(())
}
