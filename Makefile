# secretmanager: build, test and install.  "make help" lists all targets.  Fuzzing, real servers, benchmarks and lint are in
# tests/more.mk, packaging is in deploy/release.mk, the third-party libraries are in lib/third_party/deps.mk.

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/secretmanager
BASH_COMPLETION_DIR ?= $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETION_DIR ?= $(PREFIX)/share/zsh/site-functions
FISH_COMPLETION_DIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Empty: keep the debugging symbols.
STRIP ?= $(shell $(CC) -print-prog-name=strip)
# Program tests that run concurrently, each with its own secret-dev.  They wait more than they compute.
TEST_JOBS ?= 4
VERSION := $(shell sed -nE 's/^.define SECRETMANAGER_VERSION "(.*)"/\1/p' lib/base/version.h 2>/dev/null)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all shipped tested help dependencies demo test check unit integration \
	install install-programs install-dev uninstall clean always
# make V=1 prints the commands.  Use all processors, unless -j or the calling make decides.
QUIET := $(if $(V),,@)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
ifneq ($(and $(filter clean,$(MAKECMDGOALS)),$(filter-out clean,$(MAKECMDGOALS))),)
.NOTPARALLEL:
endif

# -- flags ------------------------------------------------------------------------------------

# BUILD=release is shipped; BUILD=sanitize is the same under ASan and UBSan; BUILD=fuzz is in tests/more.mk.
BUILD ?= release
# With a cross compiler (make CC=aarch64-linux-gnu-gcc) the folder is build/release-aarch64.
OUT = build/$(BUILD)$(CROSS:%=-$(PROCESSOR))
comma := ,
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wformat=2 -Werror
HARDENING = -fstack-protector-strong -D_FORTIFY_SOURCE=3 $(CF_PROTECTION)
# -ffile-prefix-map: the result does not depend on the folder.
COMMON := -std=gnu17 -D_GNU_SOURCE -g -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) -I. -MD -MP
ifeq ($(BUILD),sanitize)
MODE_CFLAGS := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
MODE_LDFLAGS := -fsanitize=address,undefined
# Otherwise ASan sets a limit that the application inherits.
export ASAN_OPTIONS := disable_coredump=0
else
# Stacks are not unwound at run time; debuggers read .debug_frame.
UNWINDING := -fno-asynchronous-unwind-tables -fno-unwind-tables
MODE_CFLAGS = -O2 -fPIE -ffunction-sections -fdata-sections $(UNWINDING) $(HARDENING)
# Packed relocations make each program 140 KB smaller (glibc 2.36).  Debian 12's linker has them for amd64 alone.
PACKED_RELOCATIONS = $(if $(filter x86_64,$(PROCESSOR)),-z$(comma)pack-relative-relocs$(comma))
MODE_LDFLAGS = -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,$(PACKED_RELOCATIONS)--gc-sections,--as-needed
endif

# The Debian packages that the goals need.  Only demo, test and dependencies install them; the others name missing ones.
goals = $(filter $(1),$(MAKECMDGOALS))
PACKAGE_GROUPS = build $(CROSS) $(call goals,demo) $(if $(call goals,test check unit integration sanitize e2e bench bench-rotate),test $(CROSS:%=test-%)) \
	$(if $(call goals,e2e bench bench-rotate),e2e) $(if $(call goals,bench bench-rotate),bench) $(call goals,lint) \
	$(if $(call goals,deb e2e),deb) $(if $(call goals,fuzz fuzzers),fuzz) \
	$(if $(call goals,test-arm64),test aarch64-linux-gnu test-aarch64-linux-gnu)
DEPS ?= $(if $(call goals,demo test test-arm64 dependencies),install,check)
include lib/third_party/deps.mk
# At the start: nearly all of the time passes before tests/demo runs.
ifneq ($(call goals,demo),)
$(info demo: install missing packages, build (about 3 minutes the first time, on two processors), then seal, launch and rotate)
endif
ALL_CFLAGS = $(COMMON) $(MODE_CFLAGS) $(THIRD_PARTY_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(MODE_LDFLAGS) $(CROSS_LDFLAGS) $(LDFLAGS)

# -- building ---------------------------------------------------------------------------------

PROGRAMS := $(notdir $(patsubst %/,%,$(dir $(wildcard cmd/*/main.c))))
SHIPPED := $(filter-out secret-dev,$(PROGRAMS))
BINARIES := $(PROGRAMS:%=$(OUT)/bin/%)
LIBRARY := $(OUT)/libsecretmanager.a
PROBE := $(OUT)/tests/probe
READER := $(OUT)/tests/manifest_secrets
# The programs that the program tests run.  With a cross compiler, each has a program of this machine that runs it in qemu.
EMULATED := $(CROSS:%=$(OUT)/emulated)
EMULATOR := $(CROSS:%=/usr/bin/qemu-$(PROCESSOR))
UNSUITABLE := $(if $(CROSS),$(shell sed -n 's/^\([^ \#]*\) .*/\1/p' tests/emulated/skipped 2>/dev/null))
TESTED := $(BINARIES) $(PROBE) $(READER)
TESTED := $(if $(CROSS),$(TESTED:$(OUT)/%=$(EMULATED)/%) $(EMULATED)/flags,$(TESTED))
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(UNIT_SOURCES:tests/unit/%.c=$(OUT)/tests/%)
object = $(1:%.c=$(OUT)/objects/%.o)
# $(call link,LIBRARIES): link the objects among the prerequisites.
define link
@echo "  LINK  $@"; mkdir -p $(@D) $(OUT)/maps
$(QUIET)$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(1) $(ALL_LDFLAGS) -MF /dev/null -o $@
endef

all: $(BINARIES)  ## build the programs into build/release/bin
shipped: $(SHIPPED:%=$(OUT)/bin/%)
tested: $(TESTED) $(UNIT_TESTS)

# Changes when the flags do, so that the objects are built again.
FLAGS := $(OUT)/flags
$(FLAGS): always
	@mkdir -p $(@D); echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@.$$$$; \
		cmp -s $@.$$$$ $@ && rm $@.$$$$ || mv $@.$$$$ $@

$(call object,$(wildcard cmd/secret-dev/*.c)): | $(MICROHTTPD_STAMP)
$(OUT)/objects/%.o: %.c $(FLAGS) | packages $(LIBRARY_STAMPS)
	@echo "  CC    $<"; mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) $(OWN_CFLAGS) -c $< -o $@

# Versions of the libraries, for --version; read after the recipes have written them.
recipe_version = $(patsubst %,'-D$(1)_VERSION_OF_RECIPE="%"',$(shell cat $(2)/VERSION 2>/dev/null))
$(call object,lib/base/version.c): private OWN_CFLAGS = $(call recipe_version,BORINGSSL,$(BORINGSSL_DIR))
$(call object,lib/base/version.c): $(or $(BORINGSSL_STAMP),$(wildcard $(BORINGSSL_DIR)/VERSION))
$(call object,lib/http/libcurl.c): private OWN_CFLAGS = $(call recipe_version,LIBCURL,$(CURL_DIR))
$(call object,lib/http/libcurl.c): $(or $(CURL_STAMP),$(wildcard $(CURL_DIR)/VERSION))

$(LIBRARY): $(call object,$(wildcard lib/*/*.c))
	@echo "  AR    $@"; rm -f $@
	$(QUIET)$$($(CC) -print-prog-name=ar) qcs $@ $^

.SECONDEXPANSION:
# The library is named again at the end, because lib/http/nss_stubs.c replaces functions of libc for the others.
$(BINARIES): $(OUT)/bin/%: $$(call object,$$(wildcard cmd/*.c cmd/$$*/*.c)) $(LIBRARY)
	$(call link,$(LIBRARY) $(if $(filter secret-dev,$*),$(MICROHTTPD_LIBS)) $(THIRD_PARTY_LIBS) $(LIBRARY) -Wl$(comma)-Map=$(OUT)/maps/$*.map)

# Not static: some releases have Check only as a shared library.
$(UNIT_TESTS): private MODE_LDFLAGS := $(filter-out -static-pie,$(MODE_LDFLAGS))
$(UNIT_TESTS): $(OUT)/tests/%: $(call object,tests/unit/%.c $(filter-out $(UNIT_SOURCES),$(wildcard tests/unit/*.c))) $(LIBRARY)
	$(call link,$(LIBRARY) $(THIRD_PARTY_LIBS) -lcheck -lsubunit -lrt -lm)
$(READER): $(call object,tests/readers/manifest_secrets.c) $(LIBRARY)
	$(call link,$(LIBRARY) $(THIRD_PARTY_LIBS) $(LIBRARY))
$(PROBE): tests/probe/probe.c $(FLAGS)
	@echo "  LINK  $@"; mkdir -p $(@D)
	$(QUIET)$(CC) $(COMMON) -O1 -static $< -MF /dev/null -o $@

-include $(shell find $(OUT)/objects -name '*.d' 2>/dev/null)

# -- running and testing ----------------------------------------------------------------------

help:  ## list the targets
	@echo "secretmanager: targets"
	@sed -nE 's/^([a-z0-9-]+):.*  ## (.*)/  make \1\t\2/p' Makefile tests/more.mk deploy/release.mk | expand -t 22
	@echo "Variables: PREFIX DESTDIR BINDIR MANDIR DOCDIR STRIP CC CFLAGS LDFLAGS TEST_JOBS STAGES DEPS=check"

dependencies: packages  ## install the Debian packages that building needs

demo: $(BINARIES)  ## get the dependencies, build, then seal, launch and rotate against secret-dev
	@PATH="$(CURDIR)/$(OUT)/bin:$$PATH" tests/demo

# T="exec-launch test_json": some program tests and unit tests.  Otherwise all; with a cross compiler, all that qemu can run.
CHOSEN := $(if $(call goals,test check unit integration),$(T))
UNIT_CHOSEN := $(if $(CHOSEN),$(patsubst %,$(OUT)/tests/%,$(filter test_%,$(CHOSEN))),$(filter-out $(UNSUITABLE:%=$(OUT)/tests/%),$(UNIT_TESTS)))
PROGRAM_CHOSEN := $(if $(CHOSEN),$(foreach name,$(filter-out test_%,$(CHOSEN)),$(or $(wildcard tests/integration/$(name).t \
	tests/conformance/$(name).t),$(error T=$(name): no such test in tests/unit, tests/integration or tests/conformance))),\
	$(filter-out $(UNSUITABLE:%=tests/integration/%.t),$(sort $(wildcard tests/integration/*.t tests/conformance/*.t))))
# The output of each unit test stays together.  Tests may call make, without this one's flags.
run_unit = $(if $(UNIT_CHOSEN),printf '%s\n' $(UNIT_CHOSEN) | \
	xargs -P $(TEST_JOBS) -I{} sh -c 'output=$$($(EMULATOR) {} 2>&1); status=$$?; echo "$$output"; exit $$status')
run_programs = $(if $(PROGRAM_CHOSEN),env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD BIN="$(CURDIR)/$(firstword $(EMULATED) $(OUT))/bin" tests/spread $(TEST_JOBS) $(PROGRAM_CHOSEN) $(if $(V),-- -v))

test: check  ## get the dependencies, build, run the unit tests and the program tests
check: $(UNIT_CHOSEN) $(if $(PROGRAM_CHOSEN),$(TESTED))  ## the tests without getting dependencies; T="exec-launch test_json": only these
	@status=0; $(or $(run_unit),:) || status=1; $(or $(run_programs),:) || status=1; exit $$status
unit: $(UNIT_CHOSEN)  ## the unit tests alone
	@$(run_unit)
integration: $(TESTED)  ## the program tests alone, against secret-dev
	@$(run_programs)

# -- installing -------------------------------------------------------------------------------

# The programs print their shell completions.
COMPLETIONS := $(OUT)/completions
$(foreach shell,bash zsh fish,$(COMPLETIONS)/%.$(shell)): $(OUT)/bin/%
	@mkdir -p $(@D)
	$(QUIET)for shell in bash zsh fish; do \
		$(EMULATOR) $< $(if $(filter secret-seal,$*),completion,--completion) $$shell >$(COMPLETIONS)/$*.$$shell || exit 1; done

# SOURCE=DESTINATION, a word each.  The documents keep their places relative to each other, so that their links work.
# The chart's link to deploy/kustomize/admission becomes a folder.
PAGES := $(sort $(wildcard docs/man/*.[1-8]))
page_places = $(foreach page,$(1),$(page)=$(MANDIR)/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page)))
program_places = $(foreach name,$(1),$(OUT)/bin/$(name)=$(BINDIR)/$(name))
completion_places = $(foreach name,$(SHIPPED),$(COMPLETIONS)/$(name).bash=$(BASH_COMPLETION_DIR)/$(name) \
	$(COMPLETIONS)/$(name).zsh=$(ZSH_COMPLETION_DIR)/_$(name) $(COMPLETIONS)/$(name).fish=$(FISH_COMPLETION_DIR)/$(name).fish)
document_places = $(foreach file,$(shell find -L README.md LICENSE docs policies deploy \( -path docs/man -o -path deploy/debian -o -path deploy/dist \
	-o -path deploy/release.mk -o -name '.*' -o -name '*~' \) -prune -o -type f -print | LC_ALL=C sort),$(file)=$(DOCDIR)/$(file))
PLACES = $(call page_places,$(filter-out docs/man/secret-dev.1,$(PAGES))) $(completion_places) $(document_places)
DEV_PLACES = $(call page_places,docs/man/secret-dev.1)

STRIPPED = $(if $(STRIP),-s --strip-program=$(STRIP))
# A program with mode 0711 can be executed, not read, so its process is undumpable from exec on: otherwise, before main,
# another process of the same user could open its memory.
install_programs = $(QUIET)set -e; for place in $(1); do \
	install -D -m $(2) $(STRIPPED) "$${place%%=*}" "$(DESTDIR)$${place\#*=}"; done
install_files = $(QUIET)set -e; for place in $(1); do [ -x "$${place%%=*}" ] && mode=0755 || mode=0644; \
	install -D -m $$mode "$${place%%=*}" "$(DESTDIR)$${place\#*=}"; done

install: install-programs $(foreach shell,bash zsh fish,$(SHIPPED:%=$(COMPLETIONS)/%.$(shell)))  ## install under DESTDIR/PREFIX
	$(call install_files,$(PLACES))
install-programs: shipped
	$(call install_programs,$(call program_places,$(SHIPPED)),0711)
install-dev: $(OUT)/bin/secret-dev  ## install secret-dev, which "make install" leaves out
	$(call install_programs,$(call program_places,secret-dev),0755)
	$(call install_files,$(DEV_PLACES))

# Folders that other software shares are kept.
uninstall:  ## remove what install and install-dev of this version put there
	$(QUIET)set -e; for place in $(call program_places,$(PROGRAMS)) $(PLACES) $(DEV_PLACES); do rm -f "$(DESTDIR)$${place#*=}"; done
	$(QUIET)[ ! -d "$(DESTDIR)$(DOCDIR)" ] || find "$(DESTDIR)$(DOCDIR)" -depth -type d -empty -delete

clean:  ## remove everything that was built, the third-party libraries too
	rm -rf build

include $(wildcard tests/more.mk) deploy/release.mk
