//! Choices made by a string of bytes, so that what is made of them shrinks with them.

/// A source of choices; when its bytes have run out it always chooses the first, which is the simplest.
pub struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    /// The choices that `bytes` make.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: usize) -> usize {
        let mut byte = || self.0.next().copied().map_or(0, usize::from);
        let number = if bound > 256 { byte() * 256 + byte() } else { byte() };
        number % bound.max(1)
    }

    /// True about once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) + 1 == times
    }

    /// One of `items`.
    pub fn one_of<'i, T: ?Sized>(&mut self, items: &[&'i T]) -> &'i T {
        items[self.below(items.len())]
    }
}
