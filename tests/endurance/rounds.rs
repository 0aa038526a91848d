//! How often something is tried, and by which dice.

/// `SPEC_CC_TEST_<name>`, else `few`.
pub(crate) fn rounds(name: &str, few: usize) -> usize {
    number(&format!("SPEC_CC_TEST_{name}")).map_or(few, |many| many as usize)
}

/// Dice that fall alike for one `SPEC_CC_TEST_SEED`; without it as the property tests' do, else otherwise each time.
pub(crate) fn dice(what: &str) -> fastrand::Rng {
    let given = number("SPEC_CC_TEST_SEED").or_else(|| number("PROPTEST_RNG_SEED"));
    let seed = given.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("{what}: SPEC_CC_TEST_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}
