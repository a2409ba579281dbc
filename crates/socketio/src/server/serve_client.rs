//! The official browser client, served below the path of the server (Node's `serveClient`).

mod coding;
mod version;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use engineio::log::Escaped;
use futures_core::future::BoxFuture;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use tokio::sync::OnceCell;

use self::coding::Coding;

/// The files of the official browser client, which the server serves below its path (Node's
/// `serveClient`).
///
/// A page can load the client from the server that it connects to:
///
/// ```html
/// <script src="/socket.io/socket.io.min.js"></script>
/// <script>const socket = io();</script>
/// ```
///
/// Unlike in Node it is off by default, because this crate does not contain the files: with source
/// maps they exceed a megabyte. They are in the folder `dist` of the npm package
/// `socket.io-client`. Read them from there with [`from_dir`](Self::from_dir), or embed them in the
/// program with [`from_files`](Self::from_files).
///
/// # Responses
///
/// The eight names of Node's server are served: `socket.io.js`, `socket.io.min.js`,
/// `socket.io.esm.min.js`, `socket.io.msgpack.min.js`, and each with `.map` appended. Every method
/// returns the file. Other names and missing files are handled as requests to the server and
/// refused.
///
/// The `ETag` is the version of the client, so that browsers revalidate and receive `304 Not
/// Modified`. Each file is compressed with gzip or deflate on the first request that accepts it,
/// and with brotli if the feature `brotli` is enabled. The files and their compressed forms stay in
/// memory, up to about 2 MB in total.
///
/// # Examples
///
/// ```no_run
/// use socketio::{ServeClient, SocketIoLayer};
///
/// # fn main() -> std::io::Result<()> {
/// let client = ServeClient::from_dir("node_modules/socket.io-client/dist")?;
/// let layer: SocketIoLayer = SocketIoLayer::builder().serve_client(client).build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ServeClient {
    files: Arc<Files>,
    etag: HeaderValue,
}

/// The names of the files, as in Node.
const NAMES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

const JAVASCRIPT: HeaderValue = HeaderValue::from_static("application/javascript; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Browsers cache the file and revalidate it on each use.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=0");

/// The files in the order of [`NAMES`], `None` if missing.
struct Files([Option<File>; NAMES.len()]);

/// A file and its compressed forms.
struct File {
    content: Bytes,
    compressed: [OnceCell<Bytes>; Coding::ALL.len()],
}

impl ServeClient {
    /// Reads the files from a folder: `dist` of the npm package `socket.io-client`, or
    /// `client-dist` of `socket.io`.
    ///
    /// The files are read once and kept in memory. Changes take effect after a restart.
    ///
    /// # Errors
    ///
    /// Fails if the folder has none of the files, or if a file cannot be read.
    pub fn from_dir(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref();
        let mut found = Vec::new();
        for name in NAMES {
            match fs::read(folder.join(name)) {
                Ok(content) => found.push((name, content)),
                Err(error) if is_absence(&error) => {}
                Err(error) => {
                    let text = format!(
                        "cannot read `{}`: {error}; let the program read it, or name another \
                         folder",
                        folder.join(name).display()
                    );
                    return Err(io::Error::new(error.kind(), text));
                }
            }
        }
        if found.is_empty() {
            let text = format!(
                "no file of the Socket.IO client in `{}`: run `npm install socket.io-client` and \
                 name its folder `node_modules/socket.io-client/dist`",
                folder.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        let package = fs::read(folder.join("../package.json")).ok();
        Self::new(found, package.as_deref())
    }

    /// Takes files that are in memory, for example from `include_bytes!`, as pairs of name and
    /// content.
    ///
    /// The names are those in the folder `dist` of the npm package `socket.io-client`.
    ///
    /// # Errors
    ///
    /// Fails if a name is not one of the eight file names of the client.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::ServeClient;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let file = "/*! Socket.IO v4.8.4 */ …"; // include_bytes!("socket.io.min.js")
    /// let client = ServeClient::from_files([("socket.io.min.js", file)])?;
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_files<N, C>(files: impl IntoIterator<Item = (N, C)>) -> io::Result<Self>
    where
        N: AsRef<str>,
        C: Into<Bytes>,
    {
        Self::new(files, None)
    }

    fn new<N, C>(
        found: impl IntoIterator<Item = (N, C)>,
        package: Option<&[u8]>,
    ) -> io::Result<Self>
    where
        N: AsRef<str>,
        C: Into<Bytes>,
    {
        let mut files = [const { None }; NAMES.len()];
        for (name, content) in found {
            let name = name.as_ref();
            let place = position(name).and_then(|at| files.get_mut(at));
            let Some(place) = place else {
                let text = format!(
                    "`{name}` is no file of the Socket.IO client: give those of {}",
                    NAMES.join(", ")
                );
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            };
            *place = Some(File {
                content: content.into(),
                compressed: [const { OnceCell::const_new() }; Coding::ALL.len()],
            });
        }
        let contents = || files.iter().flatten().map(|file| &*file.content);
        let version = version::of(contents(), package);
        Ok(Self {
            etag: HeaderValue::try_from(format!("\"{version}\""))
                .expect("a version is made of visible characters"),
            files: Arc::new(Files(files)),
        })
    }

    /// Returns the response to a request for the file with this name, or `None` if it does not
    /// exist.
    pub(crate) fn answer(
        &self,
        name: &str,
        request: &HeaderMap,
    ) -> Option<impl Future<Output = Response<Full<Bytes>>> + Send + use<>> {
        let at = position(name)?;
        let content = self.files.file(at)?.content.clone();
        let files = Arc::clone(&self.files);
        let mut response = Response::new(Full::default());
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(
            header::VARY,
            HeaderValue::from_static(header::ACCEPT_ENCODING.as_str()),
        );
        let is_known = self.is_known(request);
        let coding = Coding::preferred(request);
        let content_type = if name.ends_with(".map") {
            JSON
        } else {
            JAVASCRIPT
        };
        Some(async move {
            if is_known {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                return response;
            }
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, content_type);
            let body = match coding {
                Some(coding) => files.compressed(at, coding).await,
                None => None,
            };
            if let (Some(coding), Some(_)) = (coding, &body) {
                headers.insert(header::CONTENT_ENCODING, coding.token());
            }
            *response.body_mut() = Full::new(body.unwrap_or(content));
            response
        })
    }

    /// Returns whether the client has the current file (`If-None-Match`).
    fn is_known(&self, request: &HeaderMap) -> bool {
        let values = request.get_all(header::IF_NONE_MATCH);
        values.iter().any(|value| {
            let tags = value.as_bytes().split(|byte| *byte == b',');
            tags.map(<[u8]>::trim_ascii).any(|tag| {
                let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
                tag == b"*" || tag == self.etag.as_bytes()
            })
        })
    }
}

impl fmt::Debug for ServeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = NAMES.iter().zip(self.files.0.iter());
        let present = names.filter_map(|(name, file)| file.as_ref().map(|_| name));
        f.debug_struct("ServeClient")
            .field("etag", &self.etag)
            .field("files", &present.collect::<Vec<_>>())
            .finish()
    }
}

impl Files {
    fn file(&self, at: usize) -> Option<&File> {
        self.0.get(at)?.as_ref()
    }

    /// Returns a file in this coding. The first request compresses it.
    async fn compressed(self: Arc<Self>, at: usize, coding: Coding) -> Option<Bytes> {
        if let Some(made) = self.file(at)?.kept(coding) {
            return Some(made);
        }
        // A task continues when the client disconnects, so that repeated aborted requests compress
        // a file only once.
        let files = Arc::clone(&self);
        let making: BoxFuture<'static, ()> = Box::pin(async move {
            if let Some(file) = files.file(at) {
                file.compress(coding).await;
            }
        });
        tokio::spawn(making).await.ok();
        self.file(at)?.kept(coding)
    }
}

impl File {
    fn kept(&self, coding: Coding) -> Option<Bytes> {
        self.compressed.get(coding as usize)?.get().cloned()
    }

    async fn compress(&self, coding: Coding) {
        let Some(place) = self.compressed.get(coding as usize) else {
            return;
        };
        let made = place.get_or_try_init(async || {
            let content = self.content.clone();
            // Compression would block the thread for too long.
            let made = tokio::task::spawn_blocking(move || coding.compress(&content));
            made.await.map_err(io::Error::other).flatten()
        });
        if let Err(error) = made.await {
            engineio::log_limited!(
                warn,
                None,
                "sending a file of the browser client uncompressed: compression failed",
                error = %Escaped(&error),
            );
        }
    }
}

fn position(name: &str) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}

/// Returns whether the error means that the file does not exist, rather than that it is unreadable.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests;
