//! Unit cases of the directive scanner: one for each lexical trap.

use super::*;

fn of(text: &str) -> Scan {
    scan(text.as_bytes())
}

/// The includes as written in the source.
fn includes(text: &str) -> Vec<String> {
    of(text)
        .includes
        .iter()
        .map(|include| match include.form {
            Form::Quote => format!("\"{}\"", include.name),
            Form::Angle => format!("<{}>", include.name),
        })
        .collect()
}

fn same(one: &str, two: &str) {
    assert_eq!(of(one).fingerprint, of(two).fingerprint, "\n{one}\n--- and ---\n{two}");
}

fn differ(one: &str, two: &str) {
    assert_ne!(of(one).fingerprint, of(two).fingerprint, "\n{one}\n--- and ---\n{two}");
}

#[test]
fn text_does_not_count() {
    same("#include <a.h>\nint a;\n", "#include <a.h>\nint b(void) { return 1 / 2; }\n\n");
    same("int x = 'a';\n#define A 1\n", "char *x = \"#include <b.h>\";\n#define A 1\n");
}

#[test]
fn directives_count() {
    differ("#define A 1\n", "#define A 2\n");
    differ("#if A\n#include <x.h>\n#endif\n", "#if B\n#include <x.h>\n#endif\n");
    differ("#define A \"x y\"\n", "#define A \"x  y\"\n");
    differ("#include <a.h>\n#include <b.h>\n", "#include <b.h>\n#include <a.h>\n");
    differ("#pragma once\n", "\n");
    differ("  \t#undef A\n", "\n");
    differ("#define f(x) x\n", "#define f (x) x\n");
}

#[test]
fn a_fingerprint_never_joins_two_lines() {
    differ("#define A\n#define B\n", "#define A #define B\n");
}

#[test]
fn comments_hide_directives() {
    assert_eq!(includes("/* \n#include <a.h>\n*/\n#include <b.h>\n"), ["<b.h>"]);
    same("/*\n#include <a.h>\n*/int a;\n", "int a;");
    same("// \\\n#include <a.h>\n", "int a;");
    same("int a; /* x\n#define A 1\n*/", "int a;");
    differ("int a; /* x */\n#define A 1\n", "int a;");
}

#[test]
fn comments_end_and_begin_on_directive_lines() {
    same("/* x\n */ #include <a.h>\n", "#include <a.h>\n");
    same("#define A /* x */ 1 // one\n", "#define A /* another\n comment */ 1\n");
    differ("#define A /* x */ 1\n", "#define A /* x */ 2\n");
    differ("#define A 1 /* \n */ + 2\n", "#define A 1 /* \n */ + 3\n");
    assert_eq!(includes("/**/ # /**/ include /**/ <a.h> /**/\n"), ["<a.h>"]);
    assert_eq!(includes("int a; /*\n*/ #include <a.h>\n"), Vec::<String>::new());
}

#[test]
fn quotes_hide_comments() {
    differ("char *a = \"/*\";\n#define A 1\n/**/", "char *a = \"/*\";\n#define A 2\n/**/");
    differ("int a = '\"'; /*\n*/\n#define A 1\n", "int a = '\"'; /*\n*/\n#define A 2\n");
    differ("char *a = \"\\\"/*\";\n#define A 1\n", "char *a = \"\\\"/*\";\n#define A 2\n");
    same("char *a = \"\\\\\"; /*\n#define A 1\n*/", "char *a = \"\\\\\"; /*\n#define A 2\n*/");
}

#[test]
fn an_unfinished_quote_ends_with_its_line() {
    assert_eq!(includes("#if 0\ndon't /* do\n#include <a.h>\n#endif\n"), ["<a.h>"]);
    differ("#if 0\ndon't\n#endif\n#define A 1\n", "#if 0\ndon't\n#endif\n#define A 2\n");
    assert_eq!(includes("#error don't /* do\n#include <a.h>\n"), ["<a.h>"]);
}

#[test]
fn lines_are_joined_first() {
    assert_eq!(includes("#inc\\\nlude <a\\\n.h>\n"), ["<a.h>"]);
    assert_eq!(includes("#include \\  \n <a.h>\n"), ["<a.h>"]);
    assert_eq!(includes("#include \\\r\n <a.h>\r\n"), ["<a.h>"]);
    assert_eq!(includes("int a; \\\n#include <a.h>\n"), Vec::<String>::new());
    assert_eq!(includes("/\\\n* \n#include <a.h>\n*\\\n/\n"), Vec::<String>::new());
    same("#define A 1 \\\n 2\n", "#define A 1  2\n");
}

#[test]
fn digraphs_and_trigraphs_begin_directives() {
    assert_eq!(includes("%:include <a.h>\n??=include <b.h>\n"), ["<a.h>", "<b.h>"]);
    differ("// what??/\n#define A 1\n", "// what??/\n#define A 2\n");
    assert_eq!(includes("// what??/\n#include <a.h>\n"), ["<a.h>"]);
}

#[test]
fn raw_strings_are_seen_both_ways() {
    // Where they mean the same either way, the text does not count.
    same("auto a = R\"(b)\";\n#define A\n", "auto a = R\"x(c)x\";\n#define A\n");
    // Otherwise all of it does, and what they hold is a possible include.
    for raw in [
        "R\"(\n#include <a.h>\n)\"",
        "R\"x(\\)x\" /*\n#include <a.h>\n)x\" */",
        "u8R\"(\"/*)\"\n#include <a.h>\n//*/",
    ] {
        assert_eq!(includes(raw), ["<a.h>"], "{raw}");
        differ(raw, &format!("{raw} "));
    }
    differ("R\"(", "R\"( ");
    same("FOR\"(/*\";\n#define A\n", "FOR\"(b)\";\n#define A\n");
}

#[test]
fn digit_separators_are_seen_both_ways() {
    same("int a = 1'000;\n#define A\n", "int a = 1'000'000; // x\n#define A\n");
    differ("int a = 1'000; /*\n#define A 1\n*/", "int a = 1'000; /*\n#define A 2\n*/");
    same("int a = u8'x' + L'\"';\n#define A\n", "int a;\n#define A\n");
}

#[test]
fn strict_c90_has_no_line_comments() {
    differ("int a; //* x\n#define A 1\n/**/", "int a; //* x\n#define A 2\n/**/");
    assert_eq!(includes("int a; //* x\n#include <a.h>\n/**/"), ["<a.h>"]);
}

#[test]
fn odd_bytes_make_the_content_count() {
    for odd in ["int a\0;", "int a;\r#include <a.h>\n", "/* never closed"] {
        differ(odd, &format!("{odd} "));
    }
    assert_eq!(includes("int a;\r#include <a.h>\n"), ["<a.h>"]);
    same("\u{feff}#define A\n", "#define A\n");
}

#[test]
fn header_names_have_no_comments_but_skipped_groups_do() {
    let text = "#include <a//b.h>\n#include \"c/*d.h\"\n#include <e/*f.h>\n";
    assert!(includes(text).contains(&"<a//b.h>".to_owned()));
    differ(text, &format!("{text} "));
    assert_eq!(includes("#include \"a//b.h\"\n"), ["\"a//b.h\""]);
}

#[test]
fn names_each_kind_once_in_order() {
    let text = "#include_next <a.h>\n#import \"b.h\"\n#if __has_include(<c.h>) && !__has_include_next(\"d.h\")\n\
                #endif\n#include \"b.h\"\n#include \"b.h\"\n#if defined __has_include\n#elif __has_include ( \"c.h\" )\n#endif\n";
    let kinds: Vec<_> = of(text).includes.iter().map(|i| (i.kind, i.form, i.name.clone())).collect();
    let expected = [
        (Kind::IncludeNext, Form::Angle, "a.h"),
        (Kind::Import, Form::Quote, "b.h"),
        (Kind::HasInclude, Form::Angle, "c.h"),
        (Kind::HasIncludeNext, Form::Quote, "d.h"),
        (Kind::Include, Form::Quote, "b.h"),
        (Kind::HasInclude, Form::Quote, "c.h"),
    ];
    assert_eq!(kinds, expected.map(|(kind, form, name)| (kind, form, name.to_owned())));
    assert_eq!(of(text).hazards, Hazards::NONE);
}

#[test]
fn computed_includes_are_flagged() {
    assert!(of("#include A\n").computed_include);
    assert!(of("#include/**/ A(b.h)\n").computed_include);
    assert!(!of("#include <a.h>\n#define include_it <b.h>\n").computed_include);
}

#[test]
fn computed_probes_are_a_hazard() {
    for text in [
        "#if __has_include(A)\n#endif\n",
        "#if __has_include_next(A)\n#endif\n",
        "#if A(__has_include(<linux/a.h>))\n#endif\n",
        "#if A(__has_, include)(<a.h>)\n#endif\n",
        "#if A(<linux/a.h>)\n#endif\n",
        "#if is_defined(__has_include(A))\n#endif\n",
    ] {
        assert_eq!(of(text).hazards, Hazards::PROBE, "{text}");
    }
    for text in [
        "#ifndef __has_include\n#define __has_include(x) 0\n#endif\n",
        "#if defined(__has_include) && defined __has_include_next\n#endif\n",
        "#ifdef __has_include\n#if __has_include(<a.h>)\n#endif\n#endif\n",
        "#if __has_include(<linux/a.h>) && (A(1) || __has_include(<unix.h>))\n#endif\n",
        // Harmless before a condition names them.
        "#define A(x) __has_include(x)\n",
        "#define A(x) __has_include(<x>)\n",
        "#define A __has_include\n",
        "#define HAS_TYPE(x) struct __has_##x\n",
    ] {
        assert_eq!(of(text).hazards, Hazards::NONE, "{text}");
    }
}

#[test]
fn a_comment_sign_inside_a_probed_name_makes_the_content_count() {
    let text = "#if __has_include(<a//b.h>) || A\n#endif\n";
    differ(text, &text.replace('A', "B"));
    same("#if __has_include(<a.h>) // x\n#endif\n", "#if __has_include(<a.h>) /* y */\n#endif\n");
}

#[test]
fn a_block_comment_in_a_line_comment_is_no_trouble_where_it_ends_there() {
    same("// f(); /* x */ }\nint a;\n#if 1\n#endif\n", "#if 1\n#endif\nint b;\n");
    // C90 sees text, macros or a comment.
    for text in [
        "// /* x\n#if 1\n#endif\n",
        "// /*/ x\n#if 1\n#endif\n",
        "#define A 1 //* */ 2\n",
        "int a = 1 //* */ f(__TIME__)\n;\n",
    ] {
        differ(text, &format!("{text}int b;\n"));
    }
}

#[test]
fn hazards_of_the_clock() {
    for text in ["char *a = __DATE__;", "#define A __TIME__\n"] {
        assert_eq!(of(text).hazards, Hazards::TIME, "{text}");
    }
    assert_eq!(of("f(__TIMESTAMP__)").hazards, Hazards::TIMESTAMP);
    for text in ["/* __TIME__ */", "\"__TIME__\"", "// __DATE__", "x__TIME__ __TIME__x"] {
        assert_eq!(of(text).hazards, Hazards::NONE, "{text}");
    }
    assert_eq!(of("#if 0\ndon't\n#endif\n__TIME__").hazards, Hazards::TIME);
    for piece in [
        "a(__TI\\\nME__)",
        "C(__, TIME__)",
        "C(_,_DATE__)",
        "C(__TIME, STAMP__)",
        "C(__T,IME__)",
        "C(__TI, ME__)",
        "C(__DAT,E__)",
        "C(__TIMES, TAMP__)",
        "C(__T, I, ME__)",
        "C(A, B, E__)",
        "#define C(x) __##x##__\nC(DATE)",
    ] {
        assert!(of(piece).hazards.contains(Hazards::TIME), "{piece}");
    }
    for name in ["__FILE__ TIME", "__##x##__ TIMER", "__T x;", "__D x;", "__TIME_SIZE", "__DATES__"] {
        assert_eq!(of(name).hazards, Hazards::NONE, "{name}");
    }
}

#[test]
fn messages_quote_the_file_of_a_line_directive() {
    for text in ["#line 3 \"x.y\"", "# 3 \"x.y\" 1", "#line N", "# line 3 \"x.y\""] {
        assert!(of(text).hazards.contains(Hazards::LINE), "{text}");
    }
    assert_eq!(of("#line 3\n# 4 \n").hazards, Hazards::NONE);
}

#[test]
fn a_directive_of_the_assembler_may_be_cut_in_two() {
    for text in [r#"asm(".inc" "bin \"x\"")"#, r#"asm(".i" "nclude \"x\"")"#, r#"asm(".INCB" "in")"#] {
        assert!(of(text).hazards.contains(Hazards::INCBIN), "{text}");
    }
    for text in [
        r#"f(".c")"#,
        r#"f(".")"#,
        r#"f(".into")"#,
        "x.i = y",
        r#"f("/bin");     "#,
        r#"f("/usr/lib/B"  "x")"#,
    ] {
        assert_eq!(of(text).hazards, Hazards::NONE, "{text}");
    }
}

#[test]
fn hazards_of_the_assembler() {
    for text in [
        "asm(\".incbin \\\"a\\\"\");",
        "__asm__(\"\\t.INCBIN \" F);",
        "#define A(x) asm(\".include \\\"\" x \"\\\"\")\n",
        ".include \"a.s\"",
        ".incbin \"a\"",
        "R\"(.incbin \"a\")\"",
    ] {
        assert!(of(text).hazards.contains(Hazards::INCBIN), "{text}");
    }
    for text in
        ["a.include = 1; b.include(c);", "s = { .include = 1 };", "// incbin", "#include \"a.include\"\n"]
    {
        assert_eq!(of(text).hazards, Hazards::NONE, "{text}");
    }
}

#[test]
fn hazards_of_modules() {
    for text in [
        "import std;",
        "  export module a.b:c;",
        "module;",
        "import <a.h>;",
        "module a [[x]];",
        "import :part;",
    ] {
        assert_eq!(of(text).hazards, Hazards::MODULE, "{text}");
    }
    for text in ["module AP_X core_module = {", "import(x);", "exported;", "int module;", "/* import a; */"] {
        assert_eq!(of(text).hazards, Hazards::NONE, "{text}");
    }
}

#[test]
fn hazards_of_position_and_text() {
    assert_eq!(of("#if __LINE__ > 3\n#endif\n").hazards, Hazards::POSITION);
    assert_eq!(of("#include A(__COUNTER__)\n").hazards, Hazards::COUNTER);
    assert_eq!(of("#define A __LINE__\nint a = __COUNTER__;\n").hazards, Hazards::NONE);
    assert_eq!(of("#pragma push_macro(\"A\")\n#pragma pop_macro(\"A\")\n").hazards, Hazards::NONE);
    assert_eq!(of("#define A _Pragma(\"push_macro(\\\"B\\\")\")\n").hazards, Hazards::TEXT);
    assert_eq!(of("DO_PRAGMA(pop_macro(\"B\"))\n").hazards, Hazards::TEXT);
    assert_eq!(of("_Pragma(\"once\")\n").hazards, Hazards::TEXT);
    assert_eq!(of("int rl_push_macro_input(char *);\n").hazards, Hazards::NONE);
    assert_eq!(
        of("#define A _Pragma(\"GCC diagnostic ignored \\\"-Wunused-macros\\\"\")\n").hazards,
        Hazards::NONE
    );
    assert_eq!(of("#embed <a>\n").hazards, Hazards::EMBED);
}

#[test]
fn pragma_operators_in_the_text_count() {
    differ("_Pragma(\"push_macro(\\\"A\\\")\")\nint a;", "int a;");
    same("_Pragma (\"once\")\nint a;", "_Pragma (\"once\") int b;");
    assert!(of("_Pragma(\"once\")").once && of("# pragma once\n").once);
}

#[test]
fn macros_are_linked_to_conditions() {
    let scan = of("#define A __LINE__\n#define B(x) A \"C\" x\n#if B(1)\n#endif\n");
    let conditions = &scan.macros.conditions;
    let link = |from: u32, to: u32| scan.macros.links.contains(&(from, to));
    assert_eq!(scan.macros.positional.len(), 1);
    assert_eq!(conditions.len(), 1);
    assert!(link(scan.macros.positional[0].0, conditions[0]));
}

#[test]
fn assembler_comments_do_no_harm() {
    let text = "# don't /* stop\n#include <a.h>\n  mov $'\"', %al // \"\n#define A 1\n";
    assert_eq!(includes(text), ["<a.h>"]);
    differ(text, &text.replace('1', "2"));
}

proptest::proptest! {
    #[test]
    fn never_panics_and_is_a_function_of_the_content(
        text in proptest::collection::vec(
            proptest::sample::select(b"\n\n##\"\"''/*\\ (<a>)?=%:R_b.\r\0iP1".to_vec()), 0..80)
    ) {
        proptest::prop_assert_eq!(scan(&text), scan(&text));
    }
}

#[test]
fn pragmas_that_offload() {
    for text in [
        "#pragma omp target map(to: a)\n",
        "#pragma omp declare target\n",
        "#pragma acc parallel\n",
        "_Pragma(\"omp target\")\n",
        "#define DO(x) _Pragma(#x)\nvoid f(void) { DO(omp target) {} }\n",
        "#define DO(x) _Pragma(#x)\n#define GO DO(acc parallel)\n",
    ] {
        assert!(of(text).hazards.together().contains(Hazards::OFFLOAD), "{text}");
    }
    // As in glibc's sys/cdefs.h, which every source includes.
    let cdefs = "#define warn(x) _Pragma (#x)\n#include <omp.h>\n# pragma omp parallel for\nint omp_x, accept;\n\
                 #define FOR _Pragma( \"omp for\")\n";
    assert!(!of(cdefs).hazards.together().contains(Hazards::OFFLOAD));
    assert_eq!(of("#pragma omp parallel for\nint target;\n").hazards, Hazards::NONE);
}

#[test]
fn assembly_that_is_put_together() {
    for text in [
        r#"asm(".\x69ncbin \"x\"");"#,
        r#"asm(".\151ncbin");"#,
        r#"__asm__ volatile (".macro m\n.endm");"#,
        r#"void f(void) { asm(".irp x,bin\n"); }"#,
        r#"asm(".irpc x,b");"#,
        r#"asm(".rept 2" "\n.endr");"#,
        r#"asm(".altmacro");"#,
        r#"asm("a\\b");"#,
        r"#define S(x) asm(#x)",
        r#"#define S(x) __asm__ __volatile__ (#x ::: "memory")"#,
        r#"asm(A "b");"#,
        r#"asm("nop" A);"#,
        r"if (x) asm(A);",
        r"else asm(A);",
        "#define A asm\n",
        "#define A __asm__ volatile\n",
        "#define F(x) asm(x)\n",
        "#define F asm(X)\n",
        r#"f(); asm(".inc%0" :: "i"(1));"#,
        r#"f(); asm(".%c0" :: "i"(1));"#,
        r#"f(); asm(".inc{bin|x} y" :);"#,
        r#"asm(".in" "c" "bin");"#,
        r#"asm("." "i" "ncbin");"#,
        r"asm goto (X : : : : l);",
        "asm /* c */ volatile\n(\nA);",
        r#"asm("unfinished"#,
        r#"int f(void) asm("\x69");"#,
    ] {
        assert!(of(text).hazards.contains(Hazards::ASSEMBLY), "{text}");
    }
}

#[test]
fn plain_assembly() {
    for text in [
        r#"asm("nop");"#,
        r#"__asm__ __volatile__ ("mov %1, %0\n\t" "add $1, %0" : "=r"(x) : "r"(y) : "cc", A);"#,
        r#"asm(".globl f\n.L%=: .long 1\n.pushsection .init,\"ax\"\n.p2align 4");"#,
        r"# define __REDIRECT(name, proto, alias) name proto __asm__ (__ASMNAME (#alias))",
        r#"extern int f (int) __asm__ ("" "g") __attribute__ ((nothrow));"#,
        r#"register long r asm("rax") = f(A);"#,
        "#ifndef asm\n# define asm __asm__\n#endif\n#define __asm __asm__\n#undef asm\n",
        "// asm(A)\n/* asm(B) */ char *s = \"asm(C)\";",
        "int asm_(A); x.asm_f(B); __asm__x(C);",
        r#"asm volatile("" ::: "memory");"#,
    ] {
        assert!(!of(text).hazards.contains(Hazards::ASSEMBLY), "{text}");
    }
}

#[test]
fn a_file_that_is_read_wherever_it_is_asked_for_is_asked_for_without_harm() {
    let harmless = |text: &str| {
        let scan = of(text);
        let probes = scan.includes.iter().zip(&scan.harmless).filter(|(include, _)| include.kind.is_probe());
        probes.map(|(_, harmless)| *harmless).collect::<Vec<_>>()
    };
    for text in [
        "#ifdef __has_include\n# if __has_include (\"a.h\")\n#  include \"a.h\"\n# endif\n#endif\n",
        "#if __has_include(<a.h>) // is it?\n# ifndef B\n#  define B\n# endif\n#include <a.h>\n#else\n#define C\n#endif\n",
        "#if A\n#elif B && __has_include_next(<a.h>)\n#include_next <a.h>\n#endif\n",
        "#if __has_include(<a.h>)\n#include <a.h>\n#endif\n#if __has_include(<a.h>)\n#include <a.h>\n#endif\n",
    ] {
        assert_eq!(harmless(text), [true], "{text}");
    }
    for text in [
        "#if __has_include(<a.h>)\n#define A\n#endif\n#include <a.h>\n",
        "#if __has_include(<a.h>)\n#else\n#include <a.h>\n#endif\n",
        "#if __has_include(<a.h>)\n#elif B\n#include <a.h>\n#endif\n",
        "#if __has_include(<a.h>)\n#ifdef B\n#include <a.h>\n#endif\n#endif\n",
        "#if __has_include(<a.h>)\n#include \"a.h\"\n#endif\n",
        "#if __has_include(<a.h>)\n#include_next <a.h>\n#endif\n",
        "#if !__has_include(<a.h>)\n#include <a.h>\n#endif\n",
        "#if __has_include(<a.h>)\n#include <a.h>\n#endif\n#if B\n#elif __has_include(<a.h>)\n#define C\n#endif\n",
        "#if __has_include(<a.h>)\n#include <a.h>\n#endif\n#define HAS __has_include(<a.h>)\n",
        "#if 0\n#if __has_include(<a.h>)\n#endif\n#include <a.h>\n#endif\n",
    ] {
        assert!(harmless(text).contains(&false), "{text}");
    }
}
