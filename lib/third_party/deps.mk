# Rules for the third-party libraries.  The Makefile includes this.
#
# BORINGSSL_DIR, CURL_DIR and MICROHTTPD_DIR are folders of ready-built libraries (include/, lib/*.a).  Without them, the
# recipes in this folder build libraries under build/third_party, in folders named after the recipe's hash: they are built
# again only if the recipe, the compiler or the flags change.
#
# `make -f lib/third_party/deps.mk libraries` builds only the libraries of the shipped programs.

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := $(if $(filter %gcc,$(CC)),$(patsubst %gcc,%g++,$(CC)),g++)
endif
THIRD_PARTY := lib/third_party

# The machine that the compiler builds for, such as aarch64-linux-gnu.  Before the compiler is installed: that of its name,
# or this one.
MACHINE := $(or $(shell $(CC) -dumpmachine 2>/dev/null),$(patsubst %-gcc,%,$(filter %-gcc,$(CC))),$(shell uname -m)-linux-gnu)
PROCESSOR := $(firstword $(subst -, ,$(MACHINE)))
# Empty, unless it is another machine than this one.
CROSS := $(filter-out $(shell uname -m)-%,$(MACHINE))
CF_PROTECTION := $(if $(filter x86_64,$(PROCESSOR)),-fcf-protection,-mbranch-protection=standard)
# Link the libraries of Debian's multiarch packages, which get security fixes, instead of the cross compiler's own libc.
CROSS_LDFLAGS := $(CROSS:%=-B/usr/lib/%)

PACKAGE_GROUPS ?= build $(CROSS)
DEPS ?= check
.PHONY: packages
packages:
	@DEPS=$(DEPS) $(THIRD_PARTY)/get-packages $(PACKAGE_GROUPS)

# Stacks are not unwound at run time: without unwind tables each program is 150 KB smaller.
LIBRARY_CFLAGS := -O2 -g0 -fPIC -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-fstack-protector-strong -D_FORTIFY_SOURCE=2 $(CF_PROTECTION)

recipe_hash := $(shell cat $(THIRD_PARTY)/build $(THIRD_PARTY)/boringssl.mk $(THIRD_PARTY)/fetch-source | \
	sha256sum - | cut -c1-12)-$(shell echo '$(CC) $(LIBRARY_CFLAGS)' "$$($(CC) -dumpfullversion 2>/dev/null)" | sha256sum | cut -c1-6)-$(PROCESSOR)

ifndef BORINGSSL_DIR
BORINGSSL_DIR := build/third_party/boringssl-$(recipe_hash)
BORINGSSL_STAMP := $(BORINGSSL_DIR)/VERSION
endif
ifndef CURL_DIR
CURL_DIR := build/third_party/curl-$(recipe_hash)
CURL_STAMP := $(CURL_DIR)/VERSION
endif
ifndef MICROHTTPD_DIR
MICROHTTPD_DIR := build/third_party/libmicrohttpd-$(recipe_hash)
MICROHTTPD_STAMP := $(MICROHTTPD_DIR)/VERSION
endif

# Order-only prerequisites of objects: headers must exist, but the time of a stamp does not matter.
# Only secret-dev uses libmicrohttpd.
LIBRARY_STAMPS := $(BORINGSSL_STAMP) $(CURL_STAMP)
THIRD_PARTY_STAMPS := $(LIBRARY_STAMPS) $(MICROHTTPD_STAMP)
.PHONY: libraries
libraries: $(LIBRARY_STAMPS)

THIRD_PARTY_CFLAGS := -isystem $(BORINGSSL_DIR)/include -isystem $(CURL_DIR)/include \
	-isystem $(MICROHTTPD_DIR)/include -DCURL_STATICLIB
# libcurl's calls of c-ares go to lib/http/search_list.c.
WRAPPED_ARES := $(foreach name,ares_init_options ares_getaddrinfo,-Wl,--wrap=$(name),-u,__wrap_$(name))
THIRD_PARTY_LIBS := $(CURL_DIR)/lib/libcurl.a $(BORINGSSL_DIR)/lib/libssl.a \
	$(BORINGSSL_DIR)/lib/libcrypto.a $(WRAPPED_ARES) -lcares -lyaml -lpthread
MICROHTTPD_LIBS := $(MICROHTTPD_DIR)/lib/libmicrohttpd.a

build_library = @CC='$(CC)' CXX='$(CXX)' MACHINE='$(MACHINE)' LIBRARY_CFLAGS='$(LIBRARY_CFLAGS)' \
	BORINGSSL_DIR='$(BORINGSSL_DIR)' $(THIRD_PARTY)/build

ifdef BORINGSSL_STAMP
$(BORINGSSL_STAMP): | packages
	$(build_library) boringssl $(@D)
endif
ifdef CURL_STAMP
$(CURL_STAMP): $(BORINGSSL_STAMP) | packages
	$(build_library) curl $(@D)
endif
ifdef MICROHTTPD_STAMP
$(MICROHTTPD_STAMP): | packages
	$(build_library) libmicrohttpd $(@D)
endif

# A folder given by a variable must contain the library.
check_directory = $(if $(wildcard $($(1))/$(2)),,$(error $(1)=$($(1)): $(2) not found in it))
$(if $(BORINGSSL_STAMP),,$(call check_directory,BORINGSSL_DIR,lib/libssl.a))
$(if $(CURL_STAMP),,$(call check_directory,CURL_DIR,lib/libcurl.a))
$(if $(MICROHTTPD_STAMP),,$(call check_directory,MICROHTTPD_DIR,lib/libmicrohttpd.a))
