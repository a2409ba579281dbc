//! Runs the cases. `TRYBUILD=overwrite cargo test -p ui` writes the messages anew; read them as a
//! beginner would before they are committed.

#[test]
fn errors_name_what_is_wrong() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*.rs");
    cases.pass("pass/*.rs");
}
