//! Reproducible chance: the same seed and number give the same throws.

/// A small generator (SplitMix64); no secrecy is claimed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The throws of run `number` of a seed.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut dice = Self(seed ^ number.wrapping_mul(0xD1B5_4A32_D192_ED03));
        dice.throw();
        dice
    }

    /// Any number.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 when there is none.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.throw().checked_rem(limit).unwrap_or(0)
    }

    /// Whether something of that chance, in per cent, happens.
    pub fn happens(&mut self, per_cent: u64) -> bool {
        self.below(100) < per_cent
    }

    /// One of the choices, each with its weight; none when there are none.
    pub fn one_of<T: Copy>(&mut self, choices: &[(u64, T)]) -> Option<T> {
        let mut left = self.below(choices.iter().map(|(weight, _)| weight).sum());
        let hit = choices.iter().find(|(weight, _)| match left.checked_sub(*weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        hit.map(|(_, choice)| *choice)
    }
}
