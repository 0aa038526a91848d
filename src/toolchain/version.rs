//! Version: what a compiler's version says of what it can do.

use crate::command::Family;

/// Whether `__DATE__` and `__TIME__` are what `SOURCE_DATE_EPOCH` says: in GCC since 7, in Clang since 16 (their release notes).
///
/// `version` is the first line of `--version`; of one that cannot be read it is not believed.
pub(super) fn honours_source_date_epoch(family: Family, version: &str) -> bool {
    let since = match family {
        Family::Gcc => 7,
        // Apple counts its own versions.
        Family::Clang if version.contains("Apple") => return false,
        Family::Clang => 16,
    };
    major(family, version).is_some_and(|major| major >= since)
}

/// The first number of a version such as `gcc (Debian 12.2.0-14) 12.2.0` or `Debian clang version 14.0.6`.
fn major(family: Family, version: &str) -> Option<u32> {
    let number = match family {
        Family::Gcc => version.split_once(") ")?.1,
        Family::Clang => version.split_once("version ")?.1,
    };
    number.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_honours_the_variable() {
        let honours = honours_source_date_epoch;
        assert!(honours(Family::Gcc, "gcc (Debian 12.2.0-14+deb12u1) 12.2.0"));
        assert!(honours(Family::Gcc, "g++ (GCC) 13.2.1 20230801 (Red Hat 13.2.1-1)"));
        assert!(!honours(Family::Gcc, "gcc (GCC) 4.8.5"));
        assert!(!honours(Family::Gcc, "gcc of somebody's own"));
        assert!(!honours(Family::Clang, "Debian clang version 14.0.6"));
        assert!(honours(Family::Clang, "Ubuntu clang version 18.1.3 (1ubuntu1)"));
        assert!(!honours(Family::Clang, "Apple clang version 17.0.0 (clang-1700.0.13.3)"));
    }
}
