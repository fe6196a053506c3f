//! Matrices that are often needed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A matrix that is often needed.
///
/// ```
/// use patchline_nodes::{Matrix, Preset};
///
/// let downmix = Matrix { preset: Some(Preset::SurroundToStereo), ..Matrix::default() };
/// assert_eq!(serde_json::to_value(&downmix)?, serde_json::json!({ "preset": "5.1_to_stereo" }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Preset {
    /// Any number of channels to one, their mean: Σ xᵢ · 1/n.
    #[serde(rename = "mono_mix")]
    MonoMix,
    /// Two channels to one, their mean: 0.5·L + 0.5·R.
    #[serde(rename = "stereo_to_mono")]
    StereoToMono,
    /// One channel to two, each a copy.
    #[serde(rename = "mono_to_stereo")]
    MonoToStereo,
    /// Six channels (L, R, C, LFE, Ls, Rs) to two by ITU-R BS.775: L + C·√½ + Ls·√½ and R + C·√½ + Rs·√½, −3 dB each;
    /// the LFE is left out. Loud signals may pass full scale.
    #[serde(rename = "5.1_to_stereo")]
    SurroundToStereo,
}

/// −3 dB.
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// (input, output, factor) in the order of summation.
const SURROUND_TO_STEREO: [(usize, usize, f32); 6] =
    [(0, 0, 1.0), (1, 1, 1.0), (2, 0, HALF_POWER), (2, 1, HALF_POWER), (4, 0, HALF_POWER), (5, 1, HALF_POWER)];

impl Preset {
    /// How many channels it takes; any number if `None`.
    pub(super) fn inputs(self) -> Option<usize> {
        match self {
            Self::MonoMix => None,
            Self::StereoToMono => Some(2),
            Self::MonoToStereo => Some(1),
            Self::SurroundToStereo => Some(6),
        }
    }

    /// How many channels it gives.
    pub(super) fn outputs(self) -> usize {
        match self {
            Self::MonoMix | Self::StereoToMono => 1,
            Self::MonoToStereo | Self::SurroundToStereo => 2,
        }
    }

    /// Passes every (input, output, factor) for `inputs` channels to `each`, in the order of summation.
    pub(super) fn each(self, inputs: usize, mut each: impl FnMut(usize, usize, f32)) {
        match self {
            Self::MonoMix | Self::StereoToMono => {
                let share = (1.0 / inputs.max(1) as f64) as f32;
                (0..inputs).for_each(|from| each(from, 0, share));
            }
            Self::MonoToStereo => (0..2).for_each(|to| each(0, to, 1.0)),
            Self::SurroundToStereo => {
                SURROUND_TO_STEREO.into_iter().for_each(|(from, to, factor)| each(from, to, factor))
            }
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MonoMix => "mono_mix",
            Self::StereoToMono => "stereo_to_mono",
            Self::MonoToStereo => "mono_to_stereo",
            Self::SurroundToStereo => "5.1_to_stereo",
        })
    }
}
