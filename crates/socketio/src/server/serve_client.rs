//! The official browser client, served below the path of the server (Node's `serveClient`).

mod coding;
mod version;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use tokio::sync::OnceCell;

use self::coding::Coding;

/// The files of the official browser client, to be served below the path of the server (Node's
/// option `serveClient`).
///
/// A page can then load the client from the server that it talks to:
///
/// ```html
/// <script src="/socket.io/socket.io.min.js"></script>
/// <script>const socket = io();</script>
/// ```
///
/// It is off by default, other than in Node, and the files are yours to bring: with their source
/// maps they have more than a megabyte, which a crate should not put into every program. They are
/// in the folder `dist` of the npm package `socket.io-client`. Name it
/// ([`from_dir`](Self::from_dir)), or build the files into the program
/// ([`from_files`](Self::from_files)).
///
/// # What is answered
///
/// The eight names that Node's server knows: `socket.io.js`, `socket.io.min.js`,
/// `socket.io.esm.min.js`, `socket.io.msgpack.min.js`, and each with `.map` behind it. Every method
/// gets the file. Another name, or a file that is not there, is a request to the server itself and
/// refused as such.
///
/// The `ETag` is the version of the client, so browsers ask whether it has changed and get
/// `304 Not Modified`. A file is compressed when somebody first accepts that, with gzip or deflate,
/// and kept; with the feature `brotli` also with that. Files and their compressed forms are in
/// memory: up to some 2 MB for all of them.
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

/// The names that are served, as in Node.
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

/// Browsers keep the file, and ask each time whether it is still the same.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=0");

/// The files in the order of [`NAMES`], as far as they are there.
struct Files([Option<File>; NAMES.len()]);

/// A file, and what has been made of it.
struct File {
    content: Bytes,
    compressed: [OnceCell<Bytes>; Coding::ALL.len()],
}

impl ServeClient {
    /// The files in a folder: the `dist` of the npm package `socket.io-client`, or the
    /// `client-dist` of `socket.io`.
    ///
    /// They are read here and kept in memory; no request makes the server open a file. A change
    /// takes effect when the program is started again.
    ///
    /// # Errors
    ///
    /// If none of the files is there, or one cannot be read.
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

    /// Files that are at hand, for instance built into the program with `include_bytes!`: their
    /// names, as in the folder `dist` of the npm package `socket.io-client`, and what is in them.
    ///
    /// # Errors
    ///
    /// If a name is not one of the eight of the client.
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

    /// The answer to a request for a file of this name, unless there is none.
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

    /// Whether the client has the file already (`If-None-Match`).
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

    /// A file in this coding, which is made when it is first asked for.
    async fn compressed(self: Arc<Self>, at: usize, coding: Coding) -> Option<Bytes> {
        if let Some(made) = self.file(at)?.kept(coding) {
            return Some(made);
        }
        // A task, so that it goes on when the client is gone: those who ask and leave, again and
        // again, cause it once.
        let files = Arc::clone(&self);
        let making = tokio::spawn(async move {
            if let Some(file) = files.file(at) {
                file.compress(coding).await;
            }
        });
        making.await.ok();
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
            // It takes longer than a task may hold its thread.
            let made = tokio::task::spawn_blocking(move || coding.compress(&content));
            made.await.map_err(io::Error::other).flatten()
        });
        if let Err(error) = made.await {
            tracing::warn!(%error, "cannot compress a file of the client, so it is sent as it is");
        }
    }
}

fn position(name: &str) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}

/// Whether there is no such file, as opposed to one that cannot be read.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests;
