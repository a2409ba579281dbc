//! Runs the cases. `TRYBUILD=overwrite cargo test -p ui` updates the messages. Review them from the view
//! of a beginner before committing.

#[test]
fn errors_point_to_the_cause() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*.rs");
    cases.pass("pass/*.rs");
}
