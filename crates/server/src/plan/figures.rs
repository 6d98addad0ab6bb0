//! Figures of the command line: durations, shares, and a share within a time.

/// A duration in seconds: `240`, `20s`, `30m`, `1h`, `14d`.
pub fn seconds(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3_600.0),
        Some((at, 'd')) => (&text[..at], 86_400.0),
        _ => (text, 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && (0.0..=1e7).contains(&(number * unit)) => {
            Ok(number * unit)
        }
        _ => Err("a duration is like 240, 20s, 30m, 1h or 14d".into()),
    }
}

/// A duration of more than nothing.
pub fn some_seconds(text: &str) -> Result<f64, String> {
    let seconds = seconds(text)?;
    if seconds > 0.0 {
        Ok(seconds)
    } else {
        Err("it must be more than 0".into())
    }
}

/// Whole minutes.
pub fn minutes(text: &str) -> Result<u32, String> {
    let minutes = some_seconds(text)? / 60.0;
    if minutes.fract() == 0.0 {
        Ok(minutes as u32)
    } else {
        Err("it must be whole minutes".into())
    }
}

/// Whole days, a year at most.
pub fn days(text: &str) -> Result<u32, String> {
    let days = some_seconds(text)? / 86_400.0;
    if days.fract() == 0.0 && days <= 366.0 {
        Ok(days as u32)
    } else {
        Err("it must be 1d to 366d".into())
    }
}

/// A share: `0.05` or `5%`.
pub fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&(number / unit)) => Ok(number / unit),
        _ => Err("a share is like 0.05 or 5%".into()),
    }
}

/// So large a share within so many seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServiceLevel {
    pub share: f64,
    pub within: f64,
}

/// A service level: `0.8/20s`.
pub fn service_level(text: &str) -> Result<ServiceLevel, String> {
    let found = text
        .split_once('/')
        .and_then(|(part, within)| Some((share(part).ok()?, seconds(within).ok()?)));
    match found {
        Some((share, within)) => Ok(ServiceLevel { share, within }),
        None => Err("a service level is like 0.8/20s".into()),
    }
}

/// A number of calls.
pub fn calls(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if (0.0..=1e9).contains(&number) => Ok(number),
        _ => Err("calls are 0 to 1,000,000,000".into()),
    }
}
