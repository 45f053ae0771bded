//! What a browser says of itself, as coarse as people need to tell their own sign-ins apart: two families, nothing more.

/// Which family of browsers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Browser {
    /// Google's and what is built on it without a name of its own.
    Chrome,
    /// Microsoft's.
    Edge,
    /// Mozilla's.
    Firefox,
    /// Opera's.
    Opera,
    /// Apple's.
    Safari,
    /// Whatever else, and programs.
    #[default]
    Other,
}

/// Which family of systems it runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// Android.
    Android,
    /// iPhones and iPads.
    Ios,
    /// Linux.
    Linux,
    /// macOS.
    Mac,
    /// Windows.
    Windows,
    /// Whatever else.
    #[default]
    Other,
}

impl Browser {
    const ALL: [Self; 6] = [Self::Chrome, Self::Edge, Self::Firefox, Self::Opera, Self::Safari, Self::Other];

    /// From a `User-Agent` header. Names that others carry too come last: nearly all call themselves Safari.
    pub fn of(agent: &str) -> Self {
        const MARKS: [(&str, Browser); 13] = [
            ("Edg/", Browser::Edge),
            ("EdgA/", Browser::Edge),
            ("EdgiOS/", Browser::Edge),
            ("OPR/", Browser::Opera),
            ("OPT/", Browser::Opera),
            ("Opera/", Browser::Opera),
            ("Firefox/", Browser::Firefox),
            ("FxiOS/", Browser::Firefox),
            ("Chrome/", Browser::Chrome),
            ("Chromium/", Browser::Chrome),
            ("CriOS/", Browser::Chrome),
            ("Version/", Browser::Safari),
            ("Safari/", Browser::Safari),
        ];
        MARKS.into_iter().find(|(mark, _)| agent.contains(mark)).map_or(Self::Other, |(_, browser)| browser)
    }

    /// As stored and as sent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chrome => "chrome",
            Self::Edge => "edge",
            Self::Firefox => "firefox",
            Self::Opera => "opera",
            Self::Safari => "safari",
            Self::Other => "other",
        }
    }

    /// From the stored word; one of a newer program is some other.
    pub fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|one| one.code() == code).unwrap_or_default()
    }
}

impl Platform {
    const ALL: [Self; 6] = [Self::Android, Self::Ios, Self::Linux, Self::Mac, Self::Windows, Self::Other];

    /// From a `User-Agent` header. Android says that it is Linux, and iPhones that they are like macOS.
    pub fn of(agent: &str) -> Self {
        const MARKS: [(&str, Platform); 8] = [
            ("Android", Platform::Android),
            ("iPhone", Platform::Ios),
            ("iPad", Platform::Ios),
            ("Windows", Platform::Windows),
            ("Macintosh", Platform::Mac),
            ("Mac OS X", Platform::Mac),
            ("Linux", Platform::Linux),
            ("X11", Platform::Linux),
        ];
        MARKS.into_iter().find(|(mark, _)| agent.contains(mark)).map_or(Self::Other, |(_, platform)| platform)
    }

    /// As stored and as sent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Linux => "linux",
            Self::Mac => "mac",
            Self::Windows => "windows",
            Self::Other => "other",
        }
    }

    /// From the stored word; one of a newer program is some other.
    pub fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|one| one.code() == code).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_apart_by_what_browsers_really_send() {
        for (agent, browser, platform) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                Browser::Firefox,
                Platform::Linux,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                Browser::Chrome,
                Platform::Windows,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                Browser::Edge,
                Platform::Windows,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                Browser::Safari,
                Platform::Ios,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                Browser::Safari,
                Platform::Mac,
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36 OPR/90.0.0.0",
                Browser::Opera,
                Platform::Android,
            ),
            ("curl/8.5.0", Browser::Other, Platform::Other),
            ("", Browser::Other, Platform::Other),
        ] {
            assert_eq!((Browser::of(agent), Platform::of(agent)), (browser, platform), "{agent}");
        }
    }

    #[test]
    fn what_is_stored_is_read_again() {
        assert!(Browser::ALL.into_iter().all(|one| Browser::from_code(one.code()) == one));
        assert!(Platform::ALL.into_iter().all(|one| Platform::from_code(one.code()) == one));
        assert_eq!(Browser::from_code("netscape"), Browser::Other);
    }
}
