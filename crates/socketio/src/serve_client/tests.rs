use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, HeaderValue};

use super::coding::{Coding, preferred};
use super::*;

fn client() -> ServeClient {
    ServeClient::from_files([("socket.io.js", "/*!\n * Socket.IO v4.8.4\n */")]).unwrap()
}

fn accept(values: &[&'static str]) -> Option<&'static str> {
    let mut request = HeaderMap::new();
    for value in values {
        request.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
    }
    preferred(&request).map(|coding| match coding {
        #[cfg(feature = "brotli")]
        Coding::Brotli => "br",
        Coding::Gzip => "gzip",
        Coding::Deflate => "deflate",
    })
}

#[test]
fn the_coding_is_the_one_that_the_client_likes_best() {
    assert_eq!(accept(&[]), None);
    assert_eq!(accept(&[""]), None);
    assert_eq!(accept(&["identity"]), None);
    assert_eq!(accept(&["zstd"]), None);
    assert_eq!(accept(&["gzip"]), Some("gzip"));
    assert_eq!(accept(&["GZip"]), Some("gzip"));
    assert_eq!(accept(&["deflate, gzip"]), Some("deflate"));
    assert_eq!(accept(&["deflate", "gzip"]), Some("deflate"));
    assert_eq!(accept(&["gzip;q=0.5, deflate;q=0.9"]), Some("deflate"));
    assert_eq!(accept(&["gzip ; q=0.5 , deflate ; q=0.4"]), Some("gzip"));
    assert_eq!(accept(&["gzip;q=0"]), None);
    assert_eq!(accept(&["gzip;q=x"]), None);
    assert_eq!(accept(&["gzip;q=NaN"]), None);
    assert_eq!(accept(&["gzip;q=-1"]), None);
    assert_eq!(accept(&["deflate;q=0.9,gzip;q=inf"]), Some("gzip"));
    assert_eq!(accept(&[";q=1,,;"]), None);
    assert_eq!(
        accept(&["*;q=0.9, deflate;q=0.9, gzip;q=0"]),
        Some("deflate")
    );
    assert_eq!(accept(&["*;q=0, identity"]), None);
}

#[test]
#[cfg(feature = "brotli")]
fn brotli_comes_first_where_the_client_has_no_wish() {
    assert_eq!(accept(&["*"]), Some("br"));
    assert_eq!(accept(&["br, gzip"]), Some("br"));
    assert_eq!(accept(&["gzip, deflate, br"]), Some("gzip"));
}

#[test]
#[cfg(not(feature = "brotli"))]
fn gzip_comes_first_where_the_client_has_no_wish() {
    assert_eq!(accept(&["*"]), Some("gzip"));
    assert_eq!(accept(&["br, deflate"]), Some("deflate"));
}

#[test]
fn the_version_is_that_of_the_banner_or_of_the_package_or_else_a_hash() {
    let version = |file: &str, package: Option<&str>| {
        let files = [file.as_bytes()];
        version::of(files.into_iter(), package.map(str::as_bytes))
    };
    let package = Some(r#"{"name":"socket.io-client","version":"4.7.5"}"#);
    assert_eq!(
        version("/*!\n * Socket.IO v4.8.4\n * (c)", package),
        "4.8.4"
    );
    assert_eq!(version("Socket.IO v5.0.0-beta.1", None), "5.0.0-beta.1");
    assert_eq!(version("!function(){}", package), "4.7.5");
    // What could not stand in a header.
    assert_eq!(version("Socket.IO v\"1\"", package), "4.7.5");
    for package in [Some("{}"), Some(r#"{"version":""}"#), Some("\0"), None] {
        let hash = version("!function(){}", package);
        assert_eq!(hash.len(), 16);
        assert_ne!(hash, version("!function(){ }", package));
    }
    // A banner further down is not one of the client.
    let far = format!("{}Socket.IO v4.8.4", " ".repeat(300));
    assert_eq!(version(&far, package), "4.7.5");
}

#[test]
fn a_folder_without_the_client_is_an_error_that_names_the_remedy() {
    for folder in ["/nowhere", env!("CARGO_MANIFEST_DIR"), file!()] {
        let error = ServeClient::from_dir(folder).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
        let text = error.to_string();
        assert!(text.contains(folder), "{text}");
        assert!(text.contains("npm install socket.io-client"), "{text}");
    }
}

#[test]
fn a_file_of_another_name_is_an_error() {
    let error = ServeClient::from_files([("socket.io.esm.js", "")]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(
        error.to_string().contains("socket.io.esm.min.js"),
        "{error}"
    );
}

#[test]
fn only_what_is_there_is_answered() {
    let client = client();
    let request = HeaderMap::new();
    assert!(client.answer("socket.io.js", &request).is_some());
    for name in ["socket.io.min.js", "", "../socket.io.js", "Socket.io.js"] {
        assert!(client.answer(name, &request).is_none(), "{name}");
    }
    assert_eq!(
        format!("{client:?}"),
        r#"ServeClient { etag: "\"4.8.4\"", files: ["socket.io.js"] }"#
    );
}
