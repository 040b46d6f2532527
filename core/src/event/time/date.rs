//! The days of the calendar, and their count.
//!
//! Owns the lengths of months and the step from one day to another. Never leaves the years 0000 to
//! 9999. Specification: RFC 3339, section 5.7 and appendix C.

/// A day of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: u16,
    pub(super) month: u16,
    pub(super) day: u16,
}

impl Date {
    pub(super) fn days_in_month(self) -> u16 {
        match self.month {
            2 if self.is_leap_year() => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    fn is_leap_year(self) -> bool {
        let Self { year, .. } = self;
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    }

    /// The day after; `None` after 9999-12-31.
    pub(super) fn next(self) -> Option<Self> {
        let Self { year, month, day } = self;
        if day < self.days_in_month() {
            Some(Self { year, month, day: day.checked_add(1)? })
        } else if month < 12 {
            Some(Self { year, month: month.checked_add(1)?, day: 1 })
        } else {
            let year = year.checked_add(1).filter(|&year| year <= 9999)?;
            Some(Self { year, month: 1, day: 1 })
        }
    }

    /// The day before; `None` before 0000-01-01.
    pub(super) fn previous(self) -> Option<Self> {
        let Self { year, month, day } = self;
        if day > 1 {
            Some(Self { year, month, day: day.checked_sub(1)? })
        } else if month > 1 {
            let last = Self { year, month: month.checked_sub(1)?, day: 1 };
            Some(Self { day: last.days_in_month(), ..last })
        } else {
            Some(Self { year: year.checked_sub(1)?, month: 12, day: 31 })
        }
    }

    /// The day that many days after 1970-01-01; `None` past the year 9999.
    ///
    /// Years are counted from March, so that the leap day is the last of its year (Howard Hinnant,
    /// "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
    pub(super) fn from_unix_days(days: u64) -> Option<Self> {
        const DAYS_FROM_MARCH_0000: u64 = 719_468;
        const DAYS_IN_400_YEARS: u64 = 146_097;

        let days = days.checked_add(DAYS_FROM_MARCH_0000)?;
        let era = days.checked_div(DAYS_IN_400_YEARS)?;
        let day_of_era = days.checked_rem(DAYS_IN_400_YEARS)?;
        let leap_days = (day_of_era.checked_div(1460)?)
            .checked_add(day_of_era.checked_div(DAYS_IN_400_YEARS.checked_sub(1)?)?)?
            .checked_sub(day_of_era.checked_div(36_524)?)?;
        let year_of_era = day_of_era.checked_sub(leap_days)?.checked_div(365)?;
        let day_of_year = (day_of_era.checked_add(year_of_era.checked_div(100)?)?)
            .checked_sub(year_of_era.checked_mul(365)?)?
            .checked_sub(year_of_era.checked_div(4)?)?;
        let month_from_march = day_of_year.checked_mul(5)?.checked_add(2)?.checked_div(153)?;
        let days_before_month =
            month_from_march.checked_mul(153)?.checked_add(2)?.checked_div(5)?;
        let day = day_of_year.checked_sub(days_before_month)?.checked_add(1)?;
        let month = month_from_march.checked_add(2)?.checked_rem(12)?.checked_add(1)?;
        let year = era.checked_mul(400)?.checked_add(year_of_era)?;
        let year = year.checked_add(u64::from(month <= 2)).filter(|&year| year <= 9999)?;
        Some(Self {
            year: u16::try_from(year).ok()?,
            month: u16::try_from(month).ok()?,
            day: u16::try_from(day).ok()?,
        })
    }
}
