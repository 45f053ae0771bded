//! Small numbers and sets of them that fit into one number of the database: a bit each, without its sign.

/// Declares a number below 63 and the set of such numbers.
macro_rules! bit_set {
    ($(#[$number_doc:meta])* $number:ident, $(#[$set_doc:meta])* $set:ident) => {
        $(#[$set_doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $set(u64);

        $(#[$number_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $number(u8);

        impl $number {
            /// Below the set's `MOST`.
            pub fn new(number: i64) -> Option<Self> {
                u8::try_from(number).ok().filter(|number| i64::from(*number) < $set::MOST).map(Self)
            }

            /// As stored.
            pub const fn number(self) -> i64 {
                self.0 as i64
            }
        }

        impl $set {
            /// How many an organisation may have: as many as a database's number has bits without its sign.
            pub const MOST: i64 = 63;

            /// From the stored number, of which each bit stands for one.
            pub const fn from_bits(bits: i64) -> Self {
                Self(bits.cast_unsigned() & (u64::MAX >> 1))
            }

            /// As stored.
            pub const fn bits(self) -> i64 {
                self.0.cast_signed()
            }

            /// Whether one is among them.
            pub const fn contain(self, one: $number) -> bool {
                self.0 & (1 << one.0) != 0
            }

            /// With one more.
            #[must_use]
            pub const fn with(self, one: $number) -> Self {
                Self(self.0 | (1 << one.0))
            }

            /// Those that are in it.
            pub fn iter(self) -> impl Iterator<Item = $number> {
                (0..Self::MOST as u8).map($number).filter(move |one| self.contain(*one))
            }
        }

        impl FromIterator<$number> for $set {
            fn from_iter<I: IntoIterator<Item = $number>>(all: I) -> Self {
                all.into_iter().fold(Self::default(), Self::with)
            }
        }
    };
}
pub(crate) use bit_set;
