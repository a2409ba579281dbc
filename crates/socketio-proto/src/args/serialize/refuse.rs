//! Serializer methods that return an error.

/// Implements groups of [`Serializer`](serde::Serializer) methods that return the error of `$error`.
macro_rules! refuse {
    ($error:path: $($group:ident),*) => {
        $($crate::args::serialize::refuse::refuse!(@$group $error);)*
    };
    (@bytes $error:path) => {
        $crate::args::serialize::refuse::refuse!(@each $error; serialize_bytes(&[u8]));
    };
    (@string $error:path) => {
        $crate::args::serialize::refuse::refuse!(@each $error; serialize_str(&str));
    };
    (@nothing $error:path) => {
        $crate::args::serialize::refuse::refuse!(@each $error;
            serialize_none()
            serialize_unit()
            serialize_unit_struct(&'static str)
        );
    };
    (@scalars $error:path) => {
        $crate::args::serialize::refuse::refuse!(@each $error;
            serialize_bool(bool)
            serialize_i8(i8)
            serialize_i16(i16)
            serialize_i32(i32)
            serialize_i64(i64)
            serialize_u8(u8)
            serialize_u16(u16)
            serialize_u32(u32)
            serialize_u64(u64)
            serialize_f32(f32)
            serialize_f64(f64)
            serialize_char(char)
            serialize_unit_variant(&'static str, u32, &'static str)
        );

        fn serialize_some<T: serde::Serialize + ?Sized>(
            self,
            _: &T,
        ) -> Result<Self::Ok, Self::Error> {
            Err($error())
        }

        fn serialize_newtype_struct<T: serde::Serialize + ?Sized>(
            self,
            _: &'static str,
            _: &T,
        ) -> Result<Self::Ok, Self::Error> {
            Err($error())
        }
    };
    (@tuple $error:path) => {
        type SerializeTuple = serde::ser::Impossible<Self::Ok, Self::Error>;

        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Self::Error> {
            Err($error())
        }
    };
    // All types with elements, except tuples.
    (@compounds $error:path) => {
        type SerializeMap = serde::ser::Impossible<Self::Ok, Self::Error>;
        type SerializeSeq = serde::ser::Impossible<Self::Ok, Self::Error>;
        type SerializeStruct = serde::ser::Impossible<Self::Ok, Self::Error>;
        type SerializeStructVariant = serde::ser::Impossible<Self::Ok, Self::Error>;
        type SerializeTupleStruct = serde::ser::Impossible<Self::Ok, Self::Error>;
        type SerializeTupleVariant = serde::ser::Impossible<Self::Ok, Self::Error>;

        fn serialize_newtype_variant<T: serde::Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<Self::Ok, Self::Error> {
            Err($error())
        }

        fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Self::Error> {
            Err($error())
        }

        fn serialize_tuple_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleStruct, Self::Error> {
            Err($error())
        }

        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, Self::Error> {
            Err($error())
        }

        fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Self::Error> {
            Err($error())
        }

        fn serialize_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStruct, Self::Error> {
            Err($error())
        }

        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, Self::Error> {
            Err($error())
        }
    };
    (@each $error:path; $($method:ident($($arg:ty),*))*) => {$(
        fn $method(self, $(_: $arg),*) -> Result<Self::Ok, Self::Error> {
            Err($error())
        }
    )*};
}

pub(super) use refuse;
