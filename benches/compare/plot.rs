//! Bars as SVG: groups by edit, a bar for each way, with a line from the least to the most.

const WIDTH: f64 = 900.0;
const BAR: f64 = 14.0;
const GAP: f64 = 18.0;
/// Where bars begin, right of the groups' names.
const LEFT: f64 = 190.0;
/// Room for the numbers behind the bars.
const RIGHT: f64 = 70.0;
const TOP: f64 = 70.0;
/// Told apart on light and dark paper, and by people who see fewer colours (Okabe and Ito).
const COLOURS: [&str; 7] = ["#888888", "#56b4e9", "#0072b2", "#cc79a7", "#e69f00", "#f0e442", "#009e73"];

/// A plot of `rows`: an edit's name, and for each of `ways` the least, the median and the most.
pub(crate) fn bars(title: &str, ways: &[&str], rows: &[(String, Vec<[f64; 3]>)]) -> String {
    let most = rows.iter().flat_map(|(_, all)| all).map(|each| each[2]).fold(0.1, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / most;
    let group = BAR * ways.len() as f64 + GAP;
    let height = TOP + group * rows.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<text x=\"10\" y=\"22\" font-size=\"16\">{}</text>\n",
        escaped(title)
    );
    for (place, way) in ways.iter().enumerate() {
        let x = 10.0 + 120.0 * place as f64;
        svg += &format!(
            "<rect x=\"{x}\" y=\"36\" width=\"12\" height=\"12\" fill=\"{}\"/><text x=\"{}\" y=\"46\">{}</text>\n",
            colour(place),
            x + 17.0,
            escaped(way)
        );
    }
    for (row, (name, all)) in rows.iter().enumerate() {
        let top = TOP + group * row as f64;
        let middle = top + (group - GAP) / 2.0 + 4.0;
        svg += &format!(
            "<text x=\"{}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 8.0,
            escaped(name)
        );
        for (place, [least, median, most]) in all.iter().enumerate() {
            let y = top + BAR * place as f64;
            let line = y + BAR / 2.0 - 1.0;
            svg += &format!(
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/>\
                 <path d=\"M{:.1} {line:.1}H{:.1}\" stroke=\"#000000\"/><text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\">{median:.1}</text>\n",
                median * scale,
                BAR - 2.0,
                colour(place),
                LEFT + least * scale,
                LEFT + most * scale,
                LEFT + most * scale + 5.0,
                y + BAR - 4.0,
            );
        }
    }
    svg + "</svg>\n"
}

fn colour(place: usize) -> &'static str {
    COLOURS[place % COLOURS.len()]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
