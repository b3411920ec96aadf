# secretmanager: secret-exec, secret-seal, secret-rotate and their stand-in server, secret-dev.
# "make help" lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
# Program tests that run at once, each against a secret-dev of its own: they wait more than they work.
TEST_JOBS ?= 4
# And against real servers: so many of each kind.
STAGES ?= 4
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
MACHINE := $(shell uname -m)
.DEFAULT_GOAL := all
# make V=1 shows the commands.
QUIET := $(if $(V),,@)

# -- flags ------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wformat=2 -Werror
CF_PROTECTION := $(if $(filter x86_64,$(MACHINE)),-fcf-protection,-mbranch-protection=standard)
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=3 $(CF_PROTECTION)
COMMON := -std=gnu17 -D_GNU_SOURCE -g $(WARNINGS) -I. -MMD -MP

# BUILD=release: what ships.  BUILD=sanitize: the same programs under ASan and UBSan; so "make sanitize".
BUILD ?= $(if $(filter sanitize,$(MAKECMDGOALS)),sanitize,release)
ALONE := $(filter sanitize clean,$(MAKECMDGOALS))
ifneq ($(and $(ALONE),$(filter-out $(firstword $(ALONE)),$(MAKECMDGOALS))),)
$(error run "make $(firstword $(ALONE))" apart from other targets)
endif
ifeq ($(BUILD),sanitize)
MODE_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
MODE_LDFLAGS := -fsanitize=address,undefined
# Else ASan sets a limit that the application inherits.
export ASAN_OPTIONS := disable_coredump=0
else
# Nothing unwinds a stack at run time: debuggers find its layout in .debug_frame.
UNWINDING := -fno-asynchronous-unwind-tables -fno-unwind-tables
MODE_CFLAGS := -O2 -fPIE -ffunction-sections -fdata-sections $(UNWINDING) $(HARDENING)
# Packed relocations take 140 KB off each program (glibc 2.36).
MODE_LDFLAGS := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,-z,pack-relative-relocs \
	-Wl,--gc-sections -Wl,--as-needed
endif
OUT := build/$(BUILD)

# Debian packages first: demo, test and their like install what is missing, the others only tell.
PACKAGE_GROUPS := build $(filter demo,$(MAKECMDGOALS)) $(if $(filter test unit integration sanitize e2e bench bench-rotate,$(MAKECMDGOALS)),test) \
	$(if $(filter e2e bench bench-rotate,$(MAKECMDGOALS)),e2e) $(if $(filter bench bench-rotate,$(MAKECMDGOALS)),bench) $(if $(filter lint,$(MAKECMDGOALS)),lint)
INSTALLING_GOALS := demo test sanitize e2e bench bench-rotate lint dependencies
DEPS ?= $(if $(filter $(INSTALLING_GOALS),$(MAKECMDGOALS)),install,check)

# Objects are made anew when the flags change: this file is, then.
FLAGS := $(OUT)/flags
.PHONY: packages dependencies
packages:
	@DEPS=$(DEPS) lib/third_party/get-packages $(PACKAGE_GROUPS)
dependencies: packages  ## install the Debian packages that building needs

include lib/third_party/deps.mk

ALL_CFLAGS = $(COMMON) $(MODE_CFLAGS) $(THIRD_PARTY_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(MODE_LDFLAGS) $(LDFLAGS)

# -- what there is to build ---------------------------------------------------------------------

PROGRAMS := $(notdir $(patsubst %/,%,$(dir $(wildcard cmd/*/main.c))))
SHIPPED := $(filter-out secret-dev,$(PROGRAMS))
LIB_SOURCES := $(wildcard lib/*/*.c)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(OUT)/tests/%)
UNIT_SHARED := $(filter-out $(UNIT_SOURCES),$(wildcard tests/unit/*.c))
BINARIES := $(PROGRAMS:%=$(OUT)/bin/%)
LIBRARY := $(OUT)/libsecretmanager.a
object = $(1:%.c=$(OUT)/objects/%.o)

.PHONY: all help demo test tested unit integration e2e bench bench-rotate lint sanitize install clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINARIES)  ## build the programs into build/release/bin

$(FLAGS): always
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@
.PHONY: always
always:

$(OUT)/objects/%.o: %.c $(FLAGS) | packages $(THIRD_PARTY_STAMPS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(QUIET)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(LIBRARY): $(call object,$(LIB_SOURCES))
	@echo "  AR    $@"
	$(QUIET)rm -f $@
	$(QUIET)ar rcs $@ $^

# The library stands behind the others once more, for lib/http/lookups.c.  ld warns of what in libc would
# load code even into a static program: there is none.
define program
$(OUT)/bin/$(1): $(call object,$(wildcard cmd/*.c cmd/$(1)/*.c)) $(LIBRARY)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$(QUIET)$(CC) $$(ALL_CFLAGS) $$(filter %.o,$$^) $(LIBRARY) $(if $(filter secret-dev,$(1)),$(MICROHTTPD_LIBS)) \
		$(THIRD_PARTY_LIBS) $(LIBRARY) $$(ALL_LDFLAGS) -MF /dev/null -o $$@
endef
$(foreach name,$(PROGRAMS),$(eval $(call program,$(name))))

# Check comes as a shared library in some releases, so the unit tests link dynamically.
.SECONDEXPANSION:
$(OUT)/tests/%: $(OUT)/objects/tests/unit/%.o $$(call object,$$(UNIT_SHARED)) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(LIBRARY) $(THIRD_PARTY_LIBS) $(filter-out -static-pie,$(ALL_LDFLAGS)) \
		-lcheck -lsubunit -lrt -lm -MF /dev/null -o $@

-include $(shell find $(OUT)/objects -name '*.d' 2>/dev/null)

# -- running and testing ------------------------------------------------------------------------

help:  ## list the targets
	@echo "secretmanager: targets"
	@sed -nE 's/^([a-z0-9-]+):.*  ## (.*)/  make \1\t\2/p' Makefile | expand -t 22
	@echo "Variables: PREFIX=$(PREFIX) DESTDIR= TEST_JOBS=$(TEST_JOBS) STAGES=$(STAGES) CC= CFLAGS= DEPS=check BORINGSSL_DIR= CURL_DIR= MICROHTTPD_DIR="

demo: $(BINARIES)  ## get the dependencies, build, then seal, launch and rotate against secret-dev
	@PATH="$(CURDIR)/$(OUT)/bin:$$PATH" tests/demo

# What a launched program finds of its surroundings; static, so that it runs in an empty image too.
PROBE := $(OUT)/tests/probe
$(PROBE): tests/probe/probe.c $(FLAGS)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(QUIET)$(CC) $(COMMON) -O1 -static $< -MF /dev/null -o $@

test: unit integration  ## get the dependencies, build, run the unit tests and the program tests

# What these need, which can be made with -j.
tested: $(BINARIES) $(UNIT_TESTS) $(PROBE)

# Each one's words in one piece.
unit: $(UNIT_TESTS)  ## the unit tests alone
	@printf '%s\n' $(UNIT_TESTS) | xargs -P $(TEST_JOBS) -I{} sh -c 'said=$$({} 2>&1); status=$$?; echo "$$said"; exit $$status'

integration: $(BINARIES) $(PROBE)  ## the program tests alone, against secret-dev
	@BIN="$(CURDIR)/$(OUT)/bin" tests/spread $(TEST_JOBS) tests/integration tests/conformance $(if $(V),-- -v)

# Such programs are slow to start: those that are killed again and again, and raced, are so less often.
sanitize: export KILLS := 40
sanitize: export ROUNDS := 4
sanitize: unit integration  ## the unit and program tests again, under ASan and UBSan

e2e: $(BINARIES) $(PROBE)  ## the conformance cases and the whole path on real Vault, kube-apiserver and etcd
	@BIN="$(CURDIR)/$(OUT)/bin" STAGES=$(STAGES) tests/e2e/run

# The yardstick: linked as the programs are, without a line of lib/.
$(OUT)/bench/floor: $(OUT)/objects/tests/bench/floor.o
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $< $(THIRD_PARTY_LIBS) $(ALL_LDFLAGS) -Wl,--no-warnings -MF /dev/null -o $@

bench: $(BINARIES) $(OUT)/bench/floor  ## measure secret-exec's start against a floor program on the real servers, then secret-rotate
	@BIN="$(CURDIR)/$(OUT)/bin" FLOOR="$(CURDIR)/$(OUT)/bench/floor" tests/bench/run
	@BIN="$(CURDIR)/$(OUT)/bin" tests/bench/rotate

bench-rotate: $(BINARIES)  ## of that secret-rotate alone: its rate beside curl's, its memory on secret-dev
	@BIN="$(CURDIR)/$(OUT)/bin" tests/bench/rotate

lint: | packages $(THIRD_PARTY_STAMPS)  ## formatting, static analysis, shell scripts
	@tests/lint $(THIRD_PARTY_CFLAGS)

# What shells complete, where they look for it: made by the programs themselves.  secret-seal has commands,
# and prints it by one.
COMPLETIONS := $(foreach name,$(SHIPPED),bash-completion/completions/$(name) zsh/site-functions/_$(name) \
	fish/vendor_completions.d/$(name).fish)
define complete
@mkdir -p $(@D)
$(QUIET)$< $(if $(filter secret-seal,$*),completion,--completion) $(1) >$@
endef
$(OUT)/share/bash-completion/completions/%: $(OUT)/bin/%
	$(call complete,bash)
$(OUT)/share/zsh/site-functions/_%: $(OUT)/bin/%
	$(call complete,zsh)
$(OUT)/share/fish/vendor_completions.d/%.fish: $(OUT)/bin/%
	$(call complete,fish)

install: $(SHIPPED:%=$(OUT)/bin/%) $(COMPLETIONS:%=$(OUT)/share/%)  ## install under DESTDIR/PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	$(foreach file,$(COMPLETIONS),install -D -m 0644 $(OUT)/share/$(file) $(DESTDIR)$(PREFIX)/share/$(file) &&) true
	install -m 0644 $(wildcard docs/man/*.1) $(DESTDIR)$(PREFIX)/share/man/man1
	$(foreach name,$(SHIPPED),install -s -m 0755 $(OUT)/bin/$(name) $(DESTDIR)$(PREFIX)/bin/$(name) &&) true

clean:  ## remove what was built; the third-party libraries too
	rm -rf build
