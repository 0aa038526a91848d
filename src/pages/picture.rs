//! The timeline alone, as a picture that a page or a README can show.

use crate::companion::control::past::Told;
use crate::session::report::Report;
use maud::{Markup, PreEscaped, html};

use super::PALETTE;
use super::timeline::{LEGEND, class, timeline};
use super::words::{count, percent, seconds};

/// Width of the picture, and what is left free around the timeline, pixels.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 20.0;
/// Height of a line of text.
const LINE: f64 = 20.0;
/// Width of one entry of the legend.
const ENTRY: f64 = 300.0;

/// The timeline of a session as an SVG that needs nothing else: a title, the bars, and what their colours mean.
pub fn picture(told: &Told) -> Markup {
    let Report { session, events, .. } = &told.report;
    let accounts = &session.accounts;
    let (bars, height) = timeline(events, session.lasted_s);
    let below = MARGIN + 2.0 * LINE + height + LINE;
    let legend: Vec<_> =
        LEGEND.iter().filter(|(name, _)| events.iter().any(|event| class(event) == *name)).collect();
    let in_a_row = ((WIDTH - 2.0 * MARGIN) / ENTRY).floor() as usize;
    let whole = below + legend.len().div_ceil(in_a_row) as f64 * LINE + MARGIN;
    let title = format!("{}, session {}", session.element, session.id);
    let said = format!(
        "{}, {}, {} of them served by launches, hit rate {}",
        seconds(session.lasted_s),
        count(accounts.served.total(), "command"),
        accounts.served.joined + accounts.served.prefetched,
        percent(accounts.served.hit_rate()),
    );
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(WIDTH) height=(whole) viewBox={ "0 0 " (WIDTH) " " (whole) } {
            title { (title) ": " (said) }
            style { (PreEscaped(PALETTE)) "svg { font: 12px system-ui, sans-serif; } rect.paper { fill: var(--paper); }" }
            rect class="paper" width="100%" height="100%" {}
            text class="name title" x=(MARGIN) y=(MARGIN + 12.0) { (title) }
            text x=(MARGIN) y=(MARGIN + 12.0 + LINE) { (said) }
            svg x=(MARGIN) y=(MARGIN + 2.0 * LINE) width=(WIDTH - 2.0 * MARGIN) height=(height) { (bars) }
            @for (number, (name, meaning)) in legend.iter().enumerate() {
                @let x = MARGIN + (number % in_a_row) as f64 * ENTRY;
                @let y = below + (number / in_a_row) as f64 * LINE;
                rect class=(name) x=(x) y=(y) width="11" height="11" rx="2" {}
                text x=(x + 18.0) y=(y + 10.0) { (meaning) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::picture;
    use crate::pages::page::tests::told;

    /// Where the picture is shown nothing else is loaded, and text that is not well-formed shows nothing at all.
    #[test]
    fn it_is_one_whole_file() {
        let picture = picture(&told()).into_string();
        let (head, styled) = picture.split_once("<style>").unwrap();
        let (_, body) = styled.split_once("</style>").unwrap();
        insta::assert_snapshot!(format!("{head}{body}").replace('<', "\n<"));
        for outside in ["<script", "https:", "url(", "@import", "href"] {
            assert!(!picture.contains(outside), "{outside}");
        }
    }
}
