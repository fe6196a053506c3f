//! The loops over samples that the renderer itself needs.

/// Below this a sample is silence: far under a 24-bit converter's noise, far above where arithmetic turns slow.
const TINY: f32 = 1e-15;

/// Copies, replacing non-finite samples by 0 and flushing those below 1e-15. Returns how many were not finite.
pub(crate) fn copy_sanitised(dst: &mut [f32], src: &[f32]) -> u64 {
    let mut bad = 0u32;
    for (out, &sample) in dst.iter_mut().zip(src) {
        let finite = sample.is_finite();
        bad += u32::from(!finite);
        *out = if finite && sample.abs() >= TINY { sample } else { 0.0 };
    }
    u64::from(bad)
}

/// `dst = src * gain`
pub(crate) fn scaled(dst: &mut [f32], src: &[f32], gain: f32) {
    if gain == 1.0 {
        return dst.copy_from_slice(src);
    }
    for (out, sample) in dst.iter_mut().zip(src) {
        *out = sample * gain;
    }
}

/// `dst *= gain`
pub(crate) fn scale(dst: &mut [f32], gain: f32) {
    if gain != 1.0 {
        dst.iter_mut().for_each(|sample| *sample *= gain);
    }
}

/// `dst += src * gain`
pub(crate) fn accumulate(dst: &mut [f32], src: &[f32], gain: f32) {
    for (out, sample) in dst.iter_mut().zip(src) {
        *out += sample * gain;
    }
}

/// `dst = (((dst + a) + b) + c) + d`, each times its gain: four sources in one pass over `dst`.
pub(crate) fn accumulate4(dst: &mut [f32], sources: [&[f32]; 4], gains: [f32; 4]) {
    let [a, b, c, d] = sources;
    let rest = a.iter().zip(b).zip(c.iter().zip(d));
    for (out, ((a, b), (c, d))) in dst.iter_mut().zip(rest) {
        *out = (((*out + a * gains[0]) + b * gains[1]) + c * gains[2]) + d * gains[3];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_counted_and_silenced() {
        let mut out = [1.0; 5];
        assert_eq!(copy_sanitised(&mut out, &[0.5, f32::NAN, f32::INFINITY, 1e-20, -0.25]), 2);
        assert_eq!(out, [0.5, 0.0, 0.0, 0.0, -0.25]);
    }
}
