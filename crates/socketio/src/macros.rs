//! Macros that are used in more than one module.

/// Calls `$name!` once per number of handler arguments, from none to twelve.
///
/// Each argument is a pair of a marker, which names the trait that extracts it, and its type.
/// `clippy::too_many_arguments` complains long before twelve.
#[rustfmt::skip]
macro_rules! all_the_tuples {
    ($name:ident) => {
        $name!();
        $name!((M1 T1));
        $name!((M1 T1) (M2 T2));
        $name!((M1 T1) (M2 T2) (M3 T3));
        $name!((M1 T1) (M2 T2) (M3 T3) (M4 T4));
        $name!((M1 T1) (M2 T2) (M3 T3) (M4 T4) (M5 T5));
        $name!((M1 T1) (M2 T2) (M3 T3) (M4 T4) (M5 T5) (M6 T6));
        $name!((M1 T1) (M2 T2) (M3 T3) (M4 T4) (M5 T5) (M6 T6) (M7 T7));
        $name!((M1 T1) (M2 T2) (M3 T3) (M4 T4) (M5 T5) (M6 T6) (M7 T7) (M8 T8));
        $name!((M1 T1) (M2 T2) (M3 T3) (M4 T4) (M5 T5) (M6 T6) (M7 T7) (M8 T8) (M9 T9));
        $name!((M1 T1) (M2 T2) (M3 T3) (M4 T4) (M5 T5) (M6 T6) (M7 T7) (M8 T8) (M9 T9) (M10 T10));
        $name!((M1 T1) (M2 T2) (M3 T3) (M4 T4) (M5 T5) (M6 T6) (M7 T7) (M8 T8) (M9 T9) (M10 T10) (M11 T11));
        $name!((M1 T1) (M2 T2) (M3 T3) (M4 T4) (M5 T5) (M6 T6) (M7 T7) (M8 T8) (M9 T9) (M10 T10) (M11 T11) (M12 T12));
    };
}
