//! `input!` and `output!`: a struct of a command, and what the pages say of it, from one text.

/// A field name as the wire has it: Rust's `r#type` is `type`.
pub const fn wire_name(name: &'static str) -> &'static str {
    let bytes = name.as_bytes();
    if bytes.len() > 2 && bytes[0] == b'r' && bytes[1] == b'#' { name.split_at(2).1 } else { name }
}

/// A command's input: a struct whose field names and types are the wire's.
#[macro_export]
macro_rules! input {
    ($(#[doc = $about:literal])* pub struct $name:ident {
        $($(#[doc = $doc:literal])* pub $field:ident : $kind:ty,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug)]
        #[allow(non_snake_case)]
        pub struct $name { $($(#[doc = $doc])* pub $field: $kind,)* }

        impl $crate::dialect::fields::Input for $name {
            const FIELDS: &'static [$crate::dialect::fields::Field] =
                &[$($crate::dialect::fields::Field {
                    name: $crate::dialect::fields::wire_name(stringify!($field)),
                    kind: <$kind as $crate::dialect::fields::Take>::KIND,
                    required: <$kind as $crate::dialect::fields::Take>::REQUIRED,
                    doc: concat!($($doc),*),
                },)*];

            #[allow(unused_variables)]
            fn take(
                fields: &$crate::dialect::fields::Fields<'_>,
            ) -> Result<Self, $crate::model::Fault> {
                Ok(Self { $($field: fields.field(
                    $crate::dialect::fields::wire_name(stringify!($field)),
                )?,)* })
            }
        }

        impl $crate::dialect::fields::Take for $name {
            const KIND: $crate::dialect::fields::Kind = $crate::dialect::fields::Kind::Object(
                <Self as $crate::dialect::fields::Input>::FIELDS,
            );

            fn take(raw: &str) -> Result<Self, String> {
                let fields = $crate::dialect::fields::Fields::parse(raw.as_bytes())
                    .map_err(|_| "must be an object")?;
                <Self as $crate::dialect::fields::Input>::take(&fields).map_err(|fault| {
                    match fault {
                        $crate::model::Fault::Invalid { field, why } => {
                            format!("has a field {field} that {why}")
                        }
                        _ => "must be an object".into(),
                    }
                })
            }
        }
    };
}

/// A command's output: a struct whose field names and types are the wire's.
#[macro_export]
macro_rules! output {
    ($(#[doc = $about:literal])* pub struct $name:ident {
        $($(#[doc = $doc:literal])* $(#[serde($($form:tt)*)])* pub $field:ident : $kind:ty,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, serde::Serialize)]
        #[allow(non_snake_case)]
        pub struct $name { $($(#[doc = $doc])* $(#[serde($($form)*)])* pub $field: $kind,)* }

        impl $crate::dialect::fields::Output for $name {
            const FIELDS: &'static [$crate::dialect::fields::Field] =
                &[$($crate::dialect::fields::Field {
                    name: $crate::dialect::fields::wire_name(stringify!($field)),
                    kind: <$kind as $crate::dialect::fields::Shown>::KIND,
                    required: <$kind as $crate::dialect::fields::Shown>::REQUIRED,
                    doc: concat!($($doc),*),
                },)*];
        }

        impl $crate::dialect::fields::Shown for $name {
            const KIND: $crate::dialect::fields::Kind = $crate::dialect::fields::Kind::Object(
                <Self as $crate::dialect::fields::Output>::FIELDS,
            );
        }
    };
}
