//! The options that touch no file: names only, for every `-f` and `-m` switch that was looked at and found harmless.
//!
//! `name` stands for `-fname` and `-fno-name`; `name=` takes a joined value; `name-` is a family such as
//! `-fno-builtin-printf`. What is missing here on purpose (because it reads, writes or runs something) has a row
//! of its own in `refused.rs`, or is unknown and so compiled locally.

/// GCC's `-f` switches: `gcc --help=common,optimizers,c,c++,undocumented` of GCC 12, less those with file effects.
pub(super) const GCC_FLAGS: &str = "\
    PIC PIE abi-compat-version= abi-version= access-control aggressive-loop-optimizations align-functions \
    align-functions= align-jumps align-jumps= align-labels align-labels= align-loops align-loops= \
    aligned-new aligned-new= all-virtual allocation-dce allow-leading-underscore \
    allow-parameterless-variadic-functions allow-store-data-races alt-external-templates analyzer \
    analyzer-call-summaries analyzer-checker= analyzer-feasibility analyzer-fine-grained \
    analyzer-show-duplicate-count analyzer-state-merge analyzer-state-purge analyzer-transitivity \
    analyzer-verbose-edges analyzer-verbose-state-changes analyzer-verbosity= argument-alias \
    argument-noalias argument-noalias-anything argument-noalias-global asan-shadow-offset= asm \
    associative-math asynchronous-unwind-tables auto-inc-dec bit-tests branch-count-reg \
    branch-target-load-optimize branch-target-load-optimize2 btr-bb-exclusive building-libgcc \
    building-libgfortran building-libphobos-tests builtin builtin- call-saved- call-used- caller-saves \
    canonical-system-headers cf-protection cf-protection= char8_t check-data-deps check-new \
    check-pointer-bounds checking checking= chkp- cilkplus code-hoisting combine-stack-adjustments common \
    compare-elim concepts concepts-diagnostics-depth= concepts-ts cond-mismatch conserve-space \
    conserve-stack constexpr-cache-depth= constexpr-depth= constexpr-fp-except constexpr-loop-limit= \
    constexpr-ops-limit= coroutines cprop-registers crossjumping cse-follow-jumps cse-skip-blocks \
    cx-fortran-rules cx-limited-range data-sections dce debug-cpp debug-prefix-map= debug-types-section \
    declone-ctor-dtor deduce-init-list default-inline defer-pop delayed-branch delete-dead-exceptions \
    delete-null-pointer-checks devirtualize devirtualize-at-ltrans devirtualize-speculatively \
    diagnostics-color diagnostics-color= diagnostics-column-origin= diagnostics-column-unit= \
    diagnostics-escape-format= diagnostics-generate-patch diagnostics-minimum-margin-width= \
    diagnostics-parseable-fixits diagnostics-path-format= diagnostics-plain-output diagnostics-show-caret \
    diagnostics-show-cwe diagnostics-show-labels diagnostics-show-line-numbers diagnostics-show-location= \
    diagnostics-show-option diagnostics-show-path-depths diagnostics-show-template-tree diagnostics-urls= \
    dollars-in-identifiers dse dwarf2-cfi-asm early-inlining elide-constructors elide-type \
    eliminate-dwarf2-dups eliminate-unused-debug-symbols eliminate-unused-debug-types \
    emit-class-debug-always emit-struct-debug-baseonly emit-struct-debug-detailed= emit-struct-debug-reduced \
    enforce-eh-specs enum-int-equiv exceptions excess-precision= exec-charset= expensive-optimizations \
    ext-numeric-literals extended-identifiers extern-tls-init external-templates fast-math fat-lto-objects \
    file-prefix-map= finite-loops finite-math-only fixed- float-store fold-simple-inlines for-scope \
    force-addr forward-propagate fp-contract= fp-int-builtin-inexact freestanding friend-injection \
    function-cse function-sections gcse gcse-after-reload gcse-las gcse-lm gcse-sm gimple gnat-encodings= \
    gnu-keywords gnu-tm gnu-unique gnu89-inline graphite graphite-identity guess-branch-probability \
    guiding-decls handle-exceptions harden-compares harden-conditional-branches hoist-adjacent-loads \
    honor-std hosted huge-objects ident if-conversion if-conversion2 implement-inlines implicit-constexpr \
    implicit-inline-templates implicit-templates indirect-inlining inhibit-size-directive inline \
    inline-atomics inline-functions inline-functions-called-once inline-limit- inline-limit= \
    inline-small-functions instrument-functions instrument-functions-exclude-file-list= \
    instrument-functions-exclude-function-list= ipa-bit-cp ipa-cp ipa-cp-alignment ipa-cp-clone ipa-icf \
    ipa-icf-functions ipa-icf-variables ipa-matrix-reorg ipa-modref ipa-profile ipa-pta ipa-pure-const \
    ipa-ra ipa-reference ipa-reference-addressable ipa-sra ipa-stack-alignment ipa-strict-aliasing \
    ipa-struct-reorg ipa-vrp ira-algorithm= ira-hoist-pressure ira-loop-pressure ira-region= \
    ira-share-save-slots ira-share-spill-slots isolate-erroneous-paths-attribute \
    isolate-erroneous-paths-dereference ivopts jump-tables keep-gc-roots-live keep-inline-functions \
    keep-static-consts keep-static-functions labels-ok large-source-files lax-vector-conversions \
    leading-underscore lifetime-dse lifetime-dse= limit-function-alignment live-patching live-patching= \
    live-range-shrinkage loop-block loop-flatten loop-interchange loop-nest-optimize loop-optimize \
    loop-parallelize-all loop-strip-mine loop-unroll-and-jam lra-remat lto-compression-level= \
    lto-odr-type-merging lto-partition= macro-prefix-map= math-errno max-errors= max-include-depth= \
    merge-all-constants merge-constants merge-debug-strings message-length= modulo-sched \
    modulo-sched-allow-regmoves move-loop-invariants move-loop-stores ms-extensions mudflap mudflapir \
    mudflapth name-mangling-version- new-abi new-inheriting-ctors new-ttp-matching non-call-exceptions \
    nonansi-builtins nonnull-objects nothrow-opt offload-abi= omit-frame-pointer openacc openacc-dim= openmp \
    openmp-simd operator-names optimize-register-move optimize-sibling-calls optimize-strlen optional-diags \
    pack-struct pack-struct= partial-inlining patchable-function-entry= pcc-struct-return peel-loops \
    peephole peephole2 permissive permitted-flt-eval-methods= pic pie plan9-extensions plt \
    predictive-commoning prefetch-loop-arrays pretty-templates printf-return-value profile profile-abs-path \
    profile-arcs profile-correction profile-dir= profile-exclude-files= profile-filter-files= \
    profile-generate profile-generate= profile-info-section profile-info-section= profile-partial-training \
    profile-prefix-map= profile-prefix-path= profile-reorder-functions profile-reproducible= profile-update= \
    profile-values random-seed random-seed= reciprocal-math record-gcc-switches ree reg-struct-return \
    regmove rename-registers reorder-blocks reorder-blocks-algorithm= reorder-blocks-and-partition \
    reorder-functions require-return-statement rerun-cse-after-loop rerun-loop-opt \
    reschedule-modulo-scheduled-loops rounding-math rtti sanitize-address-use-after-scope sanitize-coverage= \
    sanitize-recover sanitize-recover= sanitize-sections= sanitize-undefined-trap-on-error sanitize= \
    sched-critical-path-heuristic sched-dep-count-heuristic sched-group-heuristic sched-interblock \
    sched-last-insn-heuristic sched-pressure sched-rank-heuristic sched-spec sched-spec-insn-heuristic \
    sched-spec-load sched-spec-load-dangerous sched-stalled-insns sched-stalled-insns-dep \
    sched-stalled-insns-dep= sched-stalled-insns= sched2-use-superblocks sched2-use-traces schedule-fusion \
    schedule-insns schedule-insns2 section-anchors see sel-sched-pipelining sel-sched-pipelining-outer-loops \
    sel-sched-reschedule-pipelined selective-scheduling selective-scheduling2 semantic-interposition \
    short-enums short-wchar show-column shrink-wrap shrink-wrap-separate signaling-nans signed-bitfields \
    signed-char signed-zeros simd-cost-model= single-precision-constant sized-deallocation \
    split-ivs-in-unroller split-loops split-paths split-stack split-wide-types split-wide-types-early \
    squangle ssa-backprop ssa-phiopt sso-struct= stack-check stack-check= stack-clash-protection stack-limit \
    stack-limit-register= stack-limit-symbol= stack-protector stack-protector-all stack-protector-explicit \
    stack-protector-strong stack-reuse= stdarg-opt store-merging strength-reduce strict-aliasing \
    strict-enums strict-overflow strict-prototype strict-volatile-bitfields strong-eval-order \
    strong-eval-order= sync-libcalls tabstop= template-backtrace-limit= template-depth- template-depth= \
    this-is-variable thread-jumps threadsafe-statics tls-model= toplevel-reorder tracer \
    track-macro-expansion track-macro-expansion= trampolines trapping-math trapv tree-bit-ccp \
    tree-builtin-call-dce tree-ccp tree-ch tree-coalesce-inlined-vars tree-coalesce-vars tree-copy-prop \
    tree-copyrename tree-cselim tree-dce tree-dominator-opts tree-dse tree-forwprop tree-fre \
    tree-loop-distribute-patterns tree-loop-distribution tree-loop-if-convert tree-loop-if-convert-stores \
    tree-loop-im tree-loop-ivcanon tree-loop-linear tree-loop-optimize tree-loop-vectorize tree-lrs \
    tree-parallelize-loops= tree-partial-pre tree-phiprop tree-pre tree-pta tree-reassoc tree-salias \
    tree-scev-cprop tree-sink tree-slp-vectorize tree-slsr tree-sra tree-store-ccp tree-store-copy-prop \
    tree-switch-conversion tree-tail-merge tree-ter tree-vect-loop-version tree-vectorize \
    tree-vectorizer-verbose= tree-vrp trivial-auto-var-init= unconstrained-commons unit-at-a-time \
    unroll-all-loops unroll-completely-grow-size unroll-loops unsafe-loop-optimizations \
    unsafe-math-optimizations unsigned-bitfields unsigned-char unswitch-loops unwind-tables use-cxa-atexit \
    use-cxa-get-exception-ptr use-ld= use-linker-plugin var-tracking var-tracking-assignments \
    var-tracking-assignments-toggle var-tracking-uninit variable-expansion-in-unroller vect-cost-model \
    vect-cost-model= verbose-asm version-loops-for-strides visibility-inlines-hidden visibility-ms-compat \
    visibility= vpt vtable-gc vtable-thunks weak web whole-program wide-exec-charset= working-directory \
    wrapv wrapv-pointer xref zee zero-call-used-regs= zero-initialized-in-bss";

/// Clang's `-f` switches beyond GCC's: `clang --autocomplete=-f` of clang 14, less those with file effects.
pub(super) const CLANG_FLAGS: &str = "\
    aapcs-bitfield-load aapcs-bitfield-width addrsig aligned-allocation allow-editor-placeholders altivec \
    altivec-src-compat= ansi-escape-codes apple-kext apple-link-rtlib apple-pragma-pack \
    application-extension approx-func asm-blocks assume-sane-operator-new async-exceptions autolink \
    binutils-version= blocks borland-extensions bracket-depth= c++-abi= c++-static-destructors \
    caret-diagnostics cf-runtime-abi= clang-abi-compat= color-diagnostics comment-block-commands= \
    complete-member-pointers constant-cfstrings constant-string-class= constexpr-backtrace-limit= \
    constexpr-steps= convergent-functions coroutines-ts coverage-compilation-dir= coverage-mapping \
    coverage-prefix-map= crash-diagnostics cs-profile-generate cs-profile-generate= cxx-exceptions \
    debug-compilation-dir= debug-default-version= debug-info-for-profiling debug-macro \
    debug-ranges-base-address declspec delayed-template-parsing denormal-fp-math= diagnostics-absolute-paths \
    diagnostics-fixit-info diagnostics-hotness-threshold= diagnostics-print-source-range-info \
    diagnostics-show-category= diagnostics-show-hotness diagnostics-show-note-include-stack digraphs \
    direct-access-external-data discard-value-names double-square-bracket-attributes dwarf-directory-asm \
    dwarf-exceptions embed-bitcode embed-bitcode-marker embed-bitcode= emit-all-decls emulated-tls \
    enable-matrix error-limit= escaping-block-tail-calls experimental-isel \
    experimental-new-constant-interpreter experimental-new-pass-manager \
    experimental-relative-c++-abi-vtables experimental-strict-floating-point extend-arguments= \
    file-compilation-dir= fine-grained-bitfield-accesses force-dwarf-frame force-emit-vtables \
    force-enable-int128 fp-exception-behavior= fp-model= fuchsia-api-level= global-isel gnu-inline-asm \
    gnu-runtime gnuc-version= honor-infinities honor-nans ignore-exceptions inline-hint-functions \
    instrument-function-entry-bare instrument-functions-after-inlining integrated-cc1 \
    lax-vector-conversions= legacy-pass-manager limited-precision= lto-jobs= macro-backtrace-limit= \
    max-tokens= max-type-align= memory-profile memory-profile= minimize-whitespace ms-compatibility \
    ms-compatibility-version= ms-hotpatch ms-memptr-rep= ms-volatile msc-version= nested-functions \
    new-alignment= new-infallible next-runtime objc-abi-version= objc-arc objc-arc-exceptions \
    objc-convert-messages-to-runtime-calls objc-disable-direct-methods-for-testing \
    objc-encode-cxx-class-template-spec objc-exceptions objc-infer-related-result-type objc-legacy-dispatch \
    objc-link-runtime objc-nonfragile-abi objc-nonfragile-abi-version= objc-runtime= \
    objc-sender-dependent-dispatch objc-weak openmp-assume-teams-oversubscription \
    openmp-assume-threads-oversubscription openmp-cuda-blocks-per-sm= openmp-cuda-force-full-runtime \
    openmp-cuda-mode openmp-cuda-number-of-sm= openmp-cuda-teams-reduction-recs-num= openmp-enable-irbuilder \
    openmp-extensions openmp-implicit-rpath openmp-new-driver openmp-optimistic-collapse \
    openmp-relocatable-target openmp-target-debug openmp-target-debug= openmp-target-new-runtime \
    openmp-use-tls openmp-version= openmp= operator-arrow-depth= order-file-instrumentation \
    parse-all-comments pascal-strings preserve-as-comments profile-instr-generate profile-instr-generate= \
    profile-sample-accurate protect-parens pseudo-probe-for-profiling record-command-line \
    register-global-dtors-with-atexit relaxed-template-template-args reroll-loops \
    retain-comments-from-system-headers ropi rtlib-add-rpath rtti-data rwpi sanitize-address-destructor= \
    sanitize-address-field-padding= sanitize-address-globals-dead-stripping \
    sanitize-address-outline-instrumentation sanitize-address-poison-custom-array-cookie \
    sanitize-address-use-after-return sanitize-address-use-after-return= sanitize-address-use-odr-indicator \
    sanitize-address-vcasan-lib sanitize-cfi-canonical-jump-tables sanitize-cfi-cross-dso \
    sanitize-cfi-icall-generalize-pointers sanitize-hwaddress-abi= sanitize-hwaddress-experimental-aliasing \
    sanitize-link-c++-runtime sanitize-link-runtime sanitize-memory-param-retval \
    sanitize-memory-track-origins sanitize-memory-track-origins= sanitize-memory-use-after-dtor \
    sanitize-minimal-runtime sanitize-stats sanitize-thread-atomics sanitize-thread-func-entry-exit \
    sanitize-thread-memory-access sanitize-trap sanitize-trap= sanitize-undefined-strip-path-components= \
    seh-exceptions show-overloads= show-skipped-includes show-source-location signaling-math sjlj-exceptions \
    slp-vectorize spell-checking spell-checking-limit= split-dwarf-inlining split-lto-unit \
    split-machine-functions stack-size-section standalone-debug strict-float-cast-overflow strict-return \
    strict-vtable-pointers struct-path-tbaa swift-async-fp= symbol-partition= temp-file trap-function= \
    trapv-handler= trigraphs trivial-auto-var-init-stop-after= unique-basic-block-section-names \
    unique-internal-linkage-names unique-section-names use-cuid= use-init-array use-line-directives veclib= \
    vectorize virtual-function-elimination visibility-dllexport= visibility-externs-dllimport= \
    visibility-externs-nodllstorageclass= visibility-from-dllstorageclass \
    visibility-global-new-delete-hidden visibility-inlines-hidden-static-local-var \
    visibility-nodllstorageclass= wasm-exceptions whole-program-vtables writable-strings xl-pragma-pack \
    xray-always-emit-customevents xray-always-emit-typedevents xray-function-groups= xray-function-index \
    xray-ignore-loops xray-instrument \
    xray-link-deps xray-selected-function-group= zvector";

/// `-f` switches of GCC 13 to 15 and clang 15 to 20, from their release notes.
pub(super) const NEWER_FLAGS: &str = "\
    analyzer-debug-text-art analyzer-show-events-in-system-headers analyzer-suppress-followups \
    analyzer-symbol-too-complex analyzer-undo-inlining assume-sane-operators-new-delete \
    assume-unique-vtables assumptions atomic-fine-grained-memory atomic-ignore-denormal-mode \
    atomic-remote-memory avoid-store-forwarding basic-block-address-map caret-diagnostics-max-lines= \
    complex-arithmetic= contract-assumption-mode= contract-build-level= contract-continuation-mode= \
    contract-mode= contract-role= contract-semantic= contract-strict-declarations= contracts \
    coro-aligned-allocation coverage-mcdc cx-method= define-target-os-macros diagnostics-show-event-links \
    diagnostics-show-highlight-colors diagnostics-text-art-charset= experimental-late-parse-attributes \
    experimental-library experimental-max-bitint-width= experimental-omit-vtable-rtti ext-dce \
    extend-variable-liveness extend-variable-liveness= fold-mem-offsets hardcfr-check-exceptions \
    hardcfr-check-noreturn-calls= hardcfr-check-returning-calls hardcfr-skip-leaf \
    harden-control-flow-redundancy hardened incremental-extensions inline-stringops inline-stringops= \
    integrated-objemitter ipa-reorder-for-locality jmc keep-persistent-storage-variables \
    keep-system-includes knr-functions late-combine-instructions link-libatomic lto-toplevel-asm-heuristics \
    malloc-dce malloc-dce= mcdc mcdc-max-conditions= ms-define-stdc ms-omit-default-lib ms-tls-guards \
    multiflags offload-memory= openmp-force-usm openmp-target-jit pointer-tbaa ptrauth- raw-string-literals \
    safe-buffer-usage-suggestions sanitize-annotate-debug-info= \
    sanitize-cfi-icall-experimental-normalize-integers sanitize-kcfi-arity sanitize-merge sanitize-merge= \
    sanitize-skip-hot-cutoff= sanitize-stable-abi sanitize-type-outline-instrumentation \
    separate-named-sections skip-odr-check-in-gmf strict-flex-arrays strict-flex-arrays= strub= \
    trampoline-impl= unified-lto verify-intermediate-code wchar-type= zero-init-padding-bits= zos-extensions";

/// `-m` switches of all targets: GCC 12's for x86, clang 14's for the rest.
pub(super) const MACHINE: &str = "\
    128bit-long-double 16 32 3dnow 3dnowa 64 68000 68010 68020 68030 68040 68060 80387 8bit-idiv \
    96bit-long-double abi= abicalls abm abs= accumulate-outgoing-args address-mode= adx aes \
    aix-struct-return align-branch-boundary= align-branch= align-data= align-double align-functions= \
    align-jumps= align-loops= align-stringops altivec amdgpu-ieee amx-avx512 amx-bf16 amx-complex amx-fp16 \
    amx-fp8 amx-int8 amx-movrs amx-tf32 amx-tile amx-transpose android apx-inline-asm-use-gpr32 apxf asm= \
    atomics avx avx10.1 avx10.1-256 avx10.1-512 avx10.2 avx2 avx256-split-unaligned-load \
    avx256-split-unaligned-store avx5124fmaps avx5124vnniw avx512bf16 avx512bitalg avx512bw avx512cd \
    avx512dq avx512er avx512f avx512fp16 avx512ifma avx512pf avx512vbmi avx512vbmi2 avx512vl avx512vnni \
    avx512vp2intersect avx512vpopcntdq avxifma avxneconvert avxvnni avxvnniint16 avxvnniint8 backchain \
    bionic bmi bmi2 branch-cost= branch-likely branch-protection= branches-within-32B-boundaries \
    bti-at-return-twice bulk-memory call-ms2sysv-xlogues cet-switch check-zero-division cld cldemote \
    clflushopt clwb clzero cmodel= cmpb cmpccxadd cmse code-object-v3 code-object-version= compact-branches= \
    console constant-cfstrings crbits crc crc32 crypto cumode cx16 default default-build-attributes \
    direct-extern-access direct-move dispatch-scheduler dll double-float double= dsp dspr2 dynamic-no-pic \
    eabi efpu2 embedded-data enable-experimental-extensions enable-unsafe-fp-math enqcmd evex512 \
    exception-handling exec-model= execute-only extern-sdata f16c fancy-math-387 fentry fentry-name= \
    fentry-section= fix-cmse-cve-2021-35465 fix-cortex-a53-835769 fix4300 float-abi= float128 fma fma4 \
    force-drap force-indirect-call fp-ret-in-387 fp32 fp64 fpmath= fprnd fpu= fpxx fsgsbase function-return= \
    fused-madd fxsr gather general-regs-only gfni ginv glibc global-merge gpopt hard-float harden-sls= hle \
    hreset htm hvx hvx-ieee-fp hvx-length= hvx-qfloat hvx= hwdiv= hwmult= iamcu ibt-seal ieee-fp \
    ieee-rnd-near ignore-xcoff-visibility implicit-float implicit-it= incoming-stack-boundary= \
    incremental-linker-compatible indirect-branch-cs-prefix indirect-branch-register indirect-branch= \
    indirect-jump= inline-all-stringops inline-stringops-dynamically instrument-return= intel-syntax \
    invariant-function-descriptors invpcid ios-version-min= iphoneos-version-min= ips1 ips16 ips2 ips3 ips32 \
    ips32r2 ips32r3 ips32r5 ips32r6 ips4 ips5 ips64 ips64r2 ips64r3 ips64r5 ips64r6 isel kernel kl lam= \
    large-data-threshold= ldc1-sdc1 local-sdata long-calls long-double-128 long-double-64 long-double-80 \
    longcall lvi-cfi lvi-hardening lwp lzcnt macos-version-min= macosx-version-min= madd4 manual-endbr \
    mark-bti-property mcu= memcpy-strategy= memops memset-strategy= mfocrf micromips mips16 mitigate-rop mma \
    mmx movbe movdir64b movdiri move-max= movrs movt mpx ms-bitfields msa mt multivalue musl mutable-globals \
    mwait mwaitx nan= needed neg-immediates nocrc nontrapping-fptoint nop-mcount \
    noreturn-no-callee-saved-registers nvj nvs odd-spreg omit-leaf-frame-pointer oslib= outline \
    outline-atomics packed-stack packets pad-max-prefix-size= paired-vector-memops pc32 pc64 pc80 pclmul \
    pcommit pconfig pcrel pku popcnt popcntd power10-vector power8-vector power9-vector prefer-avx128 \
    prefer-vector-width= preferred-stack-boundary= prefetchi prefetchwt1 prefixed prfchw privileged ptwrite \
    push-args qdsp6-compat raoint rdpid rdrnd rdseed recip recip= record-mcount record-return red-zone \
    reference-types regparm= relax relax-all relax-cmpxchg-loop relax-pic-calls relaxed-simd restrict-it \
    retpoline retpoline-external-thunk rop-protect rtd rtm sahf save-restore scatter secure-plt serialize \
    seses sgx sha sha512 shstk sign-ext sign-return-address= sim simd128 single-float skip-rax-setup sm3 sm4 \
    small-data-limit= small-data-threshold= soft-float spe speculative-load-hardening sse sse2 sse2avx sse3 \
    sse4 sse4.1 sse4.2 sse4a sse5 sseregparm ssse3 stack-alignment= stack-arg-probe stack-probe-size= \
    stack-protector-guard-offset= stack-protector-guard-reg= stack-protector-guard-symbol= \
    stack-protector-guard= stackrealign store-max= strict-align stringop-strategy= stv sve-vector-bits= \
    svr4-struct-return tail-call targetos= tbm tgsplit threads thumb tls-dialect= tls-direct-seg-refs \
    tls-size= tp= tsxldtrk tune-ctrl= tvos-version-min= uclibc uintr unaligned-access unicode \
    unroll-only-small-loops unsafe-fp-atomics usermsr v5 v55 v60 v62 v65 v66 v67 v67t v68 v69 vaes \
    veclibabi= vect8-ret-in-mem virt vpclmulqdq vscale-max= vscale-min= vsx vx vzeroupper waitpkg \
    warn-nonportable-cfstrings watchos-version-min= wavefrontsize64 wbnoinvd widekl windows x32 x87 xgot xop \
    xsave xsavec xsaveopt xsaves";
