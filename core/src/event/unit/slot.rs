//! Where a spelling is looked up. Compiled into the build script too, which fills the slots.

/// How many slots there are: a power of two, a few times as many as there are units, so that most
/// spellings stand in their own slot.
pub(crate) const COUNT: usize = 2048;

/// The slots that a spelling may stand in, its own first; each of them once.
pub(crate) fn from(spelling: &str) -> impl Iterator<Item = usize> {
    // FNV-1a, 32 bits: short, and good enough for a fixed set of short texts.
    let hash = spelling
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let own = usize::try_from(hash >> 16).unwrap_or_default();
    (0..COUNT).map(move |step| own.wrapping_add(step) % COUNT)
}
