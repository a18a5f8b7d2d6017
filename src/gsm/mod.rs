//! What fits on the air: the GSM 03.38 alphabet, septets, the parts of a long SMS.
//!
//! * [`alphabet`]: characters to septets and back, with the extension table.
//! * [`septets`]: septets packed eight into seven octets, and back.
//! * [`national`]: the tables of other languages.
//! * [`charset`]: what an SMSC means by its default alphabet.
//! * [`segment`]: a text as one SMS or as several, in each way to mark them.
//! * [`read`]: octets as text, by their data_coding.
//! * [`assemble`]: the parts of a long SMS put together again.
//! * [`fit`]: how long a text is on the air, whether it fits, where a page may be cut.
//!
//! Pure. May import `types`.

pub mod alphabet;
pub mod assemble;
pub mod charset;
pub mod fit;
pub mod national;
pub mod read;
pub mod segment;
pub mod septets;
