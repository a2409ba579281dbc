//! Boxed errors of handlers: they are logged, and hidden from the client.

use std::error::Error;
use std::fmt;

use engineio::log::Escaped;
use socketio_proto::ArgsError;

use super::connect_error::{ConnectError, IntoConnectError};
use super::extractor_rejection::{AuthRejection, DataRejection, PartsRejection};
use super::refusal::{IntoRefusal, Refusal};
use super::rejection::Rejection;

type BoxError = Box<dyn Error + Send + Sync>;

/// Supports `?` in a middleware. The server logs the error, and the client receives `Internal
/// Server Error`.
impl IntoConnectError for BoxError {
    fn into_connect_error(self) -> ConnectError {
        ConnectError::fault(format!(
            "{}; return a `ConnectError` to send the client a reason",
            Escaped(RedactedChain(self.as_ref()))
        ))
    }
}

/// Supports `?` in a handler. The error is logged, and the client receives the default message.
impl IntoRefusal for BoxError {
    fn into_refusal(self) -> Refusal {
        Refusal::by_fault(&format!(
            "{}; return a `Refusal` to send the client a reason",
            Escaped(RedactedChain(self.as_ref()))
        ))
    }
}

/// Displays an error and its sources for the log. Errors of this crate that quote a client are
/// redacted.
pub(crate) struct RedactedChain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for RedactedChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = Some(self.0);
        let mut separator = "";
        while let Some(error) = next {
            f.write_str(separator)?;
            write_redacted(error, f)?;
            next = error.source();
            separator = ": ";
        }
        Ok(())
    }
}

fn write_redacted(error: &(dyn Error + 'static), f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(error) = error.downcast_ref::<ArgsError>() {
        write!(f, "{}", error.redacted())
    } else if let Some(rejection) = error.downcast_ref::<AuthRejection>() {
        f.write_str(&rejection.redacted())
    } else if let Some(rejection) = error.downcast_ref::<DataRejection>() {
        write!(f, "{}", rejection.rejection().redacted())
    } else if let Some(rejection) = error.downcast_ref::<PartsRejection>() {
        write!(f, "{}", Rejection::from(rejection.clone()).redacted())
    } else if let Some(rejection) = error.downcast_ref::<Rejection>() {
        write!(f, "{}", rejection.redacted())
    } else if let Some(error) = error.downcast_ref::<ConnectError>() {
        f.write_str(&error.redacted())
    } else if let Some(refusal) = error.downcast_ref::<Refusal>() {
        f.write_str(&refusal.redacted())
    } else {
        write!(f, "{error}")
    }
}

#[cfg(test)]
mod tests {
    use std::any::type_name;

    use axum_core::response::IntoResponse as _;
    use http::StatusCode;
    use serde_json::json;
    use socketio_proto::Args;

    use super::*;
    use crate::AckError;

    mod app {
        pub(super) struct Tenant;
    }

    fn args_error() -> ArgsError {
        let args = Args::from_serialize(None, "SECRET").expect("JSON");
        args.deserialize::<u32>().expect_err("no number")
    }

    #[test]
    fn the_errors_of_this_crate_hide_what_they_quote() {
        let response = (StatusCode::FORBIDDEN, "no tenant SECRET").into_response();
        let parts = PartsRejection::new(type_name::<app::Tenant>(), response.into());
        let data = DataRejection::new("login", args_error());
        let auth = AuthRejection::new(Some(args_error()));
        let errors: [BoxError; 10] = [
            args_error().into(),
            AckError::Data(args_error()).into(),
            data.clone().into(),
            Rejection::from(data).into(),
            auth.clone().into(),
            Rejection::from(auth.clone()).into(),
            auth.into_connect_error().into(),
            parts.clone().into(),
            Refusal::by_extractor::<app::Tenant>((StatusCode::FORBIDDEN, "no SECRET")).into(),
            Rejection::from(parts).into_connect_error().into(),
        ];
        for error in errors {
            let texts = format!("{error} {:?}", error.source().map(ToString::to_string));
            assert!(texts.contains("SECRET"), "nothing is quoted: {texts}");
            for logged in [RedactedChain(&*error).to_string(), format!("{error:?}")] {
                assert!(!logged.contains("SECRET"), "{logged}");
                assert!(
                    logged.contains("u32") || logged.contains("app::Tenant"),
                    "{logged}"
                );
            }
        }
    }

    #[test]
    fn other_errors_are_shown_with_their_sources() {
        let error = AckError::Emit(crate::EmitError::ReservedEvent("connect".to_owned()));
        let shown = RedactedChain(&error).to_string();
        assert!(
            shown.starts_with("the event could not be sent: "),
            "{shown}"
        );
    }

    #[test]
    fn a_conversion_keeps_the_text_for_the_log() {
        let rejection = Rejection::from(AuthRejection::new(Some(args_error())));
        let again = Rejection::from(rejection.with_data(json!(1)).into_connect_error());
        assert!(again.to_string().contains("SECRET"));
        assert!(!again.redacted().to_string().contains("SECRET"));
    }

    #[test]
    fn a_boxed_error_is_not_sent_to_the_client() {
        let error: BoxError = "postgres://admin:secret@db is down".into();
        let error = error.into_connect_error();
        assert_eq!(error.message(), "Internal Server Error");
        assert_eq!(error.data(), Some(&json!({ "status": 500 })));
    }
}
