# Tests beyond "make test": under sanitizers, by fuzzing, on real servers, benchmarks, lint.  The Makefile includes this.

.PHONY: test-arm64 sanitize fuzz fuzzers e2e bench bench-rotate lint
# Sets of real servers, and so program tests that run concurrently against them.
STAGES ?= 4
FUZZ_SECONDS ?= 30

test-arm64: packages  ## build for arm64 with a cross compiler, and run unit tests and program tests in qemu
	@while read -r name reason; do \
		[ "$$name" = '#' ] || [ -e tests/unit/$$name.c ] || [ -e tests/integration/$$name.t ] || \
			{ echo "tests/emulated/skipped: $$name: no such test" >&2; exit 1; }; done <tests/emulated/skipped
	@sed -n 's/^\([^ #][^ ]*\) *\(.*\)/\1 .. skipped: \2/p' tests/emulated/skipped
	@$(MAKE) --no-print-directory CC=aarch64-linux-gnu-gcc DEPS=$(DEPS) check

ifneq ($(CROSS),)
$(EMULATED)/flags:
	@mkdir -p $(@D); ln -sf ../flags $@
$(EMULATED)/%: tests/emulated/emulate.c $(OUT)/%
	@echo "  LINK  $@"; mkdir -p $(@D)
	$(QUIET)gcc $(WARNINGS) -D_GNU_SOURCE -O1 -static -DEMULATOR='"$(EMULATOR)"' -DPROGRAM='"$(abspath $(OUT)/$*)"' $< -o $@
# The probe is for this machine: it shows how the kernel starts an application.
$(EMULATED)/tests/probe: tests/probe/probe.c
	@echo "  LINK  $@"; mkdir -p $(@D)
	$(QUIET)gcc $(COMMON) -O1 -static $< -MF /dev/null -o $@
endif

sanitize:  ## the unit and program tests again, under ASan and UBSan
	@$(MAKE) --no-print-directory BUILD=sanitize DEPS=$(DEPS) check

ifeq ($(BUILD),fuzz)
# The third-party libraries are the ones that gcc compiled.  clang has some warnings that gcc does not have.
CC := clang
MODE_CFLAGS := -Wno-conversion -Wno-unknown-attributes -Wno-string-plus-int -O1 -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
MODE_LDFLAGS := -fsanitize=fuzzer,address,undefined
endif
fuzz: $(LIBRARY_STAMPS)  ## fuzz the targets of tests/fuzz (or T=NAME) for FUZZ_SECONDS each, without and with failing allocations
	@$(MAKE) --no-print-directory BUILD=fuzz DEPS=$(DEPS) fuzzers
	@prove --verbose tests/fuzz/run :: build/fuzz $(FUZZ_SECONDS) $(T)

FUZZ_SHARED := tests/fuzz/fuzz.c tests/fuzz/normal_json.c
FUZZERS := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(filter-out $(FUZZ_SHARED) tests/fuzz/allocations.c,$(wildcard tests/fuzz/*.c)))
# Each fuzz target is linked twice: in NAME-failing, allocations fail.
WRAPPED := $(foreach name,malloc calloc realloc reallocarray strdup strndup vasprintf asprintf,-Wl,--wrap=$(name))
$(FUZZERS): $(OUT)/fuzz/%: $(call object,tests/fuzz/%.c $(FUZZ_SHARED)) $(LIBRARY) | $(call object,tests/fuzz/allocations.c)
	$(call link,$(LIBRARY) $(THIRD_PARTY_LIBS))
	$(QUIET)$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(call object,tests/fuzz/allocations.c) $(LIBRARY) \
		$(patsubst -lyaml,-l:libyaml.a,$(THIRD_PARTY_LIBS)) $(ALL_LDFLAGS) $(WRAPPED) -MF /dev/null -o $@-failing
fuzzers: $(FUZZERS)

e2e: $(BINARIES) $(PROBE) $(READER)  ## the conformance cases and the whole path on real Vault, kube-apiserver and etcd
	@BIN="$(CURDIR)/$(OUT)/bin" STAGES=$(STAGES) tests/e2e/run

# The yardstick of the start time: linked as the programs are, without code of lib/.
FLOOR := $(OUT)/bench/floor
$(FLOOR): $(call object,tests/bench/floor.c)
	$(call link,$(filter-out $(WRAPPED_ARES),$(THIRD_PARTY_LIBS)) -Wl$(comma)--no-warnings)

bench: $(FLOOR) bench-rotate  ## measure secret-exec's start against a floor program on the real servers, and secret-rotate
	@BIN="$(CURDIR)/$(OUT)/bin" FLOOR="$(CURDIR)/$(FLOOR)" tests/bench/run
bench-rotate: $(BINARIES)  ## only secret-rotate: its rate beside curl's, its memory on secret-dev
	@BIN="$(CURDIR)/$(OUT)/bin" tests/bench/rotate

lint: $(BINARIES)  ## formatting, static analysis, structure, wording, shell scripts
	@tests/lint $(OUT)/objects $(THIRD_PARTY_CFLAGS)
