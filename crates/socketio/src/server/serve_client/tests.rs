use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, HeaderValue};

use super::coding::Coding;
use super::*;

fn client() -> ServeClient {
    ServeClient::from_files([("socket.io.js", "/*!\n * Socket.IO v4.8.4\n */")]).unwrap()
}

#[test]
fn only_supported_codings_are_preferred() {
    let mut request = HeaderMap::new();
    request.insert(ACCEPT_ENCODING, HeaderValue::from_static("br, deflate"));
    let expected = if cfg!(feature = "brotli") {
        "br"
    } else {
        "deflate"
    };
    let preferred = Coding::preferred(&request).unwrap();
    assert_eq!(preferred.token(), expected);
    request.insert(ACCEPT_ENCODING, HeaderValue::from_static("zstd"));
    assert_eq!(Coding::preferred(&request), None);
}

#[test]
fn the_version_is_read_from_the_banner_or_the_package_or_is_a_hash() {
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
    // Values that are not valid in a header.
    assert_eq!(version("Socket.IO v\"1\"", package), "4.7.5");
    for package in [Some("{}"), Some(r#"{"version":""}"#), Some("\0"), None] {
        let hash = version("!function(){}", package);
        assert_eq!(hash.len(), 16);
        assert_ne!(hash, version("!function(){ }", package));
    }
    // A banner further into the file is not the client's.
    let far = format!("{}Socket.IO v4.8.4", " ".repeat(300));
    assert_eq!(version(&far, package), "4.7.5");
}

#[test]
fn a_folder_without_the_client_is_an_error_with_a_remedy() {
    for folder in ["/nowhere", env!("CARGO_MANIFEST_DIR"), file!()] {
        let error = ServeClient::from_dir(folder).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
        let text = error.to_string();
        assert!(text.contains(folder), "{text}");
        assert!(text.contains("npm install socket.io-client"), "{text}");
    }
}

#[test]
fn an_unknown_file_name_is_an_error() {
    let error = ServeClient::from_files([("socket.io.esm.js", "")]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(
        error.to_string().contains("socket.io.esm.min.js"),
        "{error}"
    );
}

#[test]
fn missing_files_are_not_served() {
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
