# secretmanager: secret-exec, secret-seal, secret-rotate and their stand-in server, secret-dev.
# "make help" lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
# Program tests that run at once, each against a secret-dev of its own: they wait more than they work.
TEST_JOBS ?= 4
# And against real servers: so many of each kind.
STAGES ?= 4
VERSION := $(shell sed -nE 's/^.define SECRETMANAGER_VERSION "(.*)"/\1/p' lib/base/version.h 2>/dev/null)
.DEFAULT_GOAL := all
# make V=1 shows the commands.
QUIET := $(if $(V),,@)

# -- flags ------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wformat=2 -Werror
HARDENING = -fstack-protector-strong -D_FORTIFY_SOURCE=3 $(CF_PROTECTION)
# Nothing that is built says in which folder.
COMMON := -std=gnu17 -D_GNU_SOURCE -g -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) -I. -MD -MP

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
else ifeq ($(BUILD),fuzz)
# By clang, some of whose warnings gcc does not have.
MODE_CFLAGS := -Wno-conversion -Wno-unknown-attributes -Wno-string-plus-int -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
MODE_LDFLAGS := -fsanitize=fuzzer,address,undefined
else
# Nothing unwinds a stack at run time: debuggers find its layout in .debug_frame.
UNWINDING := -fno-asynchronous-unwind-tables -fno-unwind-tables
MODE_CFLAGS = -O2 -fPIE -ffunction-sections -fdata-sections $(UNWINDING) $(HARDENING)
# Packed relocations take 140 KB off each program (glibc 2.36).
MODE_LDFLAGS := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,-z,pack-relative-relocs \
	-Wl,--gc-sections -Wl,--as-needed
endif
OUT := build/$(BUILD)

# Debian packages first: demo, test and their like install what is missing, the others only tell.
PACKAGE_GROUPS := build $(filter demo,$(MAKECMDGOALS)) $(if $(filter test unit integration sanitize e2e bench bench-rotate,$(MAKECMDGOALS)),test) \
	$(if $(filter e2e bench bench-rotate,$(MAKECMDGOALS)),e2e) $(if $(filter bench bench-rotate,$(MAKECMDGOALS)),bench) $(if $(filter lint,$(MAKECMDGOALS)),lint) \
	$(if $(filter deb e2e,$(MAKECMDGOALS)),deb) $(if $(filter fuzz fuzzers,$(MAKECMDGOALS)),fuzz)
INSTALLING_GOALS := demo test sanitize fuzz e2e bench bench-rotate lint dependencies
DEPS ?= $(if $(filter $(INSTALLING_GOALS),$(MAKECMDGOALS)),install,check)

# Objects are made anew when the flags change: this file is, then.
FLAGS := $(OUT)/flags
.PHONY: dependencies
dependencies: packages  ## install the Debian packages that building needs

include lib/third_party/deps.mk
# Not before: the third-party libraries are those of the other builds.
ifeq ($(BUILD),fuzz)
CC := clang
endif

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

.PHONY: all shipped help demo test tested unit integration fuzz fuzzers e2e bench bench-rotate lint sanitize clean
.PHONY: docs install install-programs install-dev uninstall dist deb
.PHONY: image image-root image-root-dev sbom
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BINARIES)  ## build the programs into build/release/bin
shipped: $(SHIPPED:%=$(OUT)/bin/%)

$(FLAGS): always
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@
.PHONY: always
always:

$(call object,$(wildcard cmd/secret-dev/*.c)): | $(MICROHTTPD_STAMP)
$(OUT)/objects/%.o: %.c $(FLAGS) | packages $(LIBRARY_STAMPS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(OWN_CFLAGS) -c $< -o $@

# Versions that only the recipes know, for --version; read once they have been built.
recipe_version = $(patsubst %,'-D$(1)_VERSION_OF_RECIPE="%"',$(shell cat $(2)/VERSION 2>/dev/null))
$(call object,lib/base/version.c): private OWN_CFLAGS = $(call recipe_version,BORINGSSL,$(BORINGSSL_DIR))
$(call object,lib/base/version.c): $(or $(BORINGSSL_STAMP),$(wildcard $(BORINGSSL_DIR)/VERSION))
$(call object,lib/http/version.c): private OWN_CFLAGS = $(call recipe_version,LIBCURL,$(CURL_DIR))
$(call object,lib/http/version.c): $(or $(CURL_STAMP),$(wildcard $(CURL_DIR)/VERSION))

$(LIBRARY): $(call object,$(LIB_SOURCES))
	@echo "  AR    $@"
	$(QUIET)rm -f $@
	$(QUIET)ar rcs $@ $^

# The library stands behind the others once more, for lib/http/lookups.c.  ld warns of what in libc would
# load code even into a static program: there is none.
define program
$(OUT)/bin/$(1): $(call object,$(wildcard cmd/*.c cmd/$(1)/*.c)) $(LIBRARY)
	@mkdir -p $$(@D) $(OUT)/maps
	@echo "  LINK  $$@"
	$(QUIET)$(CC) $$(ALL_CFLAGS) $$(filter %.o,$$^) $(LIBRARY) $(if $(filter secret-dev,$(1)),$(MICROHTTPD_LIBS)) \
		$(THIRD_PARTY_LIBS) $(LIBRARY) $$(ALL_LDFLAGS) -Wl,-Map=$(OUT)/maps/$(1).map -MF /dev/null -o $$@
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
	@echo "Variables: PREFIX=$(PREFIX) DESTDIR= BINDIR= MANDIR= DOCDIR= STRIP= TEST_JOBS=$(TEST_JOBS) STAGES=$(STAGES) CC= CFLAGS= DEPS=check"
	@echo "  BORINGSSL_DIR= CURL_DIR= MICROHTTPD_DIR="

demo: $(BINARIES)  ## get the dependencies, build, then seal, launch and rotate against secret-dev
	@PATH="$(CURDIR)/$(OUT)/bin:$$PATH" tests/demo

# What a launched program finds of its surroundings; static, so that it runs in an empty image too.
PROBE := $(OUT)/tests/probe
$(PROBE): tests/probe/probe.c $(FLAGS)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(QUIET)$(CC) $(COMMON) -O1 -static $< -MF /dev/null -o $@

# The Secrets of manifests as lib/manifest reads them, to be compared with other readers.
READER := $(OUT)/tests/manifest_secrets
$(READER): $(OUT)/objects/tests/readers/manifest_secrets.o $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(LIBRARY) $(THIRD_PARTY_LIBS) $(ALL_LDFLAGS) -MF /dev/null -o $@

# A unit test that fails does not keep the program tests from running; "make" fails in the end.
ifneq ($(filter test sanitize,$(MAKECMDGOALS)),)
MAKEFLAGS += --keep-going
endif
test: unit integration  ## get the dependencies, build, run the unit tests and the program tests

# What these need, which can be made with -j.
tested: $(BINARIES) $(UNIT_TESTS) $(PROBE) $(READER)

# Each one's words in one piece.
unit: $(UNIT_TESTS)  ## the unit tests alone
	@printf '%s\n' $(UNIT_TESTS) | xargs -P $(TEST_JOBS) -I{} sh -c 'said=$$({} 2>&1); status=$$?; echo "$$said"; exit $$status'

integration: $(BINARIES) $(PROBE)  ## the program tests alone, against secret-dev
	@BIN="$(CURDIR)/$(OUT)/bin" tests/spread $(TEST_JOBS) tests/integration tests/conformance $(if $(V),-- -v)

# Such programs are slow to start: those that are killed again and again, and raced, are so less often.
sanitize: export KILLS := 40
sanitize: export ROUNDS := 4
sanitize: unit integration  ## the unit and program tests again, under ASan and UBSan

# Each target twice: the second one has failing allocations.
FUZZ_SECONDS ?= 30
FUZZ_SHARED := tests/fuzz/fuzz.c tests/fuzz/normal_json.c tests/fuzz/allocations.c
FUZZERS := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(filter-out $(FUZZ_SHARED),$(wildcard tests/fuzz/*.c)))
WRAPPED := $(foreach name,malloc calloc realloc reallocarray strdup strndup vasprintf asprintf,-Wl,--wrap=$(name))
$(OUT)/fuzz/%: $(OUT)/objects/tests/fuzz/%.o $$(call object,$$(FUZZ_SHARED)) $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(QUIET)$(CC) $(ALL_CFLAGS) $(filter-out %/allocations.o,$(filter %.o,$^)) $(LIBRARY) $(THIRD_PARTY_LIBS) $(ALL_LDFLAGS) -MF /dev/null -o $@
	$(QUIET)$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(LIBRARY) $(patsubst -lyaml,-l:libyaml.a,$(THIRD_PARTY_LIBS)) $(ALL_LDFLAGS) $(WRAPPED) \
		-MF /dev/null -o $@-failing
fuzzers: $(FUZZERS)
fuzz: $(LIBRARY_STAMPS)  ## fuzz each target of tests/fuzz (or T=NAME...) for FUZZ_SECONDS, without and with failing allocations
	@$(MAKE) --no-print-directory BUILD=fuzz fuzzers
	@prove --verbose tests/fuzz/run :: build/fuzz $(FUZZ_SECONDS) $(T)

e2e: $(BINARIES) $(PROBE) $(READER)  ## the conformance cases and the whole path on real Vault, kube-apiserver and etcd
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

# -- documents, installing, releases ------------------------------------------------------------

PAGES := $(sort $(wildcard docs/man/*.[1-8]))

docs:  ## the man pages as HTML and Markdown, into build/docs
	@docs/man/render build/docs

# Where things go; DESTDIR before all of it.
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/secretmanager
BASH_COMPLETION_DIR ?= $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETION_DIR ?= $(PREFIX)/share/zsh/site-functions
FISH_COMPLETION_DIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Empty: with the symbols for a debugger.
STRIP ?= strip

# What shells complete: made by the programs themselves.  secret-seal has commands, and prints it by one.
COMPLETIONS := $(OUT)/completions
define complete
@mkdir -p $(@D)
$(QUIET)$< $(if $(filter secret-seal,$*),completion,--completion) $(1) >$@.$$$$ && mv $@.$$$$ $@
endef
$(COMPLETIONS)/%.bash: $(OUT)/bin/%
	$(call complete,bash)
$(COMPLETIONS)/%.zsh: $(OUT)/bin/%
	$(call complete,zsh)
$(COMPLETIONS)/%.fish: $(OUT)/bin/%
	$(call complete,fish)

# SOURCE=DESTINATION, one a word.  The documents keep their places to each other, so that their links lead somewhere.
page_places = $(foreach page,$(1),$(page)=$(MANDIR)/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page)))
program_places = $(foreach name,$(1),$(OUT)/bin/$(name)=$(BINDIR)/$(name))
completion_places = $(foreach name,$(SHIPPED),$(COMPLETIONS)/$(name).bash=$(BASH_COMPLETION_DIR)/$(name) \
	$(COMPLETIONS)/$(name).zsh=$(ZSH_COMPLETION_DIR)/_$(name) $(COMPLETIONS)/$(name).fish=$(FISH_COMPLETION_DIR)/$(name).fish)
document_places = $(foreach file,$(shell find README.md LICENSE docs policies deploy \( -path docs/man -o -path deploy/debian -o -path deploy/dist \
	-o -name '.*' -o -name '*~' \) -prune -o -type f -print | LC_ALL=C sort),$(file)=$(DOCDIR)/$(file))
PLACES = $(call page_places,$(filter-out docs/man/secret-dev.1,$(PAGES))) $(completion_places) $(document_places)
DEV_PLACES = $(call page_places,docs/man/secret-dev.1)

# $(call put_programs,PLACES,MODE), $(call put_files,PLACES).  A program that its user may execute and not read
# (0711) is undumpable from exec on: before main another process of that user could open its memory.
define put_programs
$(QUIET)set -e; for place in $(1); do \
	install -D -m $(2) $(if $(STRIP),-s --strip-program=$(STRIP)) "$${place%%=*}" "$(DESTDIR)$${place#*=}"; \
done
endef
define put_files
$(QUIET)set -e; for place in $(1); do \
	[ -x "$${place%%=*}" ] && mode=0755 || mode=0644; \
	install -D -m $$mode "$${place%%=*}" "$(DESTDIR)$${place#*=}"; \
done
endef

install-programs: shipped
	$(call put_programs,$(call program_places,$(SHIPPED)),0711)

install: install-programs $(foreach shell,bash zsh fish,$(SHIPPED:%=$(COMPLETIONS)/%.$(shell)))  ## install under DESTDIR/PREFIX
	$(call put_files,$(PLACES))

install-dev: $(OUT)/bin/secret-dev  ## install the stand-in server, which "make install" leaves out
	$(call put_programs,$(call program_places,secret-dev),0755)
	$(call put_files,$(DEV_PLACES))

# Folders that others may use too stay.
uninstall:  ## remove what install and install-dev of this version put there
	$(QUIET)set -e; for place in $(call program_places,$(PROGRAMS)) $(PLACES) $(DEV_PLACES); do rm -f "$(DESTDIR)$${place#*=}"; done
	$(QUIET)[ ! -d "$(DESTDIR)$(DOCDIR)" ] || find "$(DESTDIR)$(DOCDIR)" -depth -type d -empty -delete

DIST_DIR ?= build/dist
DEB_DIR ?= build/deb

dist:  ## the source tarball of HEAD, into build/dist
	@deploy/dist $(VERSION) $(DIST_DIR)

deb: dist $(THIRD_PARTY_STAMPS) | packages  ## Debian packages of HEAD, into build/deb
	@deploy/debian/build $(VERSION) $(DEB_DIR) $(DIST_DIR)/secretmanager-$(VERSION).tar.gz \
		$(abspath $(BORINGSSL_DIR)) $(abspath $(CURL_DIR)) $(abspath $(MICROHTTPD_DIR))

# -- the image ------------------------------------------------------------------------------------

# What is packed bears the time of the last commit, so that packing again gives the same bytes.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
REVISION = $(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null)
IMAGE ?= secretmanager:$(VERSION)
IMAGE_DEBIAN ?= debian:bookworm-slim
IMAGE_TARGET ?= release
# Further options of docker build.
IMAGE_OPTIONS ?=

# What the image holds, as deploy/Dockerfile copies it.
IMAGE_ROOT := $(OUT)/image-root
IMAGE_DOC := $(IMAGE_ROOT)/usr/share/doc/secretmanager
image-root: shipped
	rm -rf $(IMAGE_ROOT)
	install -d $(IMAGE_ROOT)
	@$(MAKE) --no-print-directory install-programs DESTDIR=$(IMAGE_ROOT) PREFIX=/usr/local
	install -D -m 0644 LICENSE $(IMAGE_DOC)/LICENSE
	CC='$(CC)' VERSION=$(VERSION) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(THIRD_PARTY)/sbom $(IMAGE_ROOT)/usr/local/bin $(OUT) $(IMAGE_DOC)
	install -m 0444 $(IMAGE_ROOT)/usr/local/bin/secret-exec $(IMAGE_ROOT)/usr/local/bin/secret-exec.copy
	find $(IMAGE_ROOT) -type d -exec chmod 0755 {} +
	find $(IMAGE_ROOT) -exec touch --no-dereference --date=@$(SOURCE_DATE_EPOCH) {} +

# What the target dev has beside it.
image-root-dev: $(OUT)/bin/secret-dev
	rm -rf $(IMAGE_ROOT)-dev
	install -d $(IMAGE_ROOT)-dev/usr/local/bin
	install -d -m 1777 $(IMAGE_ROOT)-dev/tmp
	install -s -m 0755 $< $(IMAGE_ROOT)-dev/usr/local/bin/secret-dev
	find $(IMAGE_ROOT)-dev -exec touch --no-dereference --date=@$(SOURCE_DATE_EPOCH) {} +

# The programs of this machine's build; the image's own SBOM comes with "make image".
sbom: image-root  ## write the SBOM of the programs: build/release/image-root/usr/share/doc/secretmanager/sbom.spdx.json

image:  ## build the container image secretmanager:VERSION, and beside it build/image/secretmanager-VERSION.spdx.json
	docker build --file deploy/Dockerfile --target $(IMAGE_TARGET) --tag $(IMAGE) $(IMAGE_OPTIONS) \
		--build-arg DEBIAN=$(IMAGE_DEBIAN) --build-arg VERSION=$(VERSION) \
		--build-arg SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) \
		--build-arg CREATED=$(shell date --utc --date=@$(SOURCE_DATE_EPOCH) +%Y-%m-%dT%H:%M:%SZ) \
		--build-arg REVISION=$(REVISION) .
	@mkdir -p build/image
	@container=$$(docker create $(IMAGE)) && trap "docker rm $$container >/dev/null" EXIT && \
		docker cp $$container:/usr/share/doc/secretmanager/sbom.spdx.json build/image/secretmanager-$(VERSION).spdx.json

clean:  ## remove what was built; the third-party libraries too
	rm -rf build
