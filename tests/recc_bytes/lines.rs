//! The command lines to compare.

use spec_cc::action::remote::Layout;

use super::options::{C_SOURCES, CPP_SOURCES, LINKS, OPTIONS, PACKAGES};

/// One command line with everything it depends on.
#[derive(Debug)]
pub(crate) struct Line {
    /// For the table.
    pub(crate) class: &'static str,
    pub(crate) words: Vec<String>,
    pub(crate) directory: String,
    pub(crate) environment: Vec<(String, String)>,
    /// recc's variables without `RECC_`.
    pub(crate) settings: Vec<(String, String)>,
    /// The same, as the library wants them.
    pub(crate) layout: Layout,
    pub(crate) link: bool,
}

impl Line {
    /// The words with the compiler as recc finds it.
    pub(crate) fn resolved(&self) -> Vec<String> {
        let mut words = self.words.clone();
        if !words[0].contains('/') {
            words[0] = format!("/usr/bin/{}", words[0]);
        }
        words
    }

    /// An absolute path as it is, any other behind the working directory, as text.
    pub(crate) fn joined(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.directory) }
    }

    /// For people, and to tell it from others.
    pub(crate) fn text(&self, root: &str) -> String {
        let settings = self.settings.iter().map(|(name, value)| format!("{name}={value} "));
        let text =
            format!("{}cd {} && {}", settings.collect::<String>(), self.directory, self.words.join(" "));
        text.replace(root, "{root}")
    }
}

/// Settings to put around a command: the class, recc's variables, other variables.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("defaults", "", ""),
    ("global paths", "DEPS_GLOBAL_PATHS=1", ""),
    ("no rewrite", "NO_PATH_REWRITE=1", ""),
    ("no rewrite, global", "NO_PATH_REWRITE=1 DEPS_GLOBAL_PATHS=1", ""),
    ("root above", "PROJECT_ROOT={root}/..", ""),
    ("root", "PROJECT_ROOT={root}", ""),
    ("root, relative", "PROJECT_ROOT=..", ""),
    ("root, relative", "PROJECT_ROOT=.", ""),
    ("root with detours", "PROJECT_ROOT={root}/../p", ""),
    ("root with links", "PROJECT_ROOT={root}/srcl", ""),
    ("root", "PROJECT_ROOT={root}/", ""),
    ("root, global", "PROJECT_ROOT={root} DEPS_GLOBAL_PATHS=1", ""),
    ("root above, global", "PROJECT_ROOT={base} DEPS_GLOBAL_PATHS=1", ""),
    ("root above", "PROJECT_ROOT={base}", ""),
    ("root below", "PROJECT_ROOT={root}/src", ""),
    ("root elsewhere", "PROJECT_ROOT=/usr", ""),
    ("root is /", "PROJECT_ROOT=/", ""),
    ("prefix map", "PREFIX_MAP={root}=/mapped", ""),
    ("prefix map", "PREFIX_MAP=/usr=/opt/x DEPS_GLOBAL_PATHS=1", "CPATH=/usr/none:/x LANG=/usr"),
    ("prefix map", "PREFIX_MAP={root}/inc=/usr/local:{root}=/q", ""),
    ("prefix map, no rewrite", "PREFIX_MAP={root}=/mapped NO_PATH_REWRITE=1 DEPS_GLOBAL_PATHS=1", ""),
    ("working dir prefix", "WORKING_DIR_PREFIX=pre/fix", ""),
    ("working dir prefix", "WORKING_DIR_PREFIX=/pre/fix DEPS_GLOBAL_PATHS=1", ""),
    ("working dir prefix", "WORKING_DIR_PREFIX=pre NO_PATH_REWRITE=1", ""),
    ("excludes", "DEPS_EXCLUDE_PATHS=inc,src/local.h", ""),
    ("excludes", "DEPS_EXCLUDE_PATHS=/usr/include DEPS_GLOBAL_PATHS=1", ""),
    ("platform", "REMOTE_PLATFORM_OSFamily=linux REMOTE_PLATFORM_ISA=x86-64", ""),
    ("platform", "REMOTE_PLATFORM_a=1 COMPILE_REMOTE_PLATFORM_a=2 COMPILE_REMOTE_PLATFORM_b=3", ""),
    ("action", "ACTION_SALT=salt ACTION_UNCACHEABLE=1", ""),
    ("action", "REAPI_VERSION=2.1", ""),
    ("environment", "REMOTE_ENV_PATH=/bin REMOTE_ENV_Z=1", "LC_ALL=C LC_TIME=C FOO=1"),
    ("environment", "ENV_TO_READ=FOO,UNSET", "FOO=1 BAR=2 LD_LIBRARY_PATH=/none SOURCE_DATE_EPOCH=1 LANG="),
    ("environment", "PRESERVE_ENV=1", "FOO=1 HOME=/x LIBRARY_PATH=/none OMP_NUM_THREADS=2"),
    ("environment", "", "C_INCLUDE_PATH=inc CPLUS_INCLUDE_PATH={root}/inc"),
    ("environment", "DEPS_GLOBAL_PATHS=1", "CPATH={root}/inc:/usr/none"),
    ("overrides", "OUTPUT_FILES_OVERRIDE=z.o,a.o", ""),
    ("overrides", "OUTPUT_FILES_OVERRIDE=z.o OUTPUT_DIRECTORIES_OVERRIDE=y,b", ""),
    ("overrides", "OUTPUT_FILES_OVERRIDE=/abs.o", ""),
    ("overrides", "DEPS_OVERRIDE={root}/src/a.c,{root}/src/../inc/a.h", ""),
    ("overrides", "DEPS_OVERRIDE={root}/src/a.c OUTPUT_FILES_OVERRIDE=a.o", ""),
];

/// Where the settings of BuildStream's own tests are, and those with a project root above the working directory.
const BUILDSTREAM: usize = 3;
const ROOT: usize = 5;

fn named(class: &str) -> usize {
    SETTINGS.iter().position(|(name, _, _)| *name == class).expect("a class of settings")
}

const DIRECTORIES: &[(&str, &str)] = &[("", ""), ("/build", "../"), ("/deep/er", "../../")];

/// Every option under recc's defaults; every setting with commands of every kind; and more of both, mixed.
pub(crate) fn lines(root: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let options: Vec<(&'static str, &str)> =
        OPTIONS.iter().flat_map(|(class, list)| list.iter().map(|options| (*class, *options))).collect();
    for (at, (class, options)) in options.iter().enumerate() {
        let compiler = ["gcc", "gcc", "cc", "gcc-12"][at % 4];
        let source = if at % 3 == 0 { "{root}/src/a.c" } else { "{up}src/a.c" };
        lines.push(line(root, class, compiler, &format!("-I{{up}}inc -c {source} {options}"), at % 2, 0));
        if at % 4 == 0 {
            let compiler = ["g++", "clang", "c++", "clang++"][at / 4 % 4];
            lines.push(line(
                root,
                class,
                compiler,
                &format!("{options} -I{{root}}/inc -c {source}"),
                at % 3,
                at % 6,
            ));
        }
    }
    for (setting, (class, _, _)) in SETTINGS.iter().enumerate() {
        for (directory, source) in ["{up}src/a.c", "{root}/src/a.c", "{root}/srcl/plain.c"].iter().enumerate()
        {
            let command = format!("-I{{up}}inc -I{{root}}/inc2 -c {source} -o {{root}}/build/x.o -MD");
            lines.push(line(root, class, "gcc", &command, directory, setting));
            let command = format!("-c {source} -I {{root}}/inc -O2 -MD -MF x.d");
            lines.push(line(root, class, ["clang", "gcc-12", "cc"][directory], &command, directory, setting));
        }
        lines.push(line(root, class, "g++", "-std=c++17 -c {root}/src/c.cc -o c.o", setting % 3, setting));
    }
    for (at, source) in C_SOURCES.iter().enumerate() {
        for setting in [0, 1 + at % (SETTINGS.len() - 1), ROOT] {
            lines.push(line(
                root,
                "sources",
                "gcc",
                &format!("-I{{up}}inc -c {source} -MD"),
                at % 3,
                setting,
            ));
        }
        lines.push(line(root, "sources", "clang", &format!("-I{{root}}/inc -c {source} -MD"), at % 3, 0));
    }
    for (at, source) in CPP_SOURCES.iter().enumerate() {
        for compiler in ["g++", "c++", "clang++"] {
            lines.push(line(root, "sources", compiler, &format!("-I{{up}}inc -c {source} -MMD"), at % 3, at));
        }
    }
    for (at, (class, options)) in options.iter().enumerate().filter(|(at, _)| at % 2 == 1) {
        let setting = at * 7 % SETTINGS.len();
        let source = C_SOURCES[at * 5 % 8];
        lines.push(line(
            root,
            class,
            "gcc",
            &format!("-I{{root}}/inc {options} -c {source}"),
            at % 3,
            setting,
        ));
    }
    for (at, (class, options)) in options.iter().enumerate() {
        let setting =
            [BUILDSTREAM, named("root, global"), named("prefix map, no rewrite"), named("no rewrite")]
                [at % 4];
        let source = C_SOURCES[at * 7 % 9];
        let compiler = ["gcc", "gcc", "clang"][at % 3];
        lines.push(line(
            root,
            class,
            compiler,
            &format!("-I{{up}}inc2 -c {source} {options}"),
            at / 2 % 3,
            setting,
        ));
    }
    for (at, command) in PACKAGES.iter().enumerate() {
        for setting in [0, BUILDSTREAM, ROOT, named("root, global")] {
            let mut line =
                line(root, "packages", ["cc", "gcc", "clang"][(at + setting) % 3], command, at % 2, setting);
            line.class = "packages";
            lines.push(line);
        }
    }
    for setting in [0, BUILDSTREAM, ROOT, named("root is /"), named("prefix map") + 1] {
        for compiler in ["/usr/bin/../bin/gcc", "/usr//bin/./gcc", "/bin/clang"] {
            lines.push(line(root, "compilers", compiler, "-c {up}src/plain.c", 1, setting));
        }
    }
    lines.extend(links(root));
    lines.extend(mixed(root));
    lines
}

/// Commands with up to three options of any class, under any settings; `RECC_BYTES_MIXED` says how many.
fn mixed(root: &str) -> Vec<Line> {
    let count = std::env::var("RECC_BYTES_MIXED").ok().and_then(|count| count.parse().ok()).unwrap_or(100);
    let all: Vec<&str> = OPTIONS
        .iter()
        .filter(|(class, _)| *class != "local")
        .flat_map(|(_, list)| list.iter().copied())
        .chain([""; 20])
        .collect();
    let mut dice = Dice(count as u64);
    let mut line = |_| {
        let compiler = dice.one(&["gcc", "gcc", "cc", "g++", "clang"]);
        let words = [dice.one(&all), dice.one(&all), dice.one(&all), dice.one(&C_SOURCES[..13])];
        let command = format!("-I{{up}}inc {} -c {} {} {}", words[0], words[3], words[1], words[2]);
        let mut line = line(root, "mixed", compiler, &command, dice.below(3), dice.below(SETTINGS.len()));
        line.class = "mixed";
        line
    };
    (0..count).map(|at: usize| line(at)).collect()
}

/// A generator of numbers that are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Every link under recc's defaults and under the settings of BuildStream's own tests, and a few others.
fn links(root: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, command) in LINKS.iter().enumerate() {
        for setting in [0, BUILDSTREAM, 1 + at * 5 % (SETTINGS.len() - 1)] {
            let compiler = ["gcc", "g++", "gcc", "clang", "clang++"][(at + setting) % 5];
            let mut line = line(root, "links", compiler, command, at % 2, setting);
            line.link = true;
            line.class = "links";
            line.settings.push(("LINK".to_owned(), "1".to_owned()));
            lines.push(line);
        }
    }
    lines
}

fn line(
    root: &str,
    class: &'static str,
    compiler: &str,
    command: &str,
    directory: usize,
    setting: usize,
) -> Line {
    let (below, up) = DIRECTORIES[directory % DIRECTORIES.len()];
    let (around, settings, environment) = SETTINGS[setting];
    let base = root.rsplit_once('/').map_or("/", |(base, _)| base);
    let fill = |text: &str| text.replace("{root}", root).replace("{up}", up).replace("{base}", base);
    let words = shell_words::split(&fill(command)).expect("shell words");
    let settings = variables(&fill(settings));
    let mut environment = variables(&fill(environment));
    environment.push(("PATH".to_owned(), "/usr/bin:/bin".to_owned()));
    // As every shell sets it.
    environment.push(("PWD".to_owned(), format!("{root}{below}")));
    Line {
        class: if setting == 0 { class } else { around },
        words: [compiler.to_owned()].into_iter().chain(words).collect(),
        directory: format!("{root}{below}"),
        environment,
        layout: layout(&settings),
        settings,
        link: false,
    }
}

fn variables(text: &str) -> Vec<(String, String)> {
    text.split_whitespace()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn layout(settings: &[(String, String)]) -> Layout {
    let mut layout = Layout::default();
    let list = |value: &str| value.split(',').map(str::to_owned).collect();
    for (name, value) in settings {
        let text = value.clone();
        match name.as_str() {
            "PROJECT_ROOT" => layout.project_root = Some(text),
            "NO_PATH_REWRITE" => layout.no_path_rewrite = true,
            "DEPS_GLOBAL_PATHS" => layout.deps_global_paths = true,
            "DEPS_OVERRIDE" => layout.deps_override = list(value),
            "DEPS_EXCLUDE_PATHS" => layout.deps_exclude_paths = list(value),
            "OUTPUT_FILES_OVERRIDE" => layout.output_files_override = list(value),
            "OUTPUT_DIRECTORIES_OVERRIDE" => layout.output_directories_override = list(value),
            "PREFIX_MAP" => {
                let pairs = value.split(':').filter_map(|pair| pair.split_once('='));
                layout.prefix_map = pairs.map(|(from, to)| (from.to_owned(), to.to_owned())).collect();
            }
            "WORKING_DIR_PREFIX" => layout.working_dir_prefix = Some(text),
            "PRESERVE_ENV" => layout.preserve_env = true,
            "ENV_TO_READ" => layout.env_to_read = list(value),
            "ACTION_SALT" => layout.salt = Some(text),
            "ACTION_UNCACHEABLE" => layout.uncacheable = true,
            "REAPI_VERSION" => layout.version = Some((2, 1)),
            name => prefixed(&mut layout, name, text),
        }
    }
    layout
}

fn prefixed(layout: &mut Layout, name: &str, value: String) {
    let lists = [
        ("REMOTE_PLATFORM_", &mut layout.platform),
        ("COMPILE_REMOTE_PLATFORM_", &mut layout.compile_platform),
        ("LINK_REMOTE_PLATFORM_", &mut layout.link_platform),
        ("REMOTE_ENV_", &mut layout.remote_env),
    ];
    for (prefix, list) in lists {
        if let Some(name) = name.strip_prefix(prefix) {
            list.push((name.to_owned(), value));
            return;
        }
    }
    panic!("no such setting: {name}");
}
