//! Revenue stamps (収入証紙): what unused ones are worth when they are given back.

use super::exact::Exact;
use crate::domain::money::{Yen, YenOutOfRange};

/// What a body pays for unused stamps, as its ordinance says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampRefundRate {
    /// Parts of ten thousand of the face value; 9,676 in Aomori (1,000分の967.6).
    pub per_ten_thousand: u16,
}

/// The cash for unused stamps of these face values: summed, then truncated to whole yen once.
pub fn stamp_refund(faces: &[Yen], rate: StampRefundRate) -> Result<Yen, YenOutOfRange> {
    let sum = Yen::sum(faces.iter().copied())?;
    Exact::from(sum).times(Exact::ratio(i128::from(rate.per_ten_thousand), 10_000)?)?.floor()
}

#[cfg(test)]
mod tests {
    use super::{StampRefundRate, stamp_refund};
    use crate::domain::money::Yen;

    #[test]
    fn r71_unused_stamps_go_back_at_967_6_of_1000_of_their_sum() {
        let rate = StampRefundRate { per_ten_thousand: 9_676 };
        for (faces, cash) in [
            (vec![1_000], 967),
            (vec![33_000], 31_930),
            // The sum is truncated, not each stamp: 967 three times would be 2,901.
            (vec![1_000, 1_000, 1_000], 2_902),
            (vec![], 0),
        ] {
            let faces: Vec<Yen> = faces.into_iter().map(|face| Yen::new(face).unwrap()).collect();
            assert_eq!(stamp_refund(&faces, rate).unwrap().amount(), cash, "{faces:?}");
        }
    }
}
